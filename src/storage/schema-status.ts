import type { Database, Migration } from '../core/database.ts';
import { DatabaseError } from './errors.ts';

/**
 * What a version of the program says of its schema, so that nodes can be upgraded one by one.
 * A change that the version before could not live with is spread over two versions.
 */
export interface SchemaRelease {
  /** Grows with each version of the program that changes the schema. */
  readonly version: number;
  /** The oldest version whose nodes may go on, and be started, beside this one's. */
  readonly tolerates: number;
}

/**
 * `current`: nothing to do. `pending`: this version would change it. `newer`: a later version has changed it, and tolerates
 * this one. `incompatible`: it does not, or the two have changed different things.
 */
export interface SchemaStatus {
  readonly state: 'current' | 'pending' | 'newer' | 'incompatible';
  /** The newest version that has used the database. */
  readonly version: number | undefined;
  readonly applied: readonly { readonly id: string; readonly checksum: string; readonly appliedAt: number }[];
  /** In the order in which they would be applied. */
  readonly pending: readonly string[];
  /** Applied by a version that knows more. */
  readonly unknown: readonly string[];
}

/** Looks at the schema and changes nothing; a database that was never migrated has everything before it. */
export async function schemaStatus(
  database: Database,
  migrations: readonly Migration[],
  release: SchemaRelease | undefined,
): Promise<SchemaStatus> {
  const rows = await rowsOf(database, 'SELECT id, checksum, applied_at FROM schema_migrations ORDER BY id');
  const applied = rows.map((row) => ({
    id: row['id'] as string,
    checksum: row['checksum'] as string,
    appliedAt: row['applied_at'] as number,
  }));
  const [newest] = await rowsOf(
    database,
    'SELECT version, tolerates FROM schema_versions ORDER BY version DESC LIMIT 1',
  );
  const recorded = new Set(applied.map(({ id }) => id));
  const known = new Set(migrations.map(({ id }) => id));
  const pending = migrations.filter(({ id }) => !recorded.has(id)).map(({ id }) => id);
  const unknown = [...recorded].filter((id) => !known.has(id));
  // Changes that no newer version answers for are of another build, or of one that is still at it.
  const isTolerated =
    release !== undefined &&
    newest !== undefined &&
    (newest['version'] as number) > release.version &&
    (newest['tolerates'] as number) <= release.version;
  return {
    state: stateOf(pending, unknown, isTolerated),
    version: newest?.['version'] as number | undefined,
    applied,
    pending,
    unknown,
  };
}

function stateOf(pending: readonly string[], unknown: readonly string[], isTolerated: boolean): SchemaStatus['state'] {
  if (unknown.length === 0) return pending.length === 0 ? 'current' : 'pending';
  return isTolerated && pending.length === 0 ? 'newer' : 'incompatible';
}

/** No rows where there is no such table yet. */
async function rowsOf(database: Database, sql: string) {
  try {
    return await database.read(sql);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'statement') return [];
    throw error;
  }
}
