import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import type { Row, SqlValue } from '../core/database.ts';
import { DatabaseError } from './errors.ts';
import { countPlaceholders, verbOf } from './sql-text.ts';
import { sqliteError } from './sqlite-errors.ts';

const maximumCached = 500;
const readingVerbs: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES']);
const writingVerbs: ReadonlySet<string> = new Set([
  'INSERT',
  'UPDATE',
  'DELETE',
  'WITH',
  'SELECT',
  'CREATE',
  'ALTER',
  'DROP',
]);

interface Prepared {
  readonly statement: StatementSync;
  readonly placeholders: number;
  readonly verb: string;
}

/**
 * Prepared statements of one connection, one per SQL text. Closes three gaps of `node:sqlite`, which by itself
 * ignores everything after the first statement of a text, binds NULL where a value is missing, and binds a whole
 * number as a float (`'a' || 7` is then `a7.0`).
 */
export class SqliteStatements {
  readonly #connection: DatabaseSync;
  readonly #cache = new LRUCache<string, Prepared>({ max: maximumCached });

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** @throws DatabaseError when the text is not a query, does not fit its values, or fails */
  read(sql: string, values: readonly SqlValue[]): Row[] {
    return this.#run(sql, values, readingVerbs);
  }

  /** @throws DatabaseError when the text is not DML or DDL (transaction control above all), does not fit its values, or fails */
  write(sql: string, values: readonly SqlValue[]): Row[] {
    return this.#run(sql, values, writingVerbs);
  }

  #run(sql: string, values: readonly SqlValue[], allowed: ReadonlySet<string>): Row[] {
    try {
      const { statement, placeholders, verb } = this.#prepare(sql);
      if (!allowed.has(verb)) throw unusable(`${verb || 'an empty text'} is not allowed here`, sql);
      if (values.length !== placeholders) {
        throw unusable(`${placeholders} placeholders were given ${values.length} values`, sql);
      }
      return statement.all(...values.map(bindable));
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  #prepare(sql: string): Prepared {
    const cached = this.#cache.get(sql);
    if (cached !== undefined) return cached;
    const statement = this.#connection.prepare(sql);
    if (statement.sourceSQL.trimEnd() !== sql.trimEnd()) throw unusable('a text holds one statement', sql);
    const prepared = { statement, placeholders: countPlaceholders(sql), verb: verbOf(sql) };
    this.#cache.set(sql, prepared);
    return prepared;
  }
}

function bindable(value: SqlValue): SqlValue {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function unusable(reason: string, sql: string): DatabaseError {
  const hint = 'this is a fault in the program; the statement was not run';
  return new DatabaseError('statement', `SQLite: ${reason}`, { hint, sql });
}
