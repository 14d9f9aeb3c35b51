import { oauthCapabilities } from '../capabilities.ts';
import type { Migration } from '../core/database.ts';
import type { SchemaRelease } from '../storage/schema-status.ts';
import { identityCapabilities, operationsCapabilities } from './capabilities.ts';

/**
 * Of this version's schema. A release that adds migrations makes `version` one greater; `tolerates` stays one behind, so that
 * nodes of the version before may go on beside it: see docs/guides/scaling.md.
 */
export const schemaRelease: SchemaRelease = { version: 1, tolerates: 1 };

/** The whole schema, gathered from the capabilities, in the order of the ids. */
export const allMigrations: readonly Migration[] = [
  ...oauthCapabilities,
  ...identityCapabilities,
  ...operationsCapabilities,
]
  .flatMap((capability) => capability.migrations ?? [])
  .sort((a, b) => (a.id < b.id ? -1 : 1));
