import type { OAuthCapability } from '../token/grant-handler.ts';
import { authorizeEndpoint } from './authorize.ts';
import { redeemAuthorizationCode } from './redeem.ts';
import { authorizationCodeMigrations } from './tables.ts';

/** The authorization code grant with PKCE: `/authorize`, and the code's redemption at `/token`. */
export const authorizationCode: OAuthCapability = {
  name: 'authorization code grant with PKCE',
  specifications: ['OAuth 2.1 §4.1', 'RFC 7636', 'RFC 8252 §7.3', 'RFC 8707 §2', 'RFC 9207'],
  routes: [
    {
      path: (provider) => provider.settings.paths.authorize,
      methods: { GET: authorizeEndpoint, POST: authorizeEndpoint },
      head: 'refused',
      cors: 'none',
    },
  ],
  grants: { authorization_code: redeemAuthorizationCode },
  serverMetadata: (provider) => ({
    authorization_endpoint: provider.endpointUrl('authorize'),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    request_uri_parameter_supported: false,
  }),
  migrations: authorizationCodeMigrations,
};
