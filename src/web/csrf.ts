import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Params } from '../core/params.ts';
import { type Random, randomSecret } from '../core/random.ts';
import { originOf } from '../core/urls.ts';
import { createCookies, parseCookies } from './cookies.ts';

/** The form field that carries the token. */
export const csrfField = 'csrf_token';

/** `ok`, or why a form is refused: no token, a token of another browser or purpose, or a post from another site. */
export type CsrfVerdict = 'ok' | 'missing' | 'mismatch' | 'cross-site';

export interface IssuedCsrfToken {
  readonly token: string;
  /** A `Set-Cookie` value to send with the page; absent where the browser has its binding cookie already. */
  readonly setCookie?: string;
}

/** Stateless double-submit tokens: any number of tabs and copies of a page work at once. */
export interface Csrf {
  /**
   * A token for one purpose in one browser. All tokens issued for one request share one cookie.
   * @param purpose what the form does and to what, such as `consent:<request id>:<user id>`
   */
  issue(request: Request, purpose: string): IssuedCsrfToken;
  /**
   * Judges a posted form; nothing of it may be used unless the answer is `ok`.
   * @param submitted the form, or its token
   */
  check(request: Request, submitted: Params | string | undefined, purpose: string): CsrfVerdict;
}

export interface CsrfOptions {
  /** At least 32 random bytes, the same in every process of a deployment. */
  readonly key: Uint8Array;
  /** The public URL that the pages are served under: decides the cookie's name and which `Origin` is ours. */
  readonly baseUrl: string;
  readonly random: Random;
}

const cookieBase = 'portcullis-browser';
const slots = 16;

/** @throws TypeError where the key is shorter than 32 bytes */
export function createCsrf(options: CsrfOptions): Csrf {
  if (options.key.byteLength < 32) throw new TypeError('the CSRF key must have at least 32 bytes');
  const cookies = createCookies(options.baseUrl);
  const ownOrigin = originOf(options.baseUrl);

  // Two pages that a new browser loads at the same moment each set a binding cookie. Random slots keep the later answer
  // from overwriting the earlier one's, and every binding that the browser has is good.
  const slotNames = Array.from({ length: slots }, (_, slot) => cookies.name(`${cookieBase}-${slot.toString(16)}`));

  function bindings(request: Request): string[] {
    const sent = parseCookies(request.headers.get('cookie'));
    return slotNames
      .map((name) => sent.get(name))
      .filter((value) => value !== undefined && /^[\w-]{43}$/.test(value)) as string[];
  }

  const minted = new WeakMap<Request, { readonly binding: string; readonly setCookie: string }>();

  function mint(request: Request) {
    const binding = randomSecret(options.random);
    const slot = (options.random.bytes(1)[0] ?? 0) % slots;
    const fresh = { binding, setCookie: cookies.set(`${cookieBase}-${slot.toString(16)}`, binding) };
    minted.set(request, fresh);
    return fresh;
  }

  const tokenFor = (binding: string, purpose: string) =>
    createHmac('sha256', options.key).update(`${binding}\n${purpose}`).digest('base64url');

  return {
    issue(request, purpose) {
      const [known] = bindings(request);
      if (known !== undefined) return { token: tokenFor(known, purpose) };
      const { binding, setCookie } = minted.get(request) ?? mint(request);
      return { token: tokenFor(binding, purpose), setCookie };
    },

    check(request, submitted, purpose) {
      if (comesFromAnotherSite(request, ownOrigin)) return 'cross-site';
      const token = typeof submitted === 'string' || submitted === undefined ? submitted : submitted.get(csrfField);
      const known = bindings(request);
      if (token === undefined || token === '' || known.length === 0) return 'missing';
      return known.some((binding) => equal(token, tokenFor(binding, purpose))) ? 'ok' : 'mismatch';
    },
  };
}

function comesFromAnotherSite(request: Request, ownOrigin: string): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site === 'cross-site' || site === 'same-site') return true;
  // Browsers send `null` for privacy reasons also from our own pages: there the token decides.
  const origin = request.headers.get('origin');
  return origin !== null && origin !== 'null' && origin !== ownOrigin;
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
