import { createHmac } from 'node:crypto';
import { addressKey, networkKey } from '../../core/address.ts';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/database.ts';
import type { RequestContext } from '../../core/http.ts';
import type { Random } from '../../core/random.ts';
import { resolveThrottleLimits, type ThrottleLimits } from '../../core/throttle/limits.ts';
import { PatientThrottle } from '../../core/throttle/patient-throttle.ts';
import { type Buckets, Throttle } from '../../core/throttle/throttle.ts';
import type { Cookies } from '../../web/cookies.ts';
import { userKey } from '../users/user.ts';
import { FailureStore } from './failure-store.ts';
import { KnownBrowsers } from './known-browser.ts';

export interface SignInThrottleOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly cookies: Cookies;
  /** At least 32 random bytes, kept across restarts: known browsers are recognised by it. */
  readonly key: Uint8Array;
  readonly limits?: Partial<ThrottleLimits>;
}

/** Whether a sign-in may be tried now. Whoever is told so says how it went, whatever happens: others wait for that. */
export type SignInAttempt =
  | {
      readonly allowed: true;
      /** The password was right. Resolves to a `Set-Cookie` value by which this browser is known from now on. */
      succeeded(): Promise<string>;
      /** The password was wrong. */
      failed(): void;
      /** The password was not even tried. */
      cancelled(): Promise<void>;
    }
  | { readonly allowed: false; readonly retryAfterSeconds: number };

/**
 * Slows the guessing of passwords down. A browser that has signed in to the account before is known to it.
 * @see Throttle
 */
export class SignInThrottle {
  readonly #key: Uint8Array;
  readonly #failures: FailureStore;
  readonly #throttle: PatientThrottle;
  readonly #browsers: KnownBrowsers;

  /**
   * @throws TypeError where the key is shorter than 32 bytes
   * @throws ConfigurationError where a limit is not a whole number above 0
   */
  constructor({ database, clock, random, cookies, key, limits }: SignInThrottleOptions) {
    if (key.byteLength < 32) throw new TypeError('the key must have at least 32 bytes');
    const resolved = resolveThrottleLimits('sign-in', limits);
    this.#key = key;
    this.#failures = new FailureStore(database, resolved);
    this.#throttle = new PatientThrottle(new Throttle(this.#failures, resolved, clock, random));
    this.#browsers = new KnownBrowsers(cookies, key, random);
  }

  /** Asks whether a password may be tried, before it is hashed. Any number of people at one address may come at once. */
  async begin(userName: string, request: Request, context: RequestContext): Promise<SignInAttempt> {
    const account = this.#account(userName);
    const place = addressKey(context.clientAddress);
    const attempt = await this.#throttle.begin(place, () => this.#buckets(account, request, context));
    if (!attempt.allowed) return attempt;
    return {
      ...attempt,
      succeeded: async () => {
        await attempt.succeeded();
        return this.#browsers.remember(request, account);
      },
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
    return createHmac('sha256', this.#key).update(parts.join('\n')).digest('base64url');
  }
}
