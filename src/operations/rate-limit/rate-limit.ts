import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';

/** How much of something one address may do. */
export interface RateLimitOptions {
  /** Events allowed within the window. */
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
}

interface Window {
  readonly startedAt: number;
  readonly count: number;
  readonly previous: number;
}

/**
 * Counts events per key in a sliding window, in memory. The window slides by weighing the previous one, so that no burst
 * passes at its border.
 */
export class RateLimit {
  readonly #windows: LRUCache<string, Window>;
  readonly #options: RateLimitOptions;
  readonly #clock: Clock;

  constructor(options: RateLimitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#windows = new LRUCache({ max: 50_000 });
  }

  /** Counts one event. Answers 0 where it is within the limit, otherwise the seconds to wait. */
  take(key: string): number {
    const { limit, window } = this.#options;
    const now = this.#clock.now();
    const current = this.#windowOf(key, now);
    const elapsed = now - current.startedAt;
    const weighted = current.count + current.previous * (1 - elapsed / window);
    if (weighted + 1 > limit) return Math.max(1, Math.ceil((window - elapsed) / 1000));
    this.#windows.set(key, { ...current, count: current.count + 1 });
    return 0;
  }

  #windowOf(key: string, now: number): Window {
    const { window } = this.#options;
    const known = this.#windows.get(key);
    if (known === undefined || now - known.startedAt >= 2 * window) return { startedAt: now, count: 0, previous: 0 };
    if (now - known.startedAt < window) return known;
    return { startedAt: known.startedAt + window, count: 0, previous: known.count };
  }
}
