import type { Clock } from './clock.ts';
import { growingCache } from './growing-cache.ts';

/** How much of something one address may do. */
export interface RateLimitOptions {
  /** Events allowed within the window. */
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
}

/** When a key's events passed, the oldest first; those before `first` have left the window. */
interface Passed {
  times: number[];
  first: number;
}

const maximumKeys = 50_000;

/**
 * Counts the events of each key that passed within the last window, in memory: in no span of one window do more than the
 * limit pass. Refused events do not count. Beyond 50,000 keys the least recently seen are forgotten.
 */
export class RateLimit {
  readonly #passed = growingCache<string, Passed>(maximumKeys);
  readonly #options: RateLimitOptions;
  readonly #clock: Clock;

  constructor(options: RateLimitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Counts one event. Answers 0 where it is within the limit, otherwise the seconds to wait. */
  take(key: string): number {
    const { limit, window } = this.#options;
    const now = this.#clock.now();
    const passed = this.#passed.get(key) ?? { times: [], first: 0 };
    forget(passed, now - window);
    const { times, first } = passed;
    if (times.length - first >= limit) return Math.ceil(((times[first] ?? now) + window - now) / 1000);
    times.push(now);
    this.#passed.set(key, passed);
    return 0;
  }
}

// The array is cut only once half of it is out of date, so that each event is moved at most once on average.
function forget(passed: Passed, before: number): void {
  while ((passed.times[passed.first] ?? Number.POSITIVE_INFINITY) <= before) passed.first += 1;
  if (passed.first * 2 < passed.times.length) return;
  passed.times = passed.times.slice(passed.first);
  passed.first = 0;
}
