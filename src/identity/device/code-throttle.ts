import { createHmac } from 'node:crypto';
import { addressKey, networkKey } from '../../core/address.ts';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/database.ts';
import type { RequestContext } from '../../core/http.ts';
import type { Random } from '../../core/random.ts';
import { resolveThrottleLimits, type ThrottleLimits } from '../../core/throttle/limits.ts';
import { type Attempt, Throttle } from '../../core/throttle/throttle.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { FailureStore } from '../sign-in/failure-store.ts';

export interface UserCodeThrottleOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** At least 32 random bytes. */
  readonly key: Uint8Array;
  readonly limits?: Partial<ThrottleLimits>;
}

/**
 * Slows the guessing of user codes down: by user, wherever from, and by address, whoever the user is.
 * @see RFC 8628 §5.1
 */
export class UserCodeThrottle {
  readonly #throttle: Throttle;
  readonly #key: Uint8Array;

  /**
   * @throws TypeError where the key is shorter than 32 bytes
   * @throws ConfigurationError where a limit is not a whole number above 0
   */
  constructor({ database, clock, random, key, limits }: UserCodeThrottleOptions) {
    if (key.byteLength < 32) throw new TypeError('the key must have at least 32 bytes');
    const resolved = resolveThrottleLimits('user code', limits);
    this.#key = key;
    this.#throttle = new Throttle(new FailureStore(database, resolved), resolved, clock, random);
  }

  /** Asks whether a code may be looked up. */
  begin({ user }: AuthenticatedUser, { clientAddress }: RequestContext): Promise<Attempt> {
    const account = this.#hash('user', user.userId);
    const address = addressKey(clientAddress);
    const network = networkKey(clientAddress);
    return this.#throttle.begin({
      account,
      // Only somebody signed in as this user can spend the user's attempts, so an address more is no attempt more.
      own: account,
      shared: {
        everywhere: this.#hash('everywhere', user.userId),
        address: this.#hash('address', address),
        ...(network === undefined ? {} : { network: this.#hash('network', network) }),
      },
    });
  }

  // Keyed, because addresses are few enough to be found by trying.
  #hash(...parts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(parts.join('\n')).digest('base64url');
  }
}
