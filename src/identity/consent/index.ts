import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { decideConsent, showConsent } from './consent.ts';
import { consentMigrations } from './tables.ts';

/** The user's decision on an authorization request, remembered. */
export const consent: Capability<IdentityServices> = {
  name: 'consent',
  specifications: ['OAuth 2.1 §4.1.1, §7.3', 'MCP authorization 2026-07-28, security considerations'],
  routes: [
    {
      path: ({ paths }) => paths.consent,
      methods: { GET: showConsent, POST: decideConsent },
      head: 'refused',
      cors: 'none',
    },
  ],
  migrations: consentMigrations,
};
