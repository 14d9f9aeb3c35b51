import type { Database } from '../core/database.ts';

/** What the migrations runner must know of an engine; capabilities never see it. */
export interface Dialect {
  /** Translates one statement of a migration, written in portable SQL, into what the engine is given. */
  ddl(statement: string): string;
}

/** Where a database keeps its dialect, out of sight of capabilities. */
export const dialectKey: unique symbol = Symbol('dialect');

/** A `Database` that carries its engine's dialect for the migrations runner. */
export interface DatabaseWithDialect extends Database {
  readonly [dialectKey]: Dialect;
}

/**
 * The dialect of a database opened by this folder's drivers.
 * @throws TypeError when the object was not opened by one of them
 */
export function dialectOf(database: Database): Dialect {
  if (!(dialectKey in database)) throw new TypeError('only a database opened by openDatabase can be migrated');
  return (database as DatabaseWithDialect)[dialectKey];
}
