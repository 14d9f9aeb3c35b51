import { createHmac } from 'node:crypto';
import { addressKey, networkKey } from '../../core/address.ts';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/database.ts';
import type { RequestContext } from '../../core/http.ts';
import { type Random, randomId } from '../../core/random.ts';
import type { Cookies } from '../../web/cookies.ts';
import { userKey } from '../users/user.ts';
import { type Buckets, FailureStore } from './failure-store.ts';
import { KnownBrowsers } from './known-browser.ts';
import { pauseUnderAttack, resolveThrottleLimits, type ThrottleLimits } from './throttle-limits.ts';

export interface SignInThrottleOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly cookies: Cookies;
  /** At least 32 random bytes, kept across restarts: known browsers are recognised by it. */
  readonly key: Uint8Array;
  readonly limits?: Partial<ThrottleLimits>;
}

/** Whether a sign-in may be tried now. One that may counts as failed until it is said to have succeeded. */
export type SignInAttempt =
  | {
      readonly allowed: true;
      /** The password was right. Resolves to a `Set-Cookie` value by which this browser is known from now on. */
      succeeded(): Promise<string>;
      /** The password was not even tried. */
      cancelled(): Promise<void>;
    }
  | { readonly allowed: false; readonly retryAfterSeconds: number };

/**
 * Slows guessing down without locking anybody out. Failures delay further attempts of the same address at the same
 * account, progressively; failures at many accounts delay all attempts of their address, and ten times as many from one
 * IPv6 /48 those of that; failures from many addresses at one account make every address pause between its attempts
 * there. But the first attempt of an address at an account is
 * never delayed for what others did there, and a browser that has signed in to the account before has a count of its own.
 * @see NIST SP 800-63B-4 §3.2.2
 */
export class SignInThrottle {
  readonly #options: SignInThrottleOptions;
  readonly #limits: ThrottleLimits;
  readonly #failures: FailureStore;
  readonly #browsers: KnownBrowsers;

  /**
   * @throws TypeError where the key is shorter than 32 bytes
   * @throws ConfigurationError where a limit is not a whole number above 0
   */
  constructor(options: SignInThrottleOptions) {
    if (options.key.byteLength < 32) throw new TypeError('the key must have at least 32 bytes');
    this.#options = options;
    this.#limits = resolveThrottleLimits(options.limits);
    this.#failures = new FailureStore(options.database, this.#limits);
    this.#browsers = new KnownBrowsers(options.cookies, options.key, options.random);
  }

  /** Asks whether a password may be tried, before it is hashed. */
  async begin(userName: string, request: Request, context: RequestContext): Promise<SignInAttempt> {
    const account = this.#account(userName);
    const buckets = this.#buckets(account, request, context);
    const now = this.#options.clock.now();
    const attempt = randomId(this.#options.random);
    const failures = buckets.shared === undefined ? 0 : await this.#failures.failuresAt(buckets.shared.everywhere, now);
    const pause = pauseUnderAttack(failures, this.#limits);
    if (!(await this.#failures.reserve(attempt, buckets, now, pause))) {
      const wait = (await this.#failures.nextAttemptAt(buckets, pause)) - now;
      return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(wait / 1000)) };
    }
    return {
      allowed: true,
      succeeded: async () => {
        await this.#failures.clear(attempt, buckets);
        return this.#browsers.remember(request, account);
      },
      cancelled: () => this.#failures.release(attempt, buckets),
    };
  }

  /** A `Set-Cookie` value for a browser in which the user has just been made. */
  remember(userName: string, request: Request): string {
    return this.#browsers.remember(request, this.#account(userName));
  }

  /** Forgets all failures at an account: for an administrator who has given it a new password. */
  async forget(userName: string): Promise<void> {
    await this.#failures.forgetAccount(this.#account(userName));
  }

  #account(userName: string): string {
    return this.#hash('account', userKey(userName));
  }

  #buckets(account: string, request: Request, context: RequestContext): Buckets {
    const browserId = this.#browsers.recognise(request, account);
    if (browserId !== undefined) return { account, own: this.#hash('browser', account, browserId) };
    const address = addressKey(context.clientAddress);
    const network = networkKey(context.clientAddress);
    return {
      account,
      own: this.#hash('account and address', account, address),
      shared: {
        everywhere: this.#hash('everywhere', account),
        address: this.#hash('address', address),
        ...(network === undefined ? {} : { network: this.#hash('network', network) }),
      },
    };
  }

  // Keyed, because addresses and user names are few enough to be found by trying.
  #hash(...parts: readonly string[]): string {
    return createHmac('sha256', this.#options.key).update(parts.join('\n')).digest('base64url');
  }
}
