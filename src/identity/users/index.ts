import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { userMigrations } from './tables.ts';

/** The accounts that people sign in to. */
export const users: Capability<IdentityServices> = {
  name: 'users',
  specifications: ['RFC 8265 §3'],
  migrations: userMigrations,
};
