import { type Database, type Row, sql } from '../../core/database.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { AdmissionTerms } from './store.ts';

/** An initial access token (RFC 7591 §3), as listed. Times are milliseconds since the epoch. */
export interface RegistrationToken {
  readonly tokenId: string;
  /** What the administrator calls it. */
  readonly label?: string;
  readonly usesLeft: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt?: number;
}

/** Initial access tokens in the database, by their hashes. */
export class RegistrationTokens {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add({ tokenId, label, usesLeft, createdAt, expiresAt }: RegistrationToken, hash: SecretHash): Promise<void> {
    await this.#database.write(
      sql(
        `INSERT INTO registration_tokens (token_id, token_hash, label, uses_left, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        tokenId,
        hash,
        label ?? null,
        usesLeft,
        createdAt,
        expiresAt,
      ),
    );
  }

  /** All that have not expired, the newest first. */
  async list(now: number): Promise<RegistrationToken[]> {
    const rows = await this.#database.read(
      `SELECT token_id, label, uses_left, created_at, expires_at, last_used_at FROM registration_tokens
       WHERE expires_at > ? ORDER BY created_at DESC, token_id`,
      now,
    );
    return rows.map(tokenOf);
  }

  /** Resolves to whether it was there. */
  async revoke(tokenId: string): Promise<boolean> {
    const [revoked] = await this.#database.write(
      sql('DELETE FROM registration_tokens WHERE token_id = ? RETURNING token_id', tokenId),
    );
    return revoked?.length === 1;
  }

  /** Whether one more client could come with this token. */
  async isUsable(hash: SecretHash, now: number): Promise<boolean> {
    const rows = await this.#database.read(
      'SELECT 1 AS usable FROM registration_tokens WHERE token_hash = ? AND uses_left > 0 AND expires_at > ?',
      hash,
      now,
    );
    return rows.length === 1;
  }

  /** That a client is stored only together with one use of this token: of any number of concurrent ones, as many as it has. */
  termsOf(hash: SecretHash, clientId: ClientId, now: number): AdmissionTerms {
    return {
      spending: sql(
        `UPDATE registration_tokens SET uses_left = uses_left - 1, last_used_at = ?, last_client_id = ?
         WHERE token_hash = ? AND uses_left > 0 AND expires_at > ?`,
        now,
        clientId,
        hash,
        now,
      ),
      condition: sql(
        'EXISTS (SELECT 1 FROM registration_tokens t WHERE t.token_hash = ? AND t.last_client_id = ?)',
        hash,
        clientId,
      ),
    };
  }
}

function tokenOf(row: Row): RegistrationToken {
  const lastUsedAt = row['last_used_at'] as number | null;
  const label = row['label'] as string | null;
  return {
    tokenId: row['token_id'] as string,
    usesLeft: row['uses_left'] as number,
    createdAt: row['created_at'] as number,
    expiresAt: row['expires_at'] as number,
    ...(label === null ? {} : { label }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
  };
}
