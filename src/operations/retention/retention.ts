import type { Clock } from '../../core/clock.ts';
import { type Database, sql } from '../../core/database.ts';
import type { RetentionRule } from './rules.ts';

export interface RetentionOptions {
  /** Rows removed in one transaction. */
  readonly batchSize?: number;
  /** Milliseconds between two runs. */
  readonly interval?: number;
  readonly onError?: (error: unknown) => void;
}

/** The background job that keeps the tables from growing for ever. */
export class Retention {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #rules: readonly RetentionRule[];
  readonly #batchSize: number;
  readonly #interval: number;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, clock: Clock, rules: readonly RetentionRule[], options: RetentionOptions = {}) {
    this.#database = database;
    this.#clock = clock;
    this.#rules = rules;
    this.#batchSize = options.batchSize ?? 500;
    this.#interval = options.interval ?? 60_000;
    this.#onError = options.onError ?? (() => {});
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.run().catch(this.#onError), this.#interval).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Removes what has lapsed, batch by batch, each in a transaction of its own. Resolves to the number of rows removed. */
  async run(): Promise<number> {
    let removed = 0;
    for (const rule of this.#rules) {
      for (let batch = this.#batchSize; batch === this.#batchSize; removed += batch) batch = await this.#removeBatch(rule);
    }
    return removed;
  }

  async #removeBatch({ table, key, condition, keepFor }: RetentionRule): Promise<number> {
    const [rows] = await this.#database.write(
      sql(
        `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT ?) RETURNING ${key}`,
        this.#clock.now() - keepFor,
        this.#batchSize,
      ),
    );
    return rows?.length ?? 0;
  }
}
