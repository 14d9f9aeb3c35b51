import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Row, Statement } from '../core/database.ts';
import { DatabaseBusyError, DatabaseError } from './errors.ts';
import { sqliteError } from './sqlite-errors.ts';
import type { SqliteStatements } from './sqlite-statements.ts';

const maximumBatches = 256;
const maximumTurns = 8;
const retryDelays = [1, 1, 2, 3, 5] as const;

export interface GroupCommitOptions {
  /** Milliseconds a batch waits for another process' write lock. */
  readonly busyTimeout: number;
  /** Told once for each group that could not be committed. */
  readonly onCommitError: (error: DatabaseError) => void;
}

interface Batch {
  readonly statements: readonly Statement[];
  readonly arrivedAt: number;
  readonly resolve: (rows: Row[][]) => void;
  readonly reject: (error: DatabaseError) => void;
}

/**
 * Lets batches that arrive together share one durable commit. A group runs without yielding, so nobody reads half a
 * batch; each batch has its own savepoint, so one that fails takes no other with it; and nobody hears of success
 * before the commit. While another process holds the write lock the group waits without blocking the event loop.
 *
 * A lone batch goes at the end of the event loop's turn (`setImmediate`), when every socket that was ready has been
 * served. A group stays open for as long as each further turn brings more, eight turns at most: while one group is being
 * committed the next one gathers in the sockets, and halves that follow each other cost twice as many commits.
 */
export class GroupCommit {
  readonly #connection: DatabaseSync;
  readonly #statements: SqliteStatements;
  readonly #options: GroupCommitOptions;
  readonly #control: Readonly<Record<'begin' | 'savepoint' | 'undo' | 'release' | 'commit', StatementSync>>;
  #queue: Batch[] = [];
  #scheduled = false;
  #lonely = 0;
  #retries = 0;
  #waited = 0;

  constructor(connection: DatabaseSync, statements: SqliteStatements, options: GroupCommitOptions) {
    this.#connection = connection;
    this.#statements = statements;
    this.#options = options;
    this.#control = {
      begin: connection.prepare('BEGIN IMMEDIATE'),
      savepoint: connection.prepare('SAVEPOINT batch'),
      undo: connection.prepare('ROLLBACK TO batch'),
      release: connection.prepare('RELEASE batch'),
      commit: connection.prepare('COMMIT'),
    };
  }

  /** Resolves with each statement's rows after the commit; rejects with a `DatabaseError` when nothing of the batch was kept. */
  write(statements: readonly Statement[]): Promise<Row[][]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ statements, arrivedAt: this.#waited, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when every batch that is waiting now has been committed or refused. */
  async drain(): Promise<void> {
    if (this.#queue.length > 0) await Promise.allSettled([this.write([])]);
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#close(this.#queue.length, 1);
  }

  /** Flushes once a turn of the event loop has brought nothing new to the `waiting` batches. */
  #close(waiting: number, turns: number): void {
    setImmediate(() => {
      if (this.#queue.length > waiting && turns < maximumTurns) this.#close(this.#queue.length, turns + 1);
      else this.#flush();
    });
  }

  #flush(): void {
    this.#scheduled = false;
    const refusal = this.#begin();
    if (refusal === undefined) this.#commit(this.#take());
    else if (refusal instanceof DatabaseBusyError) this.#waitForLock(refusal);
    else this.#fail(this.#take(), refusal);
    this.#schedule();
  }

  #take(): Batch[] {
    if (this.#lonely === 0) return this.#queue.splice(0, maximumBatches);
    this.#lonely -= 1;
    return this.#queue.splice(0, 1);
  }

  /** Sets the timeout anew each time: a prepared `PRAGMA busy_timeout` acts when it is compiled, not when it runs. */
  #begin(): DatabaseError | undefined {
    this.#connection.exec('PRAGMA busy_timeout = 0');
    try {
      this.#control.begin.run();
      this.#retries = 0;
      return undefined;
    } catch (error) {
      return sqliteError(error);
    } finally {
      this.#connection.exec(`PRAGMA busy_timeout = ${this.#options.busyTimeout}`);
    }
  }

  #waitForLock(failure: DatabaseBusyError): void {
    const expired = this.#queue.findIndex((batch) => this.#waited - batch.arrivedAt < this.#options.busyTimeout);
    this.#fail(this.#queue.splice(0, expired === -1 ? this.#queue.length : expired), failure);
    if (this.#queue.length === 0) return;
    const delay = retryDelays[Math.min(this.#retries, retryDelays.length - 1)] ?? 5;
    this.#retries += 1;
    this.#scheduled = true;
    setTimeout(() => {
      this.#waited += delay;
      this.#flush();
    }, delay);
  }

  #commit(group: Batch[]): void {
    const outcomes: (Row[][] | DatabaseError)[] = [];
    try {
      for (const batch of group) outcomes.push(this.#run(batch));
      this.#control.commit.run();
    } catch (error) {
      const failure = sqliteError(error);
      try {
        if (failure.code === 'constraint' && group.length > 1) this.#retryAlone(group);
        else this.#fail(group, failure);
      } finally {
        if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      }
      return;
    }
    for (const [index, batch] of group.entries()) {
      const outcome = outcomes[index];
      if (outcome instanceof DatabaseError) batch.reject(outcome);
      else batch.resolve(outcome ?? []);
    }
  }

  /** Runs one batch; a failure that ended the whole transaction (a full disk) is thrown, any other is the batch's own. */
  #run(batch: Batch): Row[][] | DatabaseError {
    this.#control.savepoint.run();
    try {
      const rows = batch.statements.map(({ sql, values }) => this.#statements.write(sql, values));
      this.#control.release.run();
      return rows;
    } catch (error) {
      const failure = sqliteError(error);
      if (!this.#connection.isTransaction) throw failure;
      this.#control.undo.run();
      this.#control.release.run();
      return failure;
    }
  }

  /** A deferred constraint fails at the commit, which cannot tell whose it was: each batch then gets a commit of its own. */
  #retryAlone(group: Batch[]): void {
    this.#queue.unshift(...group);
    this.#lonely = group.length;
  }

  #fail(group: readonly Batch[], failure: DatabaseError): void {
    if (group.length === 0) return;
    for (const batch of group) batch.reject(failure);
    this.#options.onCommitError(failure);
  }
}
