import type { LRUCache } from 'lru-cache';
import { networkShare } from '../address.ts';
import { growingCache } from '../growing-cache.ts';
import type { ThrottleLimits } from './limits.ts';
import type { Buckets, Company, FailureCounts } from './throttle.ts';

/** What is known of one bucket; times are milliseconds since the epoch, `wait` is a span. */
interface Failures {
  readonly failures: number;
  readonly wait: number;
  readonly failedAt: number;
  readonly blockedUntil: number;
  readonly attempt: string;
  readonly expiresAt: number;
}

/** How a bucket counts. */
interface Counting {
  readonly free: number;
  readonly longestDelay: number;
  readonly keepFor: number;
  /** When `keepFor` begins. */
  readonly from: 'first failure' | 'last failure';
}

type Kept = LRUCache<string, Failures>;

const maximumBuckets = 50_000;

/**
 * Failures counted in memory: for credentials that cannot be guessed anyway, whose strangers shall not make the database
 * grow. Of each kind of bucket the 50,000 most recent are kept; addresses apart from accounts, so that names that somebody
 * makes up push no address out.
 */
export class MemoryFailures implements FailureCounts {
  readonly #limits: ThrottleLimits;
  readonly #own: Kept = growingCache(maximumBuckets);
  readonly #places: Kept = growingCache(maximumBuckets);
  readonly #everywhere: Kept = growingCache(maximumBuckets);

  constructor(limits: ThrottleLimits) {
    this.#limits = limits;
  }

  async failuresAt(bucket: string, now: number): Promise<number> {
    return alive(this.#everywhere, bucket, now)?.failures ?? 0;
  }

  // Without a pause between asking and counting, so that attempts that arrive together are told apart.
  async reserve(attempt: string, buckets: Buckets, now: number, pause: number, company: Company): Promise<boolean> {
    const places = this.#placesOf(buckets);
    const own = alive(this.#own, buckets.own, now);
    const costs = (free: number, counted: Failures | undefined) =>
      company === 'beside others' && (counted?.failures ?? 0) >= free;
    if (costs(this.#limits.freeFailures, own)) return false;
    if (places.some(([bucket, free]) => costs(free, alive(this.#places, bucket, now)))) return false;
    if (own !== undefined && (own.blockedUntil > now || own.failedAt > now - pause)) return false;
    if (places.some(([bucket]) => (alive(this.#places, bucket, now)?.blockedUntil ?? 0) > now)) return false;
    const { freeFailures, longestDelay, longestAddressDelay, forgetAfter, window } = this.#limits;
    this.#count(this.#own, buckets.own, attempt, now, {
      free: freeFailures,
      longestDelay,
      keepFor: forgetAfter,
      from: 'last failure',
    });
    for (const [bucket, free] of places) {
      const counting = { free, longestDelay: longestAddressDelay, keepFor: window, from: 'first failure' } as const;
      this.#count(this.#places, bucket, attempt, now, counting);
    }
    if (buckets.shared !== undefined) {
      const counting = {
        free: Number.POSITIVE_INFINITY,
        longestDelay: 0,
        keepFor: window,
        from: 'first failure',
      } as const;
      this.#count(this.#everywhere, buckets.shared.everywhere, attempt, now, counting);
    }
    return true;
  }

  async nextAttemptAt(buckets: Buckets, pause: number): Promise<number> {
    const own = this.#own.get(buckets.own);
    const places = this.#placesOf(buckets).map(([bucket]) => this.#places.get(bucket)?.blockedUntil ?? 0);
    return Math.max(own?.blockedUntil ?? 0, (own?.failedAt ?? Number.NEGATIVE_INFINITY) + pause, ...places);
  }

  async clear(attempt: string, buckets: Buckets): Promise<void> {
    this.#own.delete(buckets.own);
    await this.release(attempt, buckets);
  }

  async release(attempt: string, buckets: Buckets): Promise<void> {
    this.#undo(this.#own, buckets.own, attempt);
    for (const [bucket] of this.#placesOf(buckets)) this.#undo(this.#places, bucket, attempt);
    if (buckets.shared !== undefined) this.#undo(this.#everywhere, buckets.shared.everywhere, attempt);
  }

  // An address that fails, and the network that it is in; each with the failures that cost it nothing.
  #placesOf({ shared }: Buckets): readonly (readonly [bucket: string, free: number])[] {
    if (shared === undefined) return [];
    const { addressFailures } = this.#limits;
    const address = [shared.address, addressFailures] as const;
    return shared.network === undefined ? [address] : [address, [shared.network, addressFailures * networkShare]];
  }

  #count(kept: Kept, bucket: string, attempt: string, now: number, counting: Counting): void {
    const before = alive(kept, bucket, now);
    const wait = before === undefined ? 0 : this.#waitAfter(before, counting);
    const expiresAt =
      before === undefined || counting.from === 'last failure' ? now + counting.keepFor : before.expiresAt;
    kept.set(bucket, {
      failures: (before?.failures ?? 0) + 1,
      wait,
      failedAt: now,
      blockedUntil: now + wait,
      attempt,
      expiresAt,
    });
  }

  #waitAfter({ failures, wait }: Failures, { free, longestDelay }: Counting): number {
    if (failures < free) return 0;
    return wait === 0 ? this.#limits.firstDelay : Math.min(wait * 2, longestDelay);
  }

  // Only the newest attempt may take its delay back: an earlier one's was replaced by the later ones'.
  #undo(kept: Kept, bucket: string, attempt: string): void {
    const counted = kept.get(bucket);
    if (counted === undefined) return;
    if (counted.failures <= 1) {
      kept.delete(bucket);
      return;
    }
    const failures = counted.failures - 1;
    if (counted.attempt !== attempt) {
      kept.set(bucket, { ...counted, failures });
      return;
    }
    const wait = counted.wait <= this.#limits.firstDelay ? 0 : counted.wait / 2;
    kept.set(bucket, { ...counted, failures, wait, blockedUntil: 0 });
  }
}

function alive(kept: Kept, bucket: string, now: number): Failures | undefined {
  const found = kept.get(bucket);
  return found === undefined || found.expiresAt <= now ? undefined : found;
}
