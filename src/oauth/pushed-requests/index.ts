import type { OAuthCapability } from '../token/grant-handler.ts';
import { pushEndpoint } from './push.ts';
import { pushedRequestMigrations } from './tables.ts';

/** Authorization requests that clients send ahead, so that browsers carry nothing but a reference. */
export const pushedRequests: OAuthCapability = {
  name: 'pushed authorization requests',
  specifications: ['RFC 9126', 'RFC 9101 §6.3'],
  isEnabled: (provider) => provider.takesPushedRequests,
  routes: [{ path: (provider) => provider.settings.paths.pushedRequest, methods: { POST: pushEndpoint }, cors: 'any' }],
  serverMetadata: (provider) => ({
    pushed_authorization_request_endpoint: provider.endpointUrl('pushedRequest'),
    require_pushed_authorization_requests: provider.settings.pushedRequests.required ? true : undefined,
  }),
  migrations: pushedRequestMigrations,
};
