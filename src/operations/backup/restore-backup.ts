import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import { type Migration, type SqlValue, type Statement, sql } from '../../core/database.ts';
import { type Random, randomId } from '../../core/random.ts';
import { checksumOf } from '../../storage/migrations.ts';
import type { LongTransaction } from '../../storage/transaction.ts';
import { BackupError } from './backup-error.ts';
import type { BackupSecret } from './container.ts';
import { type BackupContent, readContent } from './content.ts';
import { isCopied, tablesOf } from './tables.ts';

export interface RestoreOptions {
  readonly secret: BackupSecret;
  /** What was read when the file was verified. */
  readonly verified: BackupContent;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  readonly random: Random;
  /** `end`: secrets of clients are expired from now on. */
  readonly clientSecrets: 'end' | 'keep';
  /** Is told now and then. */
  readonly onProgress: (table: string, rows: number) => void;
}

const pageSize = 500;

/**
 * The migrations of this build that a backup was made under. Later ones run after its rows are back.
 * @throws BackupError where it was made by a later version, or by another build
 */
export function migrationsOf({ manifest }: BackupContent, known: readonly Migration[]): readonly Migration[] {
  return manifest.migrations.map(({ id, checksum }) => {
    const migration = known.find((candidate) => candidate.id === id);
    if (migration !== undefined && checksumOf(migration) === checksum) return migration;
    throw new BackupError(
      'unsupported',
      `the backup was made by a later or another version of Portcullis (migration ${id})`,
      'restore it with the version that made it, then upgrade',
    );
  });
}

/**
 * Replaces everything in a database by what a backup holds, in the given transaction, and begins a new epoch. Whoever calls it
 * commits.
 * @returns how many clients' secrets have ended
 * @throws BackupError where the file is another one than was verified; nothing must be committed then
 */
export async function loadBackup(
  load: LongTransaction,
  file: FileHandle,
  options: RestoreOptions,
): Promise<{ readonly endedSecrets: number }> {
  const { secret, verified, migrations, clock, random, onProgress } = options;
  const known = new Set(tablesOf(migrations));
  for (const table of [...known].reverse()) await load.write(sql(`DELETE FROM ${table}`));
  let page: Statement[] = [];
  let rows = 0;
  let endedSecrets = 0;
  const write = async (table: string) => {
    await load.write(...page);
    page = [];
    onProgress(table, rows);
  };
  const read = await readContent(file, secret, {
    row: async (table, columns, values) => {
      if (!known.has(table) || !isCopied(table))
        throw new BackupError('unsupported', `the backup has a table ${table}`);
      const { entering, secretEnded } = inNewEpoch(table, columns, values, options);
      if (secretEnded) endedSecrets += 1;
      const places = columns.map(() => '?').join(', ');
      page.push(sql(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...entering));
      rows += 1;
      if (page.length >= pageSize) await write(table);
    },
    table: async ({ table }) => {
      await write(table);
      rows = 0;
    },
  });
  if (JSON.stringify(read) !== JSON.stringify(verified))
    throw new BackupError('changed', 'the backup changed while it was restored', 'nothing was restored: try again');
  await load.write(
    sql(
      'INSERT INTO epochs (epoch, began_at, backup_of) VALUES (?, ?, ?)',
      randomId(random),
      clock.now(),
      verified.manifest.createdAt,
    ),
  );
  return { endedSecrets };
}

/** What a client was given that may have been replaced since: its secrets, and the token that it manages itself with. */
function inNewEpoch(
  table: string,
  columns: readonly string[],
  values: readonly SqlValue[],
  { clientSecrets, clock }: RestoreOptions,
): { readonly entering: readonly SqlValue[]; readonly secretEnded: boolean } {
  if (table !== 'clients') return { entering: values, secretEnded: false };
  const now = clock.now();
  const secretEnded = clientSecrets === 'end' && (values[columns.indexOf('client_secret_hash')] ?? null) !== null;
  const entering = columns.map((column, index) => {
    const value = values[index] ?? null;
    switch (column) {
      case 'previous_secret_hash':
      case 'previous_secret_expires_at':
      case 'registration_token_hash':
        return null;
      case 'client_secret_expires_at':
        return secretEnded ? Math.min(now, Number(value ?? now)) : value;
      default:
        return value;
    }
  });
  return { entering, secretEnded };
}
