import { oauthCapabilities } from '../capabilities.ts';
import type { Migration } from '../core/database.ts';
import { identityCapabilities, operationsCapabilities } from './capabilities.ts';

/** The whole schema, gathered from the capabilities, in the order of the ids. */
export const allMigrations: readonly Migration[] = [
  ...oauthCapabilities,
  ...identityCapabilities,
  ...operationsCapabilities,
]
  .flatMap((capability) => capability.migrations ?? [])
  .sort((a, b) => (a.id < b.id ? -1 : 1));
