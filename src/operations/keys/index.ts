import type { Capability } from '../../core/capability.ts';
import { signingKeyMigrations } from './tables.ts';

/** The keys that access tokens are signed with, encrypted at rest. */
export const signingKeys: Capability<unknown> = {
  name: 'signing keys at rest',
  specifications: ['RFC 9068 §2.1', 'NIST SP 800-38D'],
  migrations: signingKeyMigrations,
};
