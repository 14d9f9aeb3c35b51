import type { Clock } from '../core/clock.ts';
import type { Database } from '../core/database.ts';
import { growingCache } from '../core/growing-cache.ts';
import { hashSecret } from '../core/hash.ts';
import type { SecretHash } from '../core/ids.ts';
import type { AccessToken } from '../core/records.ts';
import { readAccessToken, signAccessToken } from '../oauth/token/access-token-jwt.ts';
import type { GrantStore } from '../oauth/token/grant-store.ts';
import type { SigningKeys } from '../operations/keys/signing-keys.ts';

interface VerifiedEntry {
  readonly record: AccessToken;
  /** The state of the world at which the grant was last seen alive. */
  revision: number;
  revocations: number;
  /** Of the set of keys that its signature was verified with. */
  readonly keysVersion: number;
}

/**
 * Signs access tokens and finds them again. A token seen before costs a hash and a look-up; its grant is asked for again
 * only where something may have been revoked since: by this process, or by another one that wrote to the database.
 */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #grants: GrantStore;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #issuer: string;
  readonly #verified = growingCache<SecretHash, VerifiedEntry>(50_000);

  constructor(parts: { keys: SigningKeys; grants: GrantStore; database: Database; clock: Clock; issuer: string }) {
    this.#keys = parts.keys;
    this.#grants = parts.grants;
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#issuer = parts.issuer;
  }

  /**
   * Takes up what another process may have done to the keys. To be awaited before anything is spent for a token, so that
   * nothing is spent for one that cannot be signed.
   */
  prepare(): Promise<void> | undefined {
    return this.#keys.refresh();
  }

  sign(token: AccessToken): string {
    return signAccessToken(token, this.#issuer, this.#keys.current);
  }

  /** The token's record, or `undefined` where it is not ours, has expired, or its grant is revoked. */
  async find(jwt: string): Promise<AccessToken | undefined> {
    const hash = hashSecret(jwt);
    const revision = this.#database.revision();
    const { revocations } = this.#grants;
    const known = this.#known(hash);
    if (known !== undefined && known.revision === revision && known.revocations === revocations)
      return this.#isExpired(known.record) ? undefined : known.record;
    await this.#keys.refresh();
    const record = this.#known(hash)?.record ?? readAccessToken(jwt, this.#issuer, this.#keys.byHeader);
    const keysVersion = this.#keys.version;
    if (record === undefined || this.#isExpired(record)) return undefined;
    if (!(await this.#grants.isAlive(record.grantId))) {
      this.#verified.delete(hash);
      return undefined;
    }
    this.#verified.set(hash, { record, revision, revocations, keysVersion });
    return record;
  }

  #isExpired({ expiresAt }: AccessToken): boolean {
    return expiresAt <= this.#clock.now();
  }

  // A key that was removed takes its tokens along.
  #known(hash: SecretHash): VerifiedEntry | undefined {
    const entry = this.#verified.get(hash);
    return entry?.keysVersion === this.#keys.version ? entry : undefined;
  }
}
