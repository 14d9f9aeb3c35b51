/** Removes rows of one kind that are of no more use, a few at a time. */
export interface RetentionTask {
  /** What it removes, for the operator. */
  readonly name: string;
  /** Removes at most `limit` rows in one transaction. Resolves to how many there were. */
  readonly remove: (limit: number) => Promise<number>;
}

export interface RetentionOptions {
  /** Rows removed in one transaction. */
  readonly batchSize?: number;
  /** Milliseconds between two runs. */
  readonly interval?: number;
  /** Told of each task that failed; the others go on. */
  readonly onError?: (error: unknown, task: string) => void;
}

/** The background job that keeps the tables from growing for ever. */
export class Retention {
  readonly #tasks: readonly RetentionTask[];
  readonly #batchSize: number;
  readonly #interval: number;
  readonly #onError: (error: unknown, task: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<number> | undefined;
  #stopped = false;

  constructor(tasks: readonly RetentionTask[], options: RetentionOptions = {}) {
    this.#tasks = tasks;
    this.#batchSize = options.batchSize ?? 500;
    this.#interval = options.interval ?? 60_000;
    this.#onError = options.onError ?? (() => {});
  }

  /** Runs now and then from now on; the process may end all the same. */
  start(): void {
    this.#stopped = false;
    this.#timer ??= setInterval(() => void this.run(), this.#interval).unref();
  }

  /** Resolves once nothing of it runs any more; what is left over waits for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  /**
   * Removes what has lapsed, batch by batch. Whoever asks while a run is under way gets that one. Resolves to the number of
   * rows removed, and never rejects.
   */
  run(): Promise<number> {
    this.#running ??= this.#removeAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #removeAll(): Promise<number> {
    let removed = 0;
    for (const task of this.#tasks) {
      try {
        for (let batch = this.#batchSize; batch >= this.#batchSize && !this.#stopped; removed += batch) {
          batch = await task.remove(this.#batchSize);
        }
      } catch (error) {
        this.#onError(error, task.name);
      }
    }
    return removed;
  }
}
