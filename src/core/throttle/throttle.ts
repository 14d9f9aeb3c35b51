import type { Clock } from '../clock.ts';
import { type Random, randomId } from '../random.ts';
import { pauseUnderAttack, type ThrottleLimits } from './limits.ts';

/** What an attempt counts in. All are hashes. */
export interface Buckets {
  readonly account: string;
  /** This account from this address; or from where it is known, such as a browser in which it signed in before. */
  readonly own: string;
  /** Absent where it is known: then only its own failures slow it down. */
  readonly shared?: { readonly everywhere: string; readonly address: string; readonly network?: string };
}

/**
 * Whether attempts of the same place are under way, which count as failures until they end: beside others, none is let
 * through whose own count would cost a delay.
 */
export type Company = 'alone' | 'beside others';

/** Where failures are counted: before an attempt is made, so that none slips through beside another. */
export interface FailureCounts {
  /** How many failures a bucket has had within the window. */
  failuresAt(bucket: string, now: number): Promise<number>;
  /**
   * Counts an attempt as failed, unless one of its buckets has to wait. Resolves to whether it may be made.
   * @param attempt unique
   * @param pause between two attempts from one place, in milliseconds
   */
  reserve(attempt: string, buckets: Buckets, now: number, pause: number, company: Company): Promise<boolean>;
  /** When the buckets let the next attempt through, milliseconds since the epoch. */
  nextAttemptAt(buckets: Buckets, pause: number): Promise<number>;
  /** Forgets a successful attempt, and all failures before it from the same place. */
  clear(attempt: string, buckets: Buckets): Promise<void>;
  /** Forgets an attempt that was not made after all. */
  release(attempt: string, buckets: Buckets): Promise<void>;
}

/** Whether something may be tried now. What may counts as failed until it is said to have succeeded. */
export type Attempt =
  | {
      readonly allowed: true;
      succeeded(): Promise<void>;
      /** It was not even tried. */
      cancelled(): Promise<void>;
    }
  | { readonly allowed: false; readonly retryAfterSeconds: number };

/**
 * Slows guessing down without locking anybody out. Failures delay further attempts of the same address at the same
 * account, progressively; failures at many accounts delay all attempts of their address, and ten times as many from one
 * IPv6 /48 those of that; failures from many addresses at one account make every address pause between its attempts
 * there. But the first attempt of an address at an account is never delayed for what others did there, and what is known
 * to the account has a count of its own.
 * @see NIST SP 800-63B-4 §3.2.2
 */
export class Throttle {
  readonly #counts: FailureCounts;
  readonly #limits: ThrottleLimits;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(counts: FailureCounts, limits: ThrottleLimits, clock: Clock, random: Random) {
    this.#counts = counts;
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
  }

  /** Asks whether an attempt may be made, before anything is spent on it. */
  async begin(buckets: Buckets, company: Company = 'alone'): Promise<Attempt> {
    const now = this.#clock.now();
    const attempt = randomId(this.#random);
    const failures = buckets.shared === undefined ? 0 : await this.#counts.failuresAt(buckets.shared.everywhere, now);
    const pause = pauseUnderAttack(failures, this.#limits);
    if (!(await this.#counts.reserve(attempt, buckets, now, pause, company))) {
      const wait = (await this.#counts.nextAttemptAt(buckets, pause)) - now;
      return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(wait / 1000)) };
    }
    return {
      allowed: true,
      succeeded: () => this.#counts.clear(attempt, buckets),
      cancelled: () => this.#counts.release(attempt, buckets),
    };
  }
}
