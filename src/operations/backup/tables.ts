import type { Migration } from '../../core/database.ts';

/** What a backup does with a table: `copied`, or why a restored database begins without its rows. */
type TablePolicy = 'copied' | { readonly leftOut: string };

/**
 * Every table, and what a backup does with it. A table that is in no list fails a test. What could have been revoked, spent or
 * used up after a backup is not in it, so that restoring cannot bring it back.
 */
export const backupPolicies: Readonly<Record<string, TablePolicy>> = {
  clients: 'copied',
  client_bundles: 'copied',
  client_documents: 'copied',
  users: 'copied',
  external_identities: 'copied',
  consents: { leftOut: 'what a user withdrew since would be allowed again without a question' },
  grants: { leftOut: 'which of them were revoked since is not known' },
  authorization_codes: { leftOut: 'which of them were spent since is not known' },
  refresh_tokens: { leftOut: 'which of them were rotated or revoked since is not known' },
  device_codes: { leftOut: 'which of them were spent or refused since is not known' },
  pushed_requests: { leftOut: 'which of them were used since is not known' },
  authorization_requests: { leftOut: 'which of them were decided since is not known' },
  sessions: { leftOut: 'which of them were ended since is not known' },
  registration_tokens: { leftOut: 'which of them were used up or revoked since is not known' },
  setup_links: { leftOut: 'a restored server has its administrators' },
  spent_identifiers: { leftOut: 'what is older than the restore is refused by its time instead' },
  sign_in_failures: { leftOut: 'they are known by keys that a restored server does not have' },
  signing_keys: {
    leftOut: 'a restored server signs with keys of its own, so that tokens of the old ones end everywhere',
  },
  data_secrets: { leftOut: 'a restored server makes its own, so that cookies, forms and nonces of the old one end' },
  epochs: { leftOut: 'a restored server begins a new one' },
};

/** The tables that migrations make, in an order in which each comes after those that it refers to. */
export function tablesOf(migrations: readonly Migration[]): readonly string[] {
  return migrations.flatMap(({ statements }) =>
    statements.flatMap((text) => /^\s*CREATE\s+TABLE\s+(\w+)/i.exec(text)?.[1] ?? []),
  );
}

/** Whether a backup holds the rows of a table. */
export function isCopied(table: string): boolean {
  const policy = backupPolicies[table];
  if (policy === undefined)
    throw new Error(`src/operations/backup/tables.ts does not say what a backup does with ${table}`);
  return policy === 'copied';
}
