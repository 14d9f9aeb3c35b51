import { hash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import type { Database, Migration } from '../core/database.ts';
import { sql } from '../core/database.ts';
import { dialectOf } from './dialect.ts';
import { DatabaseError } from './errors.ts';
import { type SchemaRelease, type SchemaStatus, schemaStatus } from './schema-status.ts';

const historyTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  id TEXT PRIMARY KEY,
  checksum TEXT NOT NULL,
  applied_at BIGINT NOT NULL
)`;

const versionsTable = `CREATE TABLE IF NOT EXISTS schema_versions (
  version BIGINT PRIMARY KEY,
  tolerates BIGINT NOT NULL,
  first_used_at BIGINT NOT NULL
)`;

/** Others that make the same tables at the same moment make PostgreSQL refuse ours; then they are there. */
const maximumAttempts = 10;

/**
 * Brings the schema up to date: each migration that is not yet recorded runs in one transaction with its record, in
 * list order. Any number of processes may do this at once: the record is written first, and its primary key makes the
 * others wait for the one that applies the migration.
 * @param migrations every migration this build knows
 * @param clock for `applied_at`, in milliseconds since the epoch
 * @param release what this build says of its schema; without it, none but its own is tolerated
 * @returns the ids this call applied
 * @throws DatabaseError `migration` when a recorded migration differs from its text, or is unknown to this build and of a
 * version that does not tolerate it, or one fails
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  clock: Clock = systemClock,
  release?: SchemaRelease,
): Promise<string[]> {
  const { ddl } = dialectOf(database);
  const known = checksumsOf(migrations);
  const history = () => checkedStatus(database, migrations, known, release);
  // A user of the database who may not make tables can start where there is nothing to make.
  const { pending, version = 0 } = await history();
  if (pending.length === 0 && version >= (release?.version ?? 0)) return [];
  await makeTables(database, [historyTable, versionsTable].map(ddl));
  const applied: string[] = [];
  let recorded = idsOf(await history());
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
      recorded = idsOf(await history());
      if (!recorded.has(migration.id)) throw failed(migration, error);
    }
  }
  await history();
  if (release !== undefined) await recordRelease(database, release, clock);
  return applied;
}

async function makeTables(database: Database, statements: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await database.write(...statements.map((statement) => sql(statement)));
      return;
    } catch (error) {
      const othersDid = error instanceof DatabaseError && (error.code === 'constraint' || error.code === 'io');
      if (!othersDid || attempt === maximumAttempts) throw error;
    }
  }
}

async function recordRelease(database: Database, { version, tolerates }: SchemaRelease, clock: Clock): Promise<void> {
  const known = await database.read('SELECT 1 AS known FROM schema_versions WHERE version = ?', version);
  if (known.length > 0) return;
  await database.write(
    sql(
      'INSERT INTO schema_versions (version, tolerates, first_used_at) VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING',
      version,
      tolerates,
      clock.now(),
    ),
  );
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

/** What the database has had, once each is unchanged, and known to this build or tolerated. */
async function checkedStatus(
  database: Database,
  migrations: readonly Migration[],
  known: ReadonlyMap<string, string>,
  release: SchemaRelease | undefined,
): Promise<SchemaStatus> {
  const status = await schemaStatus(database, migrations, release);
  if (status.state === 'incompatible') {
    const message = `the database has migration '${status.unknown[0]}', which this version does not know`;
    throw new DatabaseError('migration', message, {
      hint: 'a newer version has used this database: run that version, or restore the backup made before the upgrade',
    });
  }
  for (const { id, checksum } of status.applied) {
    if (checksum === (known.get(id) ?? checksum)) continue;
    throw new DatabaseError('migration', `migration '${id}' in the database differs from the one in this version`, {
      hint: 'this database was made by another build: run the build that made it, or start with an empty database',
    });
  }
  return status;
}

function idsOf({ applied }: SchemaStatus): Set<string> {
  return new Set(applied.map(({ id }) => id));
}

function failed(migration: Migration, error: unknown): DatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = error instanceof DatabaseError ? error.hint : 'the migration was undone; nothing of it was kept';
  return new DatabaseError('migration', `migration '${migration.id}' failed: ${reason}`, { hint, cause: error });
}
