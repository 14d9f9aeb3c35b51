import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { externalIdentityMigrations } from './tables.ts';

/** Which user a trusted identity provider means by its subject. */
export const externalIdentities: Capability<IdentityServices> = {
  name: 'identities at other issuers',
  specifications: ['MCP extension Enterprise-Managed Authorization §4.3'],
  migrations: externalIdentityMigrations,
};
