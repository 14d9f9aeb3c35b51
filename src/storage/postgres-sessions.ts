import type { Pool, PoolClient, PoolConfig } from 'pg';
import type { Row } from '../core/database.ts';
import { DatabaseBusyError, DatabaseError } from './errors.ts';
import type { BatchFailure, PreparedStatements } from './postgres-batch.ts';
import { PostgresBatch } from './postgres-batch.ts';
import { endsSession, isRefusedForNow, isStalePlan, postgresError, sqlStateOf } from './postgres-errors.ts';
import type { PostgresStatement } from './postgres-statements.ts';
import { controlStatement } from './postgres-statements.ts';
import type { PostgresSettings } from './postgres-url.ts';
import { postgresLabel } from './postgres-url.ts';

const rollback = controlStatement('ROLLBACK');
const connectDelays = [20, 50, 100, 200, 400] as const;

/** Added to the time-out of a statement, after which a server that does not even refuse is given up. */
const silence = 2_000;

/** Failures of a network that may not be there for the next attempt. */
const passingFailures: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

interface Socket {
  destroy(error?: Error): void;
}

/** A session that nobody else uses meanwhile. */
export interface HeldSession {
  /** @throws what the server answered or the network did, as a `BatchFailure` */
  run(statements: readonly PostgresStatement[]): Promise<Row[][]>;
  /** Ends the session, and with it the transaction that is open. */
  end(): void;
}

/** The connections of one process to PostgreSQL. */
export class PostgresSessions {
  readonly #pool: Pool;
  readonly #settings: PostgresSettings;
  readonly #prepared = new WeakMap<PoolClient, PreparedStatements>();

  private constructor(pool: Pool, settings: PostgresSettings) {
    this.#pool = pool;
    this.#settings = settings;
    // What happens to a connection that nobody uses concerns nobody: it is replaced.
    pool.on('error', () => {});
    pool.on('connect', (client) => {
      client.on('error', () => {});
    });
  }

  /** @throws DatabaseError `unsupported` where the driver is not installed */
  static async open(settings: PostgresSettings): Promise<PostgresSessions> {
    const { Pool } = await loadDriver();
    return new PostgresSessions(new Pool(poolConfig(settings)), settings);
  }

  /**
   * Runs statements in one round trip. Where one fails, the transaction that is open is undone before this rejects.
   * @param patience milliseconds for the whole answer; `undefined`: as long as it takes
   * @throws what the server answered or the network did, as a `BatchFailure`
   */
  async run(statements: readonly PostgresStatement[], patience: number | undefined): Promise<Row[][]> {
    const client = await this.#connect();
    try {
      const rows = await this.#exchange(client, statements, patience);
      client.release();
      return rows;
    } catch (error) {
      const failure = error as BatchFailure;
      if (endsSession(failure.error) || isStalePlan(failure.error)) client.release(true);
      else await this.#undo(client);
      throw failure;
    }
  }

  /** A session for a transaction of many exchanges. Each takes as long as it takes. */
  async hold(): Promise<HeldSession> {
    const client = await this.#connect();
    return {
      run: (statements) => this.#exchange(client, statements, undefined),
      end: () => client.release(true),
    };
  }

  /** Waits for what is running, and ends every connection. */
  end(): Promise<void> {
    return this.#pool.end();
  }

  async #exchange(
    client: PoolClient,
    statements: readonly PostgresStatement[],
    patience: number | undefined,
  ): Promise<Row[][]> {
    const batch = new PostgresBatch(statements, this.#preparedOn(client));
    const socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    const timer =
      patience === undefined
        ? undefined
        : setTimeout(() => socket.destroy(new Error('no answer in time')), patience + silence);
    try {
      client.query(batch as never);
      return await batch.outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  async #undo(client: PoolClient): Promise<void> {
    try {
      await this.#exchange(client, [rollback], this.#settings.statementTimeout);
      client.release();
    } catch {
      client.release(true);
    }
  }

  #preparedOn(client: PoolClient): PreparedStatements {
    const known = this.#prepared.get(client);
    if (known !== undefined) return known;
    const prepared: PreparedStatements = new Map();
    this.#prepared.set(client, prepared);
    return prepared;
  }

  /** A free connection, or a new one. Nothing has been sent yet, so a failure that may pass is waited for. */
  async #connect(): Promise<PoolClient> {
    let waited = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        const delay = connectDelays[Math.min(attempt, connectDelays.length - 1)] ?? 400;
        if (!mayPass(error) || waited + delay > this.#settings.connectTimeout) throw this.#connectError(error);
        waited += delay;
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  #connectError(error: unknown): DatabaseError {
    const reason = (error as Error).message || String(error);
    if (reason === 'timeout exceeded when trying to connect') {
      return new DatabaseBusyError('PostgreSQL: every connection of the pool is in use', {
        hint: 'raise pool_size of the database address, as far as max_connections of PostgreSQL admits, or add a node',
      });
    }
    const { code, message, hint } = postgresError(error);
    const line = `cannot connect to ${postgresLabel(this.#settings)}: ${message}`;
    return code === 'busy' ? new DatabaseBusyError(line, { hint }) : new DatabaseError(code, line, { hint });
  }
}

function mayPass(error: unknown): boolean {
  if (sqlStateOf(error) !== undefined) return isRefusedForNow(error);
  const { code, message } = error as { code?: string; message?: string };
  return passingFailures.has(code ?? '') || (message ?? '').startsWith('Connection terminated unexpectedly');
}

/** The driver is no dependency of those who use SQLite. */
async function loadDriver(): Promise<{ Pool: new (config: PoolConfig) => Pool }> {
  try {
    const driver = await import('pg');
    return driver.default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new DatabaseError('unsupported', "PostgreSQL needs the package 'pg', which is not installed", {
      hint: 'run: npm install pg',
    });
  }
}

function poolConfig(settings: PostgresSettings): PoolConfig {
  const { host, port, user, password, database, tls, poolSize, connectTimeout, statementTimeout } = settings;
  return {
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    database,
    ssl:
      tls === undefined
        ? false
        : {
            rejectUnauthorized: tls.certificates !== 'not verified',
            ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
            ...(tls.certificates === 'verified without the name' ? { checkServerIdentity: () => undefined } : {}),
          },
    max: poolSize,
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    idle_in_transaction_session_timeout: statementTimeout + silence,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'portcullis',
  };
}
