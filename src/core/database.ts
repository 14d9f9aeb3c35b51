/**
 * What capabilities know of the database: SQL text that is the same on every engine, values, rows.
 * `storage/` implements it; nothing here or in a capability knows which engine is running.
 */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A row: column name → value. Integers are JavaScript numbers (milliseconds and counters fit 2^53). */
export type Row = Readonly<Record<string, SqlValue>>;

/** One SQL statement with `?` placeholders and its values, in order. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Of the first statement of a batch: see `onLockedRows`. */
  readonly reliesOn?: 'locked rows';
}

/**
 * One step of the schema's history. The text is fixed once released: its checksum is stored with it.
 * Portable SQL: TEXT, INTEGER (spelled BIGINT), BLOB via TEXT; milliseconds since the epoch; JSON as TEXT.
 */
export interface Migration {
  /** Globally unique and sorted: `0001-clients`. */
  readonly id: string;
  readonly statements: readonly string[];
}

export interface Database {
  /** Runs one statement that only reads. */
  read(sql: string, ...values: SqlValue[]): Promise<Row[]>;
  /**
   * Runs the statements in one transaction, in order, and resolves with each one's `RETURNING` rows when the
   * commit is durable. All or nothing: a statement that fails undoes the batch and rejects. Statements that
   * must depend on an earlier one's outcome say so in SQL (`WHERE EXISTS …`), never in code between them.
   * Batches that arrive together may share one commit; each stays atomic by itself.
   */
  write(...statements: Statement[]): Promise<Row[][]>;
  /**
   * A number that differs from an earlier answer when another process may have written in between.
   * Cheap enough to ask on every request; writes of this process need not change it.
   */
  revision(): number;
  close(): Promise<void>;
}

/** Builds a statement: `sql('UPDATE t SET a = ? WHERE b = ?', 1, 'x')`. */
export function sql(text: string, ...values: SqlValue[]): Statement {
  return { sql: text, values };
}

/**
 * Begins a batch that is right even if what others write becomes visible between its statements: whatever its conditions
 * rely on is a row that the batch has locked by updating it, or never changes, or is looked at again by whoever uses what the
 * batch wrote. An engine that would have to guard what was only read, and give way to others for it, need not.
 */
export function onLockedRows(first: Statement): Statement {
  return { ...first, reliesOn: 'locked rows' };
}
