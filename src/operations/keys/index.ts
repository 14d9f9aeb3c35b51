import type { Capability } from '../../core/capability.ts';
import { keyMigrations } from './tables.ts';

/** The keys that access tokens are signed with, and what other keys are derived from, encrypted at rest and replaceable. */
export const keys: Capability<unknown> = {
  name: 'keys at rest',
  specifications: ['RFC 9068 §2.1', 'NIST SP 800-38D', 'NIST SP 800-57 §5.3'],
  migrations: keyMigrations,
};
