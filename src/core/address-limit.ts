import { addressKey, networkKey, networkShare } from './address.ts';
import type { Clock } from './clock.ts';
import { RateLimit, type RateLimitOptions } from './rate-limit.ts';

/** How often something may be done from one address, and ten times as often from one IPv6 network. */
export class AddressLimit {
  readonly #address: RateLimit;
  readonly #network: RateLimit;

  constructor({ limit, window }: RateLimitOptions, clock: Clock) {
    this.#address = new RateLimit({ limit, window }, clock);
    this.#network = new RateLimit({ limit: limit * networkShare, window }, clock);
  }

  /**
   * Counts one event of an address, and of its network where it has one. Answers 0, or the seconds to wait.
   * @param clientAddress as the host tells it
   */
  take(clientAddress: string | undefined): number {
    const wait = this.#address.take(addressKey(clientAddress));
    const key = networkKey(clientAddress);
    return wait > 0 || key === undefined ? wait : this.#network.take(key);
  }
}
