import { createHistogram, PerformanceObserver, type RecordableHistogram } from 'node:perf_hooks';
import { DatabaseSync, StatementSync } from 'node:sqlite';

/** How often the event loop is looked at, in milliseconds. */
const tick = 10;

/** What is worth a note, in milliseconds. */
const shortestSpan = 5;
const shortestStall = 25;
const mostStalls = 100;

/** Times are milliseconds. */
export interface Stall {
  /** Since the watch began. */
  readonly at: number;
  /** How long the event loop did not turn. */
  readonly wall: number;
  /** How much of the processor its thread had meanwhile: the rest went to other programs, or to waiting for the disk. */
  readonly own: number;
  /** What is known to have run then: garbage collection, statements of the database, requests begun and not answered. */
  readonly during: readonly string[];
}

export interface LoopReport {
  /** How late the loop was, by the clock: milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Most processor time of one stall. */
  readonly longestOwn: number;
  /** The longest call of the database, by the clock, and the processor time in it. */
  readonly database: { readonly wall: number; readonly own: number; readonly what: string };
  readonly collection: number;
  /** The worst few, by processor time and by the clock. */
  readonly worst: readonly Stall[];
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

interface NotedStall extends Stall {
  readonly start: number;
  readonly end: number;
}

/** The worst of any number of stalls, by one measure. */
class Worst {
  readonly #measure: (stall: Stall) => number;
  #kept: NotedStall[] = [];

  constructor(measure: (stall: Stall) => number) {
    this.#measure = measure;
  }

  add(stall: NotedStall): void {
    this.#kept.push(stall);
    if (this.#kept.length >= mostStalls * 2) this.#kept = this.first(mostStalls);
  }

  first(count: number): NotedStall[] {
    return this.#kept.toSorted((a, b) => this.#measure(b) - this.#measure(a)).slice(0, count);
  }

  clear(): void {
    this.#kept = [];
  }
}

/** Watches the event loop of its own process: how late it turns, and whose doing that is. */
export class LoopWatch {
  readonly #late: RecordableHistogram = createHistogram();
  readonly #spans: Span[] = [];
  readonly #longest = new Worst((stall) => stall.wall);
  readonly #own = new Worst((stall) => stall.own);
  readonly #requests = new Set<string>();
  #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #collections: PerformanceObserver;
  #lastAt = performance.now();
  #lastUsage = process.threadCpuUsage();
  #database: LoopReport['database'] = { wall: 0, own: 0, what: 'none' };
  #collection = 0;
  #isPaused = false;

  constructor() {
    this.#timer = setInterval(() => this.#look(), tick);
    this.#collections = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) this.#noteCollection(startTime, duration);
    });
    this.#collections.observe({ entryTypes: ['gc'] });
    this.#timeDatabase();
  }

  /** Takes note of a request until it has been answered. */
  async during<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    this.#requests.add(what);
    try {
      return await work();
    } finally {
      this.#requests.delete(what);
    }
  }

  /** Does what is not the server's own, and is not counted. */
  pause<Result>(work: () => Result): Result {
    this.#look();
    this.#isPaused = true;
    try {
      return work();
    } finally {
      this.#isPaused = false;
      this.#lastAt = performance.now();
      this.#lastUsage = process.threadCpuUsage();
    }
  }

  report(): LoopReport {
    this.#look();
    const rounded = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
    const [byOwn, byWall] = [this.#own.first(5), this.#longest.first(5)];
    const percentile = (share: number) => rounded(this.#late.percentile(share) / 1000);
    return {
      p50: percentile(50),
      p99: percentile(99),
      longest: rounded(this.#late.count === 0 ? 0 : this.#late.max / 1000),
      longestOwn: rounded(byOwn[0]?.own ?? 0),
      database: { ...this.#database, wall: rounded(this.#database.wall), own: rounded(this.#database.own) },
      collection: rounded(this.#collection),
      worst: [...new Set([...byOwn, ...byWall])].map(({ at, wall, own, during, start, end }) => ({
        at: Math.round(at),
        wall: rounded(wall),
        own: rounded(own),
        during: [...this.#spansBetween(start, end), ...during],
      })),
    };
  }

  /** Forgets what it saw: a program that has just been started compiles itself. */
  begin(): void {
    this.#look();
    this.#late.reset();
    this.#spans.length = 0;
    this.#longest.clear();
    this.#own.clear();
    this.#database = { wall: 0, own: 0, what: 'none' };
    this.#collection = 0;
    this.#began = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#collections.disconnect();
  }

  #look(): void {
    const now = performance.now();
    const { user, system } = process.threadCpuUsage(this.#lastUsage);
    const wall = Math.max(0, now - this.#lastAt - tick);
    const own = Math.min((user + system) / 1000, now - this.#lastAt);
    this.#late.record(Math.max(1, Math.round(wall * 1000)));
    if (wall >= shortestStall || own >= shortestStall) {
      const during = [...this.#requests].slice(0, 5);
      const stall = { at: now - this.#began, wall, own, during, start: this.#lastAt, end: now };
      this.#longest.add(stall);
      this.#own.add(stall);
    }
    this.#lastAt = now;
    this.#lastUsage = process.threadCpuUsage();
  }

  #noteCollection(start: number, duration: number): void {
    if (this.#isPaused || duration < shortestSpan) return;
    this.#collection = Math.max(this.#collection, duration);
    this.#note({ start, end: start + duration, what: `garbage collection ${Math.round(duration)} ms` });
  }

  #note(span: Span): void {
    this.#spans.push(span);
    if (this.#spans.length > 20_000) this.#spans.splice(0, 10_000);
  }

  #spansBetween(start: number, end: number): string[] {
    return this.#spans.filter((span) => span.start < end && span.end > start).map(({ what }) => what);
  }

  /** Every call into SQLite, which runs on this thread, takes note of how long it took. */
  #timeDatabase(): void {
    const timed = <Target extends object>(
      prototype: Target,
      name: keyof Target & string,
      of: (self: Target, first: unknown) => string,
    ) => {
      const original = prototype[name] as (this: Target, ...values: unknown[]) => unknown;
      const note = this.#noteCall.bind(this);
      const replacement = function (this: Target, ...values: unknown[]): unknown {
        const start = performance.now();
        const usage = process.threadCpuUsage();
        try {
          return original.apply(this, values);
        } finally {
          const end = performance.now();
          if (end - start >= shortestSpan) note(start, end, usage, of(this, values[0]));
        }
      };
      Object.defineProperty(prototype, name, { value: replacement, configurable: true, writable: true });
    };
    for (const name of ['run', 'get', 'all'] as const)
      timed(StatementSync.prototype, name, ({ sourceSQL }) => sourceSQL);
    timed(DatabaseSync.prototype, 'exec', (_database, sql) => String(sql));
  }

  #noteCall(start: number, end: number, before: NodeJS.CpuUsage, sql: string): void {
    const { user, system } = process.threadCpuUsage(before);
    const own = (user + system) / 1000;
    const what = sql.replace(/\s+/g, ' ').slice(0, 60);
    if (end - start > this.#database.wall) this.#database = { wall: end - start, own, what };
    this.#note({ start, end, what: `${what}: ${Math.round(end - start)} ms, ${Math.round(own)} of processor` });
  }
}
