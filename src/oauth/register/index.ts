import type { OAuthCapability } from '../token/grant-handler.ts';
import { registerEndpoint } from './register.ts';
import { clientMigrations } from './tables.ts';

/** Dynamic client registration: by whom, the policy says. */
export const register: OAuthCapability = {
  name: 'dynamic client registration',
  specifications: ['RFC 7591'],
  isEnabled: (provider) => provider.settings.registration.enabled,
  routes: [{ path: (provider) => provider.settings.paths.register, methods: { POST: registerEndpoint }, cors: 'any' }],
  serverMetadata: (provider) => ({ registration_endpoint: provider.endpointUrl('register') }),
  migrations: clientMigrations,
};
