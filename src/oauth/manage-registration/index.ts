import { managesRegistrations } from '../register/check-policy.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { changeRegistration, endRegistration, readRegistration } from './endpoint.ts';

/** Clients that read, change and end the registration that they made themselves. */
export const manageRegistration: OAuthCapability = {
  name: 'management of registrations',
  specifications: ['RFC 7592'],
  isEnabled: managesRegistrations,
  routes: [
    {
      path: (provider) => provider.settings.paths.manage,
      methods: { GET: readRegistration, PUT: changeRegistration, DELETE: endRegistration },
      cors: 'any',
    },
  ],
};
