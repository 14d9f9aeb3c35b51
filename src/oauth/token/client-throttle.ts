import { addressKey, networkKey } from '../../core/address.ts';
import type { Clock } from '../../core/clock.ts';
import { growingCache } from '../../core/growing-cache.ts';
import { hashSecret } from '../../core/hash.ts';
import type { RequestContext } from '../../core/http.ts';
import type { Random } from '../../core/random.ts';
import type { ThrottleLimits } from '../../core/throttle/limits.ts';
import { MemoryFailures } from '../../core/throttle/memory-failures.ts';
import { type Attempt, type Buckets, Throttle } from '../../core/throttle/throttle.ts';
import type { PresentedCredentials } from './client-authentication-method.ts';

const maximumKnown = 50_000;

/** Whether credentials may be looked at now. Whoever is told so says how it went, whatever happens. */
export type ClientAttempt =
  | (Extract<Attempt, { readonly allowed: true }> & {
      /** The credentials were wrong. */
      failed(): void;
    })
  | Extract<Attempt, { readonly allowed: false }>;

/** The attempts of one address that are under way, and those that wait for one of them to end. */
interface UnderWay {
  attempts: number;
  readonly waiting: (() => void)[];
}

/**
 * Slows the guessing of what clients authenticate with, as signing in slows the guessing of passwords. A client is known
 * where what it presents was right before from the same address: then strangers who fail in its name there do not slow it.
 * Kept in memory, by this process alone: secrets of 256 random bits need no memory that survives a restart, and what
 * strangers send must not make the database write.
 * @see OAuth 2.1 §2.4.1
 */
export class ClientThrottle {
  readonly #throttle: Throttle;
  readonly #known = growingCache<string, true>(maximumKnown);
  readonly #underWay = new Map<string, UnderWay>();

  constructor(limits: ThrottleLimits, clock: Clock, random: Random) {
    this.#throttle = new Throttle(new MemoryFailures(limits), limits, clock, random);
  }

  /**
   * Asks whether credentials may be looked at, before the client is looked up. What counts as failed only because it has
   * not ended yet is waited for, so that a client may send any number of requests at once.
   */
  async begin(
    { clientId, familiar }: Pick<PresentedCredentials, 'clientId' | 'familiar'>,
    { clientAddress }: RequestContext,
  ): Promise<ClientAttempt> {
    const address = addressKey(clientAddress);
    const known = key('known', clientId, address, familiar);
    for (;;) {
      const attempt = await this.#throttle.begin(this.#buckets(clientId, clientAddress, known));
      const underWay = this.#underWay.get(address) ?? { attempts: 0, waiting: [] };
      if (attempt.allowed) {
        this.#underWay.set(address, underWay);
        underWay.attempts += 1;
        return {
          ...attempt,
          succeeded: async () => {
            await attempt.succeeded();
            this.#known.set(known, true);
            this.#end(address, underWay);
          },
          cancelled: async () => {
            await attempt.cancelled();
            this.#end(address, underWay);
          },
          failed: () => this.#end(address, underWay),
        };
      }
      if (underWay.attempts === 0) {
        // Those behind it learn the same.
        this.#wakeNext(address, underWay);
        return attempt;
      }
      await new Promise<void>((resolve) => underWay.waiting.push(resolve));
    }
  }

  // One that ends lets one other try, which lets the next one try when it ends.
  #end(address: string, underWay: UnderWay): void {
    underWay.attempts -= 1;
    this.#wakeNext(address, underWay);
  }

  #wakeNext(address: string, underWay: UnderWay): void {
    underWay.waiting.shift()?.();
    if (underWay.attempts === 0 && underWay.waiting.length === 0) this.#underWay.delete(address);
  }

  #buckets(clientId: string, clientAddress: string | undefined, known: string): Buckets {
    const account = key('client', clientId);
    if (this.#known.get(known) === true) return { account, own: known };
    const address = addressKey(clientAddress);
    const network = networkKey(clientAddress);
    return {
      account,
      own: key('client and address', clientId, address),
      shared: {
        everywhere: account,
        address: key('address', address),
        ...(network === undefined ? {} : { network: key('network', network) }),
      },
    };
  }
}

// Of one length, whatever was sent.
function key(...parts: readonly string[]): string {
  return hashSecret(JSON.stringify(parts));
}
