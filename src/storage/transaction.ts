import type { Row, SqlValue, Statement } from '../core/database.ts';
import { DatabaseError } from './errors.ts';
import { databaseFile, vanishesWithProcess } from './open.ts';
import { openPostgresTransaction } from './postgres-transaction.ts';
import { openSqliteTransaction } from './sqlite-transaction.ts';

/** A table as it is in the database. */
export interface TableShape {
  readonly columns: readonly string[];
  /** Columns of the primary key. */
  readonly key: readonly string[];
}

/**
 * One long transaction on a connection of its own, for what moves whole tables: backup, restore. What serves requests uses
 * `Database`, whose batches are short.
 */
export interface LongTransaction {
  /** `undefined` where there is no such table. */
  shapeOf(table: string): Promise<TableShape | undefined>;
  read(sql: string, ...values: SqlValue[]): Promise<Row[]>;
  write(...statements: Statement[]): Promise<void>;
  /** Makes everything durable, and closes the connection. */
  commit(): Promise<void>;
  /** Undoes everything, and closes the connection; harmless after `commit`. */
  undo(): Promise<void>;
}

/**
 * `snapshot`: reads one state of the database, whatever others write meanwhile. `load`: writes, and keeps others from
 * writing.
 */
export type TransactionKind = 'snapshot' | 'load';

const pageSize = 500;

/**
 * Opens a long transaction on the database that a setting names.
 * @throws DatabaseError where it cannot be used, or is gone with the process
 */
export async function openTransaction(url: string, kind: TransactionKind): Promise<LongTransaction> {
  if (vanishesWithProcess(url)) {
    throw new DatabaseError('unsupported', 'a database in memory cannot be copied', { hint: 'name one that stays' });
  }
  const file = databaseFile(url);
  return file === undefined ? openPostgresTransaction(url, kind) : openSqliteTransaction(file, kind);
}

/** The rows of a table in the order of its key, a page at a time, so that no more than one page is in memory. */
export async function* pagesOf(
  transaction: LongTransaction,
  table: string,
  { columns, key }: TableShape,
): AsyncGenerator<readonly Row[]> {
  const keys = key.join(', ');
  const select = `SELECT ${columns.join(', ')} FROM ${table}`;
  const order = `ORDER BY ${keys} LIMIT ${pageSize}`;
  let after: readonly SqlValue[] = [];
  for (;;) {
    const where = after.length === 0 ? '' : `WHERE (${keys}) > (${key.map(() => '?').join(', ')})`;
    const rows = await transaction.read(`${select} ${where} ${order}`, ...after);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = key.map((column) => last[column] ?? null);
  }
}
