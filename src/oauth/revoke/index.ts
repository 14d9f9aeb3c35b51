import { clientAuthenticationMetadata } from '../token/client-authentication-method.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { revokeEndpoint } from './revoke.ts';

/** Token revocation. */
export const revoke: OAuthCapability = {
  name: 'token revocation',
  specifications: ['RFC 7009'],
  isEnabled: (provider) => provider.settings.revocationEnabled,
  routes: [{ path: (provider) => provider.settings.paths.revoke, methods: { POST: revokeEndpoint }, cors: 'any' }],
  serverMetadata: (provider) => ({
    revocation_endpoint: provider.endpointUrl('revoke'),
    ...clientAuthenticationMetadata('revocation', provider),
  }),
};
