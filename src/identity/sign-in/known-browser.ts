import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Random, randomId } from '../../core/random.ts';
import type { Cookies } from '../../web/cookies.ts';

const maxAgeSeconds = 400 * 86_400;

/**
 * Recognises a browser in which an account has signed in before, by a cookie that this server alone can make. It proves
 * nobody's identity; it keeps a stranger's failures from slowing the user down.
 */
export class KnownBrowsers {
  readonly #cookies: Cookies;
  readonly #key: Uint8Array;
  readonly #random: Random;

  constructor(cookies: Cookies, key: Uint8Array, random: Random) {
    this.#cookies = cookies;
    this.#key = key;
    this.#random = random;
  }

  /** The browser's id, where it is known for this account. */
  recognise(request: Request, account: string): string | undefined {
    const [browserId, proof] = (this.#cookies.read(request, this.#cookieBase(account)) ?? '').split('.');
    if (browserId === undefined || proof === undefined) return undefined;
    const expected = Buffer.from(this.#proof(browserId, account));
    const presented = Buffer.from(proof);
    return expected.length === presented.length && timingSafeEqual(expected, presented) ? browserId : undefined;
  }

  /** A `Set-Cookie` value that makes the browser known for this account. */
  remember(request: Request, account: string): string {
    const browserId = this.recognise(request, account) ?? randomId(this.#random);
    return this.#cookies.set(this.#cookieBase(account), `${browserId}.${this.#proof(browserId, account)}`, {
      maxAgeSeconds,
    });
  }

  // One cookie for each account, so that people who share a browser do not make it forget one another.
  #cookieBase(account: string): string {
    return `portcullis-known-${account.slice(0, 8)}`;
  }

  #proof(browserId: string, account: string): string {
    return createHmac('sha256', this.#key).update(`known browser\n${account}\n${browserId}`).digest('base64url');
  }
}
