import { clientAuthenticationMetadata } from './client-authentication-method.ts';
import { clientSecretBasic, clientSecretPost } from './client-secret.ts';
import { tokenEndpoint } from './endpoint.ts';
import type { OAuthCapability } from './grant-handler.ts';
import { grantMigrations } from './tables.ts';

/** The token endpoint: authenticates the client and hands over to the grant's capability. */
export const token: OAuthCapability = {
  name: 'token endpoint and client authentication',
  specifications: ['RFC 6749 §2.3, §3.2, §5', 'OAuth 2.1 §3.2'],
  routes: [{ path: (provider) => provider.settings.paths.token, methods: { POST: tokenEndpoint }, cors: 'any' }],
  clientAuthentication: [clientSecretBasic, clientSecretPost],
  serverMetadata: (provider) => ({
    token_endpoint: provider.endpointUrl('token'),
    ...clientAuthenticationMetadata('token', provider),
    grant_types_supported: [...provider.grantHandlers.keys()],
  }),
  migrations: grantMigrations,
};
