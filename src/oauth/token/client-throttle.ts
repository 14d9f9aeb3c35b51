import { addressKey, networkKey } from '../../core/address.ts';
import type { Clock } from '../../core/clock.ts';
import { growingCache } from '../../core/growing-cache.ts';
import { hashSecret } from '../../core/hash.ts';
import type { RequestContext } from '../../core/http.ts';
import type { Random } from '../../core/random.ts';
import type { ThrottleLimits } from '../../core/throttle/limits.ts';
import { MemoryFailures } from '../../core/throttle/memory-failures.ts';
import { type PatientAttempt, PatientThrottle } from '../../core/throttle/patient-throttle.ts';
import { type Buckets, Throttle } from '../../core/throttle/throttle.ts';
import type { PresentedCredentials } from './client-authentication-method.ts';

const maximumKnown = 50_000;

/**
 * Slows the guessing of what clients authenticate with, as signing in slows the guessing of passwords. A client is known
 * where what it presents was right before from the same address: then strangers who fail in its name there do not slow it.
 * Kept in memory, by this process alone: secrets of 256 random bits need no memory that survives a restart, and what
 * strangers send must not make the database write.
 * @see OAuth 2.1 §2.4.1
 */
export class ClientThrottle {
  readonly #throttle: PatientThrottle;
  readonly #known = growingCache<string, true>(maximumKnown);

  constructor(limits: ThrottleLimits, clock: Clock, random: Random) {
    this.#throttle = new PatientThrottle(new Throttle(new MemoryFailures(limits), limits, clock, random));
  }

  /**
   * Asks whether credentials may be looked at, before the client is looked up. A client may send any number of requests at
   * once.
   */
  async begin(
    { clientId, familiar }: Pick<PresentedCredentials, 'clientId' | 'familiar'>,
    { clientAddress }: RequestContext,
  ): Promise<PatientAttempt> {
    const address = addressKey(clientAddress);
    const known = key('known', clientId, address, familiar);
    const attempt = await this.#throttle.begin(address, () => this.#buckets(clientId, clientAddress, known));
    if (!attempt.allowed) return attempt;
    return {
      ...attempt,
      succeeded: () => {
        this.#known.set(known, true);
        return attempt.succeeded();
      },
    };
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
