import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { type Database, type Row, sql } from '../../core/database.ts';
import { type Random, randomId } from '../../core/random.ts';
import {
  encodedHeader,
  type SigningAlgorithm,
  type SigningKey,
  type VerificationKey,
} from '../../oauth/token/access-token-jwt.ts';
import type { MasterKey } from './master-key.ts';

/** The keys that access tokens are signed and verified with, private halves encrypted in the database. */
export class SigningKeys {
  readonly #current: SigningKey;
  readonly #byHeader: ReadonlyMap<string, VerificationKey>;

  private constructor(keys: readonly SigningKey[], current: SigningKey) {
    this.#current = current;
    this.#byHeader = new Map(keys.map((key) => [encodedHeader(key), key]));
  }

  /** Reads the keys, and makes the first one for the algorithm where there is none. */
  static async open(
    database: Database,
    masterKey: MasterKey,
    algorithm: SigningAlgorithm,
    clock: Clock,
    random: Random,
  ): Promise<SigningKeys> {
    let keys = await readKeys(database, masterKey);
    if (!keys.some((key) => key.algorithm === algorithm)) {
      await database.write(insertFirst(algorithm, masterKey, clock.now(), random));
      keys = await readKeys(database, masterKey);
    }
    const current = keys.findLast((key) => key.algorithm === algorithm);
    if (current === undefined) throw new Error(`no ${algorithm} signing key could be made`);
    return new SigningKeys(keys, current);
  }

  /** Whether a database holds keys already, encrypted under some master key. */
  static async areIn(database: Database): Promise<boolean> {
    return (await database.read('SELECT key_id FROM signing_keys LIMIT 1')).length > 0;
  }

  /** The key that new tokens are signed with. */
  get current(): SigningKey {
    return this.#current;
  }

  /** Every key that a live token may have been signed with, by its tokens' encoded header. */
  get byHeader(): ReadonlyMap<string, VerificationKey> {
    return this.#byHeader;
  }

  /** The public halves. @see RFC 7517 §4 */
  publicJwks(): Record<string, unknown>[] {
    return [...this.#byHeader.values()].map((key) => ({
      ...key.publicKey.export({ format: 'jwk' }),
      kid: key.keyId,
      alg: key.algorithm,
      use: 'sig',
    }));
  }
}

async function readKeys(database: Database, masterKey: MasterKey): Promise<SigningKey[]> {
  const rows = await database.read(
    'SELECT key_id, algorithm, private_key FROM signing_keys ORDER BY created_at, key_id',
  );
  return rows.map((row) => signingKeyOf(row, masterKey));
}

// Two processes that start at once must agree on one first key: only the first insert has an effect.
function insertFirst(algorithm: SigningAlgorithm, masterKey: MasterKey, now: number, random: Random) {
  const keyId = randomId(random);
  const pkcs8 = generate(algorithm).export({ format: 'der', type: 'pkcs8' });
  return sql(
    `INSERT INTO signing_keys (key_id, algorithm, private_key, created_at)
     SELECT ?, ?, ?, CAST(? AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = ?)`,
    keyId,
    algorithm,
    masterKey.encrypt(pkcs8, purposeOf(keyId)),
    now,
    algorithm,
  );
}

function signingKeyOf(row: Row, masterKey: MasterKey): SigningKey {
  const keyId = row['key_id'] as string;
  const pkcs8 = masterKey.decrypt(row['private_key'] as string, purposeOf(keyId));
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  return { keyId, algorithm: row['algorithm'] as SigningAlgorithm, privateKey, publicKey: createPublicKey(privateKey) };
}

function purposeOf(keyId: string): string {
  return `signing key ${keyId}`;
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
