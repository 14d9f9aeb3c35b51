import type { Row, SqlValue, Statement } from '../core/database.ts';
import type { BatchFailure } from './postgres-batch.ts';
import { postgresError } from './postgres-errors.ts';
import type { HeldSession } from './postgres-sessions.ts';
import { PostgresSessions } from './postgres-sessions.ts';
import type { PostgresStatement } from './postgres-statements.ts';
import { controlStatement, readingStatement, writingStatement } from './postgres-statements.ts';
import { parsePostgresUrl } from './postgres-url.ts';
import type { LongTransaction, TableShape, TransactionKind } from './transaction.ts';

const beginnings: Readonly<Record<TransactionKind, readonly string[]>> = {
  snapshot: ['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'],
  load: ['BEGIN ISOLATION LEVEL SERIALIZABLE', "SET LOCAL lock_timeout = '10s'"],
};

// What is long here is what was asked for.
const patience = ['SET LOCAL statement_timeout = 0', 'SET LOCAL idle_in_transaction_session_timeout = 0'];

/** @throws DatabaseError where the server cannot be used */
export async function openPostgresTransaction(address: string, kind: TransactionKind): Promise<LongTransaction> {
  const sessions = await PostgresSessions.open(parsePostgresUrl(address));
  try {
    const transaction = new PostgresTransaction(sessions, await sessions.hold());
    await transaction.begin(kind);
    return transaction;
  } catch (error) {
    await sessions.end();
    throw error;
  }
}

class PostgresTransaction implements LongTransaction {
  readonly #sessions: PostgresSessions;
  readonly #session: HeldSession;
  #isOpen = true;

  constructor(sessions: PostgresSessions, session: HeldSession) {
    this.#sessions = sessions;
    this.#session = session;
  }

  async begin(kind: TransactionKind): Promise<void> {
    try {
      await this.#run([...beginnings[kind], ...patience].map(once));
      if (kind === 'load') await this.#lockAll();
    } catch (error) {
      this.#session.end();
      throw error;
    }
  }

  async shapeOf(table: string): Promise<TableShape | undefined> {
    const columns = await this.read(
      `SELECT CAST(column_name AS TEXT) AS name FROM information_schema.columns
       WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`,
      table,
    );
    if (columns.length === 0) return undefined;
    const key = await this.read(
      `SELECT CAST(a.attname AS TEXT) AS name FROM pg_index i
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
       WHERE i.indisprimary AND i.indrelid = to_regclass(?) ORDER BY a.attnum`,
      table,
    );
    const names = (of: readonly Row[]) => of.map(({ name }) => String(name));
    return { columns: names(columns), key: names(key) };
  }

  async read(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    const [rows = []] = await this.#run([readingStatement({ sql, values })]);
    return rows;
  }

  async write(...statements: Statement[]): Promise<void> {
    if (statements.length > 0) await this.#run(statements.map(writingStatement));
  }

  async commit(): Promise<void> {
    await this.#run([once('COMMIT')]);
    await this.undo();
  }

  async undo(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#session.end();
    await this.#sessions.end();
  }

  async #lockAll(): Promise<void> {
    const tables = await this.read(
      "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'schema_migrations' ORDER BY 1",
    );
    if (tables.length === 0) return;
    await this.#run([once(`LOCK TABLE ${tables.map(({ name }) => `"${String(name)}"`).join(', ')} IN EXCLUSIVE MODE`)]);
  }

  async #run(statements: readonly PostgresStatement[]): Promise<Row[][]> {
    try {
      return await this.#session.run(statements);
    } catch (thrown) {
      const { error, statement } = thrown as BatchFailure;
      throw postgresError(error ?? thrown, statement?.sql);
    }
  }
}

function once(sql: string): PostgresStatement {
  return { ...controlStatement(sql), name: '' };
}
