import type { Clock } from '../../core/clock.ts';
import { type Row, type Statement, sql } from '../../core/database.ts';
import type { EventSink } from '../../core/events.ts';
import { encodedHeader, type SigningAlgorithm, type VerificationKey } from '../../oauth/token/access-token-jwt.ts';
import { lifeOf, type SigningKeyStore, type StoredSigningKey } from './signing-key-store.ts';

const day = 86_400_000;

/** No access token lives longer (the settings refuse it), whatever they were when it was issued; with five minutes to spare. */
const longestTokenLife = day + 300_000;

export interface SigningKeysOptions {
  readonly store: SigningKeyStore;
  readonly clock: Clock;
  readonly report: EventSink;
  readonly algorithm: SigningAlgorithm;
  /** How long a key is published before tokens are signed with it, so that whoever caches the set knows it: milliseconds. */
  readonly publishAhead: number;
  /** The age at which a key is replaced, in milliseconds; 0: only by command. */
  readonly replaceAfter: number;
}

/**
 * `ahead`: the new key is published now and signs later. `at once`: it signs now; the old ones stay published. `old ones
 * are compromised`: they are removed, and every access token that they signed ends.
 */
export type RotationKind = 'ahead' | 'at once' | 'old ones are compromised';

/**
 * The keys that access tokens are signed and verified with. The set follows what other processes do to it; a key that was
 * replaced is published until the last of its tokens has expired.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #keys: readonly StoredSigningKey[] = [];
  #byHeader: ReadonlyMap<string, VerificationKey> = new Map();
  #seenRevision: number | undefined;
  #version = 0;

  private constructor(options: SigningKeysOptions) {
    this.#options = options;
  }

  /**
   * Reads the keys, and makes the first one for the algorithm where there is none.
   * @throws ConfigurationError where one was encrypted under another master key
   */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = new SigningKeys(options);
    await keys.#reload('refuse');
    await keys.#ensureOne();
    return keys;
  }

  /** The key that new tokens are signed with. */
  get current(): StoredSigningKey {
    const now = this.#options.clock.now();
    const own = this.#keys.filter((key) => key.algorithm === this.#options.algorithm);
    const active = own.filter((key) => key.activeFrom <= now);
    // A clock that went back must not leave the server without a key.
    const current = active.findLast((key) => !this.#isRetired(key)) ?? active.at(-1) ?? own[0];
    if (current === undefined) throw new Error(`there is no ${this.#options.algorithm} signing key`);
    return current;
  }

  /** Every key, the oldest first. */
  get all(): readonly StoredSigningKey[] {
    return this.#keys;
  }

  /** Every key that a live token may have been signed with, by its tokens' encoded header. */
  get byHeader(): ReadonlyMap<string, VerificationKey> {
    return this.#byHeader;
  }

  /** Grows whenever a key was added or removed: what was verified before must be verified again. */
  get version(): number {
    return this.#version;
  }

  /** The public halves. @see RFC 7517 §4 */
  publicJwks(): Record<string, unknown>[] {
    return this.#keys.map((key) => ({
      ...key.publicKey.export({ format: 'jwk' }),
      kid: key.keyId,
      alg: key.algorithm,
      use: 'sig',
    }));
  }

  /** Takes up what another process may have done to the keys. Costs nothing where nobody has written. */
  refresh(): Promise<void> | undefined {
    return this.#options.store.revision() === this.#seenRevision ? undefined : this.#reload('report');
  }

  /**
   * Makes a new key, which takes over from all others. Resolves to it.
   * @param kind what becomes of the others, and when
   */
  async rotate(kind: RotationKind): Promise<StoredSigningKey> {
    await this.#rotateWhere(kind, sql('1 = 1'));
    const newest = this.#keys.findLast((key) => key.algorithm === this.#options.algorithm);
    if (newest === undefined) throw new Error('no signing key could be made');
    return newest;
  }

  /** Replaces the key where it is due, and removes those whose last token has expired. Resolves to how many it removed. */
  async maintain(): Promise<number> {
    const { clock, store, algorithm, replaceAfter } = this.#options;
    await this.refresh();
    await this.#ensureOne();
    const now = clock.now();
    const newest = this.#keys.findLast((key) => key.algorithm === algorithm);
    if (replaceAfter > 0 && newest !== undefined && newest.activeFrom <= now - replaceAfter) {
      // Every node may think of it at the same moment; one key is enough.
      const isDue = sql(
        'NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = ? AND active_from > ?)',
        algorithm,
        now - replaceAfter,
      );
      await this.#rotateWhere('ahead', isDue);
    }
    const removed = await store.removeRetired(now - longestTokenLife);
    if (removed > 0) await this.#reload('report');
    return removed;
  }

  async #rotateWhere(kind: RotationKind, condition: Statement): Promise<void> {
    const { clock, store, algorithm, publishAhead, report } = this.#options;
    const now = clock.now();
    const activeFrom = kind === 'ahead' ? now + publishAhead : now;
    const others = kind === 'old ones are compromised' ? 'delete' : 'retire';
    const keyId = await store.add(algorithm, { now, activeFrom }, others, condition);
    await this.#reload('report');
    if (keyId === undefined) return;
    const from = new Date(activeFrom).toISOString();
    report({
      name: 'keys.rotated',
      reason: `${algorithm} key ${keyId} signs from ${from}; the others were ${others}d`,
    });
  }

  async #ensureOne(): Promise<void> {
    const { clock, store, algorithm } = this.#options;
    const isLive = (key: StoredSigningKey) => key.algorithm === algorithm && !this.#isRetired(key);
    if (this.#keys.some(isLive)) return;
    const now = clock.now();
    const isMissing = sql(
      'NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = ? AND (retires_at IS NULL OR retires_at > ?))',
      algorithm,
      now,
    );
    await store.add(algorithm, { now, activeFrom: now }, 'keep', isMissing);
    await this.#reload('refuse');
  }

  #isRetired({ retiresAt }: StoredSigningKey): boolean {
    return retiresAt !== undefined && retiresAt <= this.#options.clock.now();
  }

  /** @param unreadable what to do about a key that cannot be decrypted: at the start everything depends on it */
  async #reload(unreadable: 'refuse' | 'report'): Promise<void> {
    const { store, report } = this.#options;
    const revision = store.revision();
    const known = new Map(this.#keys.map((key) => [key.keyId, key]));
    const keyOf = (row: Row): readonly StoredSigningKey[] => {
      const before = known.get(row['key_id'] as string);
      if (before !== undefined) return [{ ...withoutLife(before), ...lifeOf(row) }];
      try {
        return [store.decrypt(row)];
      } catch (error) {
        if (unreadable === 'refuse') throw error;
        report({ name: 'server.error', reason: 'a new signing key cannot be read', error });
        return [];
      }
    };
    const keys = (await store.rows()).flatMap(keyOf);
    if (keys.length !== known.size || keys.some(({ keyId }) => !known.has(keyId))) this.#version += 1;
    this.#keys = keys;
    this.#byHeader = new Map(keys.map((key) => [encodedHeader(key), key]));
    this.#seenRevision = revision;
  }
}

function withoutLife({ keyId, algorithm, privateKey, publicKey }: StoredSigningKey) {
  return { keyId, algorithm, privateKey, publicKey };
}
