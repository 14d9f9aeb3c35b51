import { hkdfSync } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { type Database, type Statement, sql } from '../../core/database.ts';
import type { Random } from '../../core/random.ts';
import type { MasterKey } from './master-key.ts';

const derivation = 'derivation';

/**
 * Keys for further purposes, such as signing CSRF tokens: derived from a random secret in the database, so that they are
 * the same in every process and outlive the master key that the secret is encrypted under.
 */
export class DerivedKeys {
  readonly #secret: Uint8Array;

  private constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /**
   * Reads the secret, and makes it where there is none: processes that start at once agree on one.
   * @throws ConfigurationError where it was encrypted under another master key
   */
  static async open(database: Database, masterKey: MasterKey, clock: Clock, random: Random): Promise<DerivedKeys> {
    const [, rows] = await database.write(
      sql(
        `INSERT INTO data_secrets (name, secret, master_key_id, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO NOTHING`,
        derivation,
        masterKey.encrypt(random.bytes(32), dataSecretPurpose(derivation)),
        masterKey.id,
        clock.now(),
      ),
      sql('SELECT secret FROM data_secrets WHERE name = ?', derivation),
    );
    return new DerivedKeys(masterKey.decrypt(String(rows?.[0]?.['secret']), dataSecretPurpose(derivation)));
  }

  /** @returns 32 bytes, the same for the same purpose */
  derive(purpose: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#secret, new Uint8Array(), `portcullis ${purpose}`, 32));
  }
}

export function dataSecretPurpose(name: string): string {
  return `data secret ${name}`;
}

/** Holds while the database is encrypted under this master key: for whatever stores something that it encrypted. */
export function isEncryptedUnder(masterKey: MasterKey): Statement {
  return sql('EXISTS (SELECT 1 FROM data_secrets WHERE name = ? AND master_key_id = ?)', derivation, masterKey.id);
}
