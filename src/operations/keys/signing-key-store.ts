import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Database, type Row, type Statement, sql } from '../../core/database.ts';
import { type Random, randomId } from '../../core/random.ts';
import type { SigningAlgorithm, SigningKey } from '../../oauth/token/access-token-jwt.ts';
import { isEncryptedUnder } from './derived-keys.ts';
import type { MasterKey } from './master-key.ts';

/** A signing key with its life. Times are milliseconds since the epoch. */
export interface StoredSigningKey extends SigningKey {
  readonly createdAt: number;
  /** Published before, signed with from then on. */
  readonly activeFrom: number;
  /** When another one takes over; it stays published until the last of its tokens has expired. */
  readonly retiresAt?: number;
}

const columns = 'key_id, algorithm, private_key, created_at, active_from, retires_at';

/** Signing keys in the database, private halves encrypted, each for its own row. */
export class SigningKeyStore {
  readonly #database: Database;
  readonly #masterKey: MasterKey;
  readonly #random: Random;

  constructor(database: Database, masterKey: MasterKey, random: Random) {
    this.#database = database;
    this.#masterKey = masterKey;
    this.#random = random;
  }

  /** Changes whenever another process may have changed the keys. */
  revision(): number {
    return this.#database.revision();
  }

  /** Every row, the oldest first; the private half is still encrypted. */
  rows(): Promise<Row[]> {
    return this.#database.read(`SELECT ${columns} FROM signing_keys ORDER BY active_from, created_at, key_id`);
  }

  /** @throws ConfigurationError where the row was encrypted under another master key, or changed */
  decrypt(row: Row): StoredSigningKey {
    const keyId = row['key_id'] as string;
    const pkcs8 = this.#masterKey.decrypt(row['private_key'] as string, signingKeyPurpose(keyId));
    const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
    return {
      keyId,
      algorithm: row['algorithm'] as SigningAlgorithm,
      privateKey,
      publicKey: createPublicKey(privateKey),
      ...lifeOf(row),
    };
  }

  /**
   * Stores a new key where the condition holds, in one transaction with what becomes of the others. Resolves to its id, or
   * `undefined` where the condition did not hold.
   * @param others `keep`; `retire`: they stay published; `delete`: their tokens end with them
   */
  async add(
    algorithm: SigningAlgorithm,
    life: { readonly now: number; readonly activeFrom: number },
    others: 'keep' | 'retire' | 'delete',
    condition: Statement,
  ): Promise<string | undefined> {
    const keyId = randomId(this.#random);
    const pkcs8 = generate(algorithm).export({ format: 'der', type: 'pkcs8' });
    for (const attempt of ['first', 'with the master key as another process has replaced it']) {
      if (attempt !== 'first') this.#masterKey.reread();
      const { sql: underThisKey, values } = isEncryptedUnder(this.#masterKey);
      const [, , outcome] = await this.#database.write(
        sql(
          `INSERT INTO signing_keys (key_id, algorithm, private_key, created_at, active_from)
           SELECT ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) WHERE ${condition.sql} AND ${underThisKey}`,
          keyId,
          algorithm,
          this.#masterKey.encrypt(pkcs8, signingKeyPurpose(keyId)),
          life.now,
          life.activeFrom,
          ...condition.values,
          ...values,
        ),
        whatBecomesOfOthers(others, keyId, life.activeFrom),
        sql(
          `SELECT (SELECT count(*) FROM signing_keys WHERE key_id = ?) AS added,
             CASE WHEN ${underThisKey} THEN 1 ELSE 0 END AS under_this_key`,
          keyId,
          ...values,
        ),
      );
      if (Number(outcome?.[0]?.['added']) === 1) return keyId;
      if (outcome?.[0]?.['under_this_key'] === 1) return undefined;
    }
    return undefined;
  }

  /** Removes keys that retired before a time. Resolves to how many. */
  async removeRetired(before: number): Promise<number> {
    const [removed] = await this.#database.write(
      sql('DELETE FROM signing_keys WHERE retires_at < ? RETURNING key_id', before),
    );
    return removed?.length ?? 0;
  }
}

/** When a row's key was made, and when it signs. */
export function lifeOf(row: Row): Pick<StoredSigningKey, 'createdAt' | 'activeFrom' | 'retiresAt'> {
  const retiresAt = row['retires_at'] as number | null;
  return {
    createdAt: row['created_at'] as number,
    activeFrom: row['active_from'] as number,
    ...(retiresAt === null ? {} : { retiresAt }),
  };
}

export function signingKeyPurpose(keyId: string): string {
  return `signing key ${keyId}`;
}

function whatBecomesOfOthers(others: 'keep' | 'retire' | 'delete', keyId: string, successorFrom: number): Statement {
  const successorIsThere = 'EXISTS (SELECT 1 FROM signing_keys AS successor WHERE successor.key_id = ?)';
  switch (others) {
    case 'keep':
      return sql('SELECT 1 AS kept');
    case 'retire':
      return sql(
        `UPDATE signing_keys SET retires_at = ? WHERE key_id <> ? AND (retires_at IS NULL OR retires_at > ?) AND ${successorIsThere}`,
        successorFrom,
        keyId,
        successorFrom,
        keyId,
      );
    case 'delete':
      return sql(`DELETE FROM signing_keys WHERE key_id <> ? AND ${successorIsThere}`, keyId, keyId);
  }
}

function generate(algorithm: SigningAlgorithm): KeyObject {
  switch (algorithm) {
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey;
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
  }
}
