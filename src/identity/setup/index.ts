import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { setUp, showSetup } from './setup.ts';
import { setupMigrations } from './tables.ts';

/** The first administrator, made by whoever can read the server's output at its start. */
export const setup: Capability<IdentityServices> = {
  name: 'set-up of the first administrator',
  specifications: [],
  routes: [{ path: ({ paths }) => paths.setup, methods: { GET: showSetup, POST: setUp }, cors: 'none' }],
  migrations: setupMigrations,
};
