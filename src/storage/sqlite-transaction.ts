import type { DatabaseSync } from 'node:sqlite';
import type { Row, SqlValue, Statement } from '../core/database.ts';
import { openSqliteConnection } from './sqlite-connection.ts';
import { sqliteError } from './sqlite-errors.ts';
import { SqliteStatements } from './sqlite-statements.ts';
import type { LongTransaction, TableShape, TransactionKind } from './transaction.ts';

const busyTimeout = 10_000;

/** @throws DatabaseError where the file cannot be used, or somebody else keeps it locked */
export function openSqliteTransaction(path: string, kind: TransactionKind): LongTransaction {
  const connection = openSqliteConnection(path, busyTimeout);
  try {
    if (kind === 'load') connection.exec('BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON');
    // The state that is read is that of the first statement that reads.
    else connection.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    return new SqliteTransaction(connection);
  } catch (error) {
    connection.close();
    throw sqliteError(error);
  }
}

class SqliteTransaction implements LongTransaction {
  readonly #connection: DatabaseSync;
  readonly #statements: SqliteStatements;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    this.#statements = new SqliteStatements(connection);
  }

  async shapeOf(table: string): Promise<TableShape | undefined> {
    const rows = await this.read('SELECT name, pk FROM pragma_table_info(?) ORDER BY cid', table);
    if (rows.length === 0) return undefined;
    const names = (of: readonly Row[]) => of.map(({ name }) => String(name));
    return { columns: names(rows), key: names(rows.filter(({ pk }) => pk !== 0)) };
  }

  async read(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    return this.#statements.read(sql, values);
  }

  async write(...statements: Statement[]): Promise<void> {
    for (const { sql, values } of statements) this.#statements.write(sql, values);
  }

  async commit(): Promise<void> {
    try {
      this.#connection.exec('COMMIT');
    } catch (error) {
      throw sqliteError(error);
    }
    this.#connection.close();
  }

  /** Closing undoes what was not committed. */
  async undo(): Promise<void> {
    if (this.#connection.isOpen) this.#connection.close();
  }
}
