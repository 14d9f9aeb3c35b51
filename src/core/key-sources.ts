import { readFileSync, statSync } from 'node:fs';
import { EgressError } from './egress/errors.ts';
import type { Fetcher } from './egress/fetcher.ts';
import type { IssuerKeys } from './identity-assertions.ts';
import { fittingKeys, type NamedKey, usableKeysIn } from './key-set.ts';
import type { PublicJwk } from './public-jwk.ts';
import { ConfigurationError } from './urls.ts';

/** Most keys of one issuer: all of them may have to be tried. */
const maximumKeys = 50;
const maximumFileBytes = 1_048_576;
/** How old a fetched key set may be where it lacks the key that is named: no signature makes it be fetched more often. */
const newestAfter = 30_000;

/** Where the keys of one issuer are looked up. */
export interface KeySource {
  /**
   * The keys that a signature may have been made with.
   * @throws EgressError where they have to be fetched, and cannot be
   */
  keysFor(named: NamedKey): Promise<readonly PublicJwk[]>;
}

export interface KeySourceParts {
  readonly egress: Fetcher | undefined;
  /** Told once for each new state of a file that cannot be used; the keys before it stay. */
  readonly onBroken: (reason: string) => void;
}

/**
 * @param setting name of the setting, for messages
 * @throws ConfigurationError where the keys cannot be had, with what to change
 */
export function keySource(setting: string, keys: IssuerKeys, { egress, onBroken }: KeySourceParts): KeySource {
  if ('url' in keys) return new FetchedKeys(setting, keys.url, egress);
  if ('file' in keys) return new KeysInFile(setting, keys.file, onBroken);
  const fixed = usableKeysIn(JSON.stringify(keys.jwks), maximumKeys);
  if (fixed.length === 0) throw new ConfigurationError(`${setting}: ${noKeys}`);
  return { keysFor: async (named) => fittingKeys(fixed, named) };
}

const noKeys = 'there is no usable public key in it; it has to be a JWK Set with keys for EdDSA, ES256, RS256 or PS256';

class FetchedKeys implements KeySource {
  readonly #url: string;
  readonly #egress: Fetcher;
  readonly #parsed = new WeakMap<object, readonly PublicJwk[]>();

  constructor(setting: string, url: string, egress: Fetcher | undefined) {
    if (egress === undefined)
      throw new ConfigurationError(
        `${setting} is a URL, and this server fetches nothing: enable egress, or keep the keys in a file`,
      );
    try {
      egress.check(url);
    } catch (error) {
      if (error instanceof EgressError) throw new ConfigurationError(`${setting} '${url}': ${error.detail}`);
      throw error;
    }
    this.#url = url;
    this.#egress = egress;
  }

  async keysFor(named: NamedKey): Promise<readonly PublicJwk[]> {
    const known = fittingKeys(await this.#fetched(undefined), named);
    return known.length > 0 ? known : fittingKeys(await this.#fetched(newestAfter), named);
  }

  async #fetched(maximumAge: number | undefined): Promise<readonly PublicJwk[]> {
    const document = await this.#egress.fetch({
      url: this.#url,
      purpose: 'issuer_keys',
      ...(maximumAge === undefined ? {} : { maximumAge }),
    });
    const known = this.#parsed.get(document);
    if (known !== undefined) return known;
    const keys = usableKeysIn(document.text, maximumKeys);
    this.#parsed.set(document, keys);
    return keys;
  }
}

/** Keys in a file. Looked at whenever they are used: who replaces the file need tell nobody. */
class KeysInFile implements KeySource {
  readonly #path: string;
  readonly #onBroken: (reason: string) => void;
  #fingerprint: string;
  #keys: readonly PublicJwk[];

  constructor(setting: string, path: string, onBroken: (reason: string) => void) {
    this.#path = path;
    this.#onBroken = onBroken;
    try {
      this.#fingerprint = fingerprintOf(path);
      this.#keys = keysIn(path);
    } catch (error) {
      throw new ConfigurationError(`${setting}: the key set ${path} cannot be used: ${(error as Error).message}`);
    }
  }

  async keysFor(named: NamedKey): Promise<readonly PublicJwk[]> {
    this.#readAgain();
    return fittingKeys(this.#keys, named);
  }

  #readAgain(): void {
    const fingerprint = fingerprintOf(this.#path);
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    try {
      this.#keys = keysIn(this.#path);
    } catch (error) {
      this.#onBroken(
        `the key set ${this.#path} cannot be used, the one before it still is: ${(error as Error).message}`,
      );
    }
  }
}

// Follows symbolic links, which is how mounted volumes replace files.
function fingerprintOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? 'missing' : `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

/** @throws Error where the file cannot be read, or holds no usable key */
function keysIn(path: string): readonly PublicJwk[] {
  if (statSync(path).size > maximumFileBytes) throw new Error(`it is larger than ${maximumFileBytes} bytes`);
  const keys = usableKeysIn(readFileSync(path, 'utf8'), maximumKeys);
  if (keys.length === 0) throw new Error(noKeys);
  return keys;
}
