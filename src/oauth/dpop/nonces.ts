import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Nonces that nothing has to remember: a keyed hash of the period of time that they belong to. Any node with the key
 * takes what another one gave out, and nobody without it can tell those of the future.
 * @see RFC 9449 §8, §9
 */
export class DpopNonces {
  readonly #key: Uint8Array;
  readonly #lifetime: number;

  /** @param lifetime of one period in milliseconds */
  constructor(key: Uint8Array, lifetime: number) {
    this.#key = key;
    this.#lifetime = lifetime;
  }

  /** The nonce to give out. @param now milliseconds since the epoch */
  current(now: number): string {
    return this.#ofPeriod(this.#periodAt(now));
  }

  /** Whether a nonce is of this period or a neighbouring one: the last one's are still in use, and clocks of nodes differ. */
  accepts(nonce: string, now: number): boolean {
    const period = this.#periodAt(now);
    return [period, period - 1, period + 1].some((candidate) => isSame(this.#ofPeriod(candidate), nonce));
  }

  #periodAt(now: number): number {
    return Math.floor(now / this.#lifetime);
  }

  #ofPeriod(period: number): string {
    return createHmac('sha256', this.#key).update(`DPoP nonce ${period}`).digest('base64url');
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
