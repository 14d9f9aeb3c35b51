import type { Row, SqlValue, Statement } from '../core/database.ts';
import type { DatabaseWithDialect } from './dialect.ts';
import { dialectKey } from './dialect.ts';
import { DatabaseError } from './errors.ts';
import type { BatchFailure } from './postgres-batch.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { endsSession, isConflict, isRefusedForNow, isStalePlan, postgresError } from './postgres-errors.ts';
import { RevisionPoll } from './postgres-revision.ts';
import { PostgresSessions } from './postgres-sessions.ts';
import type { PostgresStatement } from './postgres-statements.ts';
import { controlStatement, readingStatement, writingStatement } from './postgres-statements.ts';
import type { PostgresSettings } from './postgres-url.ts';
import { parsePostgresUrl } from './postgres-url.ts';

const oldestVersion = 150_000;

const begin = controlStatement('BEGIN ISOLATION LEVEL SERIALIZABLE');
const beginOnLockedRows = controlStatement('BEGIN ISOLATION LEVEL READ COMMITTED');
const commit = controlStatement('COMMIT');
// A migration takes as long as its tables are large.
const withoutTimeout = { ...controlStatement('SET LOCAL statement_timeout = 0'), name: '' };

/** Milliseconds before a batch that had to give way is run again; the last one is repeated. */
const retryDelays = [0, 1, 2, 4, 8, 16, 32] as const;
const maximumAttempts = 64;

/**
 * Opens a PostgreSQL database. An acknowledged write is as durable as the server makes it (`fsync`, `synchronous_commit`).
 * @param address `postgres://user:password@host:port/database`
 * @throws DatabaseError where the address is wrong, the driver is not installed, or the server cannot be used
 */
export async function openPostgres(address: string): Promise<DatabaseWithDialect> {
  const settings = parsePostgresUrl(address);
  const database = new PostgresDatabase(await PostgresSessions.open(settings), settings);
  try {
    await database.refuseOldServers();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

class PostgresDatabase implements DatabaseWithDialect {
  readonly [dialectKey] = postgresDialect;
  readonly #sessions: PostgresSessions;
  readonly #settings: PostgresSettings;
  readonly #revision: RevisionPoll;
  #closed: Promise<void> | undefined;

  constructor(sessions: PostgresSessions, settings: PostgresSettings) {
    this.#sessions = sessions;
    this.#settings = settings;
    this.#revision = new RevisionPoll(() => this.#snapshot());
  }

  async refuseOldServers(): Promise<void> {
    const [row] = await this.read("SELECT CAST(current_setting('server_version_num') AS BIGINT) AS version");
    if (Number(row?.['version']) >= oldestVersion) return;
    throw new DatabaseError(
      'unsupported',
      `this PostgreSQL is version ${String(row?.['version'])}; 15 or newer is required`,
      {
        hint: 'upgrade PostgreSQL',
      },
    );
  }

  async read(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    if (this.#closed !== undefined) throw closedError();
    const statement = readingStatement({ sql, values });
    // Reading again is always safe, once for each connection that was lost without notice.
    const [rows = []] = await this.#run([statement], (error) => endsSession(error));
    return rows;
  }

  /**
   * Serializable: each batch takes effect as if it ran alone, as on SQLite. One that has to give way to another is run
   * again, which is safe because no code decides between its statements. One whose answer was lost is not: it may have
   * been committed. A batch that says that it relies on rows which it locks itself gives way to nobody.
   */
  async write(...statements: Statement[]): Promise<Row[][]> {
    if (this.#closed !== undefined) throw closedError();
    const batch = statements.map(writingStatement);
    if (batch.length === 0) return [];
    const defines = batch.some(({ kind }) => kind === 'definition');
    const beginning = statements[0]?.reliesOn === 'locked rows' ? beginOnLockedRows : begin;
    const before = defines ? [beginning, withoutTimeout] : [beginning];
    const rows = await this.#run([...before, ...batch, commit], () => false, defines ? 'unlimited' : 'limited');
    return rows.slice(before.length, -1);
  }

  revision(): number {
    if (this.#closed !== undefined) throw closedError();
    return this.#revision.current();
  }

  close(): Promise<void> {
    this.#revision.end();
    this.#closed ??= this.#sessions.end();
    return this.#closed;
  }

  async #run(
    statements: readonly PostgresStatement[],
    mayRepeatLost: (error: unknown) => boolean,
    time: 'limited' | 'unlimited' = 'limited',
  ): Promise<Row[][]> {
    const patience = time === 'limited' ? this.#settings.statementTimeout : undefined;
    let lost = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sessions.run(statements, patience);
      } catch (thrown) {
        if (thrown instanceof DatabaseError) throw thrown;
        const { error, statement } = thrown as BatchFailure;
        const isUndone = isConflict(error) || isStalePlan(error) || isRefusedForNow(error);
        if (!isUndone) lost += 1;
        const isRepeatable = isUndone || (mayRepeatLost(error) && lost <= this.#settings.poolSize);
        if (!isRepeatable || attempt === maximumAttempts) throw postgresError(error, statement?.sql);
      }
      const delay = retryDelays[Math.min(attempt - 1, retryDelays.length - 1)] ?? 32;
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  /** Which transactions are over, as of now: another text whenever one more was committed. */
  async #snapshot(): Promise<string> {
    const [row] = await this.read('SELECT CAST(pg_current_snapshot() AS TEXT) AS state');
    return String(row?.['state']);
  }
}

function closedError(): DatabaseError {
  return new DatabaseError('closed', 'the database is closed', { hint: 'the process is shutting down' });
}
