import { hash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import type { Database, Migration } from '../core/database.ts';
import { sql } from '../core/database.ts';
import { dialectOf } from './dialect.ts';
import { DatabaseError } from './errors.ts';

const historyTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  id TEXT PRIMARY KEY,
  checksum TEXT NOT NULL,
  applied_at BIGINT NOT NULL
)`;

/**
 * Brings the schema up to date: each migration that is not yet recorded runs in one transaction with its record, in
 * list order. Any number of processes may do this at once; the record's primary key lets one win each migration.
 * @param migrations every migration this build knows
 * @param clock for `applied_at`, in milliseconds since the epoch
 * @returns the ids this call applied
 * @throws DatabaseError `migration` when a recorded migration is unknown to this build or differs from its text, or one fails
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  clock: Clock = systemClock,
): Promise<string[]> {
  const { ddl } = dialectOf(database);
  const known = checksumsOf(migrations);
  await database.write(sql(ddl(historyTable)));
  const applied: string[] = [];
  let recorded = await history(database, known);
  for (const migration of migrations) {
    if (recorded.has(migration.id)) continue;
    const record = sql(
      'INSERT INTO schema_migrations (id, checksum, applied_at) VALUES (?, ?, ?)',
      migration.id,
      checksumOf(migration),
      clock.now(),
    );
    try {
      await database.write(record, ...migration.statements.map((statement) => sql(ddl(statement))));
      applied.push(migration.id);
    } catch (error) {
      recorded = await history(database, known);
      if (!recorded.has(migration.id)) throw failed(migration, error);
    }
  }
  await history(database, known);
  return applied;
}

/**
 * What is stored with an applied migration: SHA-256 of its portable text, so that both engines agree. White space
 * does not count, so that reformatting the source does not orphan a database.
 */
export function checksumOf(migration: Migration): string {
  return hash('sha256', JSON.stringify(migration.statements.map((text) => text.trim().replace(/\s+/g, ' '))), 'hex');
}

function checksumsOf(migrations: readonly Migration[]): Map<string, string> {
  const checksums = new Map<string, string>();
  for (const migration of migrations) {
    if (checksums.has(migration.id)) throw new TypeError(`two migrations are called '${migration.id}'`);
    checksums.set(migration.id, checksumOf(migration));
  }
  return checksums;
}

/** The ids recorded in the database, once each is known to this build and unchanged. */
async function history(database: Database, known: ReadonlyMap<string, string>): Promise<Set<string>> {
  const rows = await database.read('SELECT id, checksum FROM schema_migrations ORDER BY id');
  const recorded = new Set<string>();
  for (const { id, checksum } of rows) {
    const expected = known.get(String(id));
    if (expected === undefined) {
      throw new DatabaseError('migration', `the database has migration '${id}', which this version does not know`, {
        hint: 'a newer version has used this database: run that version, or restore the backup made before the upgrade',
      });
    }
    if (expected !== checksum) {
      throw new DatabaseError('migration', `migration '${id}' in the database differs from the one in this version`, {
        hint: 'this database was made by another build: run the build that made it, or start with an empty database',
      });
    }
    recorded.add(String(id));
  }
  return recorded;
}

function failed(migration: Migration, error: unknown): DatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = error instanceof DatabaseError ? error.hint : 'the migration was undone; nothing of it was kept';
  return new DatabaseError('migration', `migration '${migration.id}' failed: ${reason}`, { hint, cause: error });
}
