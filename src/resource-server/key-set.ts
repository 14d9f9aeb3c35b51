import type { Clock } from '../core/clock.ts';
import type { Fetcher } from '../core/egress/fetcher.ts';
import { growingCache } from '../core/growing-cache.ts';
import { hashSecret } from '../core/hash.ts';
import type { SecretHash } from '../core/ids.ts';
import { listedKeysIn, usableKeys } from '../core/key-set.ts';
import { type PublicJwk, publicKeyOf } from '../core/public-jwk.ts';
import type { AccessToken } from '../core/records.ts';
import { ConfigurationError } from '../core/urls.ts';
import {
  encodedHeader,
  readAccessToken,
  signingAlgorithms,
  type VerificationKey,
} from '../oauth/token/access-token-jwt.ts';
import type { TokenSource } from './token-source.ts';

/**
 * Tokens are verified with the authorization server's published keys: no question to it for each token, and a revoked one
 * counts until it expires.
 */
export interface KeySet {
  readonly kind: 'key set';
  /** The keys themselves, where there is no network between the servers. They must be renewed when they are replaced. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[];
  /** Where they are published. Default: `/jwks.json` at the issuer. */
  readonly url?: string;
}

/** How old a key set may be when a token names a key that is not in it: milliseconds. */
const unknownKeyAge = 60_000;

const maximumKeys = 100;

type Keys = ReadonlyMap<string, VerificationKey>;

/** Verifies tokens with a key set. What it verified it remembers, for as long as the keys are the same. */
export class KeySetSource implements TokenSource {
  readonly #issuer: string;
  readonly #clock: Clock;
  readonly #load: (maximumAge?: number) => Promise<Keys>;
  readonly #verified = growingCache<SecretHash, { readonly record: AccessToken; readonly keys: Keys }>(50_000);
  #parsed: { readonly text: string; readonly keys: Keys } | undefined;

  /** @throws ConfigurationError where it has neither keys nor a way to fetch them */
  constructor({ keys, url }: KeySet, issuer: string, parts: { clock: Clock; fetcher: Fetcher | undefined }) {
    this.#issuer = issuer;
    this.#clock = parts.clock;
    const { fetcher } = parts;
    if (keys !== undefined) {
      const given = keysByHeader(keys);
      if (given.size === 0) throw new ConfigurationError('tokens.keys holds no key that access tokens are signed with');
      this.#load = async () => given;
      return;
    }
    const keySetUrl = url ?? `${issuer.replace(/\/$/, '')}/jwks.json`;
    if (fetcher === undefined)
      throw new ConfigurationError(`set egress, so that ${keySetUrl} can be fetched, or give the keys in tokens.keys`);
    fetcher.check(keySetUrl);
    this.#load = async (maximumAge) => {
      const { text } = await fetcher.fetch({
        url: keySetUrl,
        purpose: 'issuer_keys',
        ...(maximumAge === undefined ? {} : { maximumAge }),
      });
      return this.#parse(text);
    };
  }

  async find(token: string): Promise<AccessToken | undefined> {
    const header = token.slice(0, Math.max(0, token.indexOf('.')));
    let keys = await this.#load();
    // A new key: asked for at most once a minute, because anybody can name a key that does not exist.
    if (!keys.has(header) && header !== '' && header.length < 512) keys = await this.#load(unknownKeyAge);
    const hash = hashSecret(token);
    const known = this.#verified.get(hash);
    const record = known?.keys === keys ? known.record : readAccessToken(token, this.#issuer, keys);
    if (record === undefined || !(record.expiresAt > this.#clock.now())) return undefined;
    this.#verified.set(hash, { record, keys });
    return record;
  }

  // One text is one map, so that what was verified with it stays verified.
  #parse(text: string): Keys {
    if (this.#parsed?.text === text) return this.#parsed.keys;
    const listed = listedKeysIn(text);
    if (listed === undefined) throw new Error('the authorization server publishes no key set');
    this.#parsed = { text, keys: keysByHeader(listed) };
    return this.#parsed.keys;
  }
}

/** Keys by the encoded header of the tokens that they sign; those of other kinds are left out. */
function keysByHeader(listed: readonly unknown[]): Keys {
  const usable = usableKeys(listed, maximumKeys)
    .map(verificationKey)
    .filter((key) => key !== undefined);
  return new Map(usable.map((key) => [encodedHeader(key), key]));
}

// RFC 8725 §3.1: the algorithm belongs to the key; that it is of its kind was checked where the key was read.
function verificationKey(key: PublicJwk): VerificationKey | undefined {
  const algorithm = signingAlgorithms.find((name) => name === key.alg);
  if (key.kid === undefined || algorithm === undefined) return undefined;
  return { keyId: key.kid, algorithm, publicKey: publicKeyOf(key) };
}
