import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { sessionMigrations } from './tables.ts';

/** Browsers in which users are signed in. */
export const sessions: Capability<IdentityServices> = {
  name: 'sessions',
  specifications: ['RFC 6265bis §4.1.3', 'NIST SP 800-63B-4 §5'],
  migrations: sessionMigrations,
};
