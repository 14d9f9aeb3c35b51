import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Row, SqlValue, Statement } from '../core/database.ts';
import type { DatabaseWithDialect } from './dialect.ts';
import { dialectKey } from './dialect.ts';
import { DatabaseError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { openSqliteConnection } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { sqliteError } from './sqlite-errors.ts';
import { SqliteStatements } from './sqlite-statements.ts';

const defaultBusyTimeout = 5_000;

export interface SqliteOptions {
  /** Told once for each group of writes that could not be committed; the writers' promises reject as well. */
  readonly onCommitError?: (error: DatabaseError) => void;
  /** Milliseconds to wait for another process' write lock before a `DatabaseBusyError`; 5000 unless set. */
  readonly busyTimeout?: number;
}

/**
 * Opens the embedded database. An acknowledged write survives the death of the process and of the power supply.
 * @param path a file path, created with mode 0600 when absent, or `:memory:` for a database that dies with the process
 * @throws DatabaseError naming the path when it cannot be used, or SQLite is older than 3.51.3
 * @see https://sqlite.org/wal.html
 */
export function openSqlite(path: string, options: SqliteOptions = {}): DatabaseWithDialect {
  const busyTimeout = options.busyTimeout ?? defaultBusyTimeout;
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    throw new RangeError('busyTimeout is a whole number of milliseconds, 0 or more');
  }
  return new SqliteDatabase(openSqliteConnection(path, busyTimeout), {
    busyTimeout,
    onCommitError: options.onCommitError ?? (() => {}),
  });
}

class SqliteDatabase implements DatabaseWithDialect {
  readonly [dialectKey] = sqliteDialect;
  readonly #connection: DatabaseSync;
  readonly #statements: SqliteStatements;
  readonly #commits: GroupCommit;
  readonly #dataVersion: StatementSync;
  #closed: Promise<void> | undefined;

  constructor(connection: DatabaseSync, options: Required<SqliteOptions>) {
    this.#connection = connection;
    this.#statements = new SqliteStatements(connection);
    this.#commits = new GroupCommit(connection, this.#statements, options);
    this.#dataVersion = connection.prepare('PRAGMA data_version');
  }

  async read(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    if (!this.#connection.isOpen) throw closedError();
    return this.#statements.read(sql, values);
  }

  async write(...statements: Statement[]): Promise<Row[][]> {
    if (this.#closed !== undefined) throw closedError();
    return this.#commits.write(statements);
  }

  revision(): number {
    if (!this.#connection.isOpen) throw closedError();
    try {
      return Number(this.#dataVersion.get()?.data_version);
    } catch (error) {
      throw sqliteError(error);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /**
   * The checkpoint is for tidiness: what readers in other processes or a full disk keep it from moving, the next opening
   * recovers.
   */
  async #close(): Promise<void> {
    await this.#commits.drain();
    try {
      this.#connection.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Nothing is lost: the log holds every commit.
    } finally {
      this.#connection.close();
    }
  }
}

function closedError(): DatabaseError {
  return new DatabaseError('closed', 'the database is closed', { hint: 'the process is shutting down' });
}
