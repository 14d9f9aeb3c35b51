import { type Database, onLockedRows, type Row, sql } from '../../core/database.ts';
import type { SecretHash } from '../../core/ids.ts';
import type { RefreshToken } from '../../core/records.ts';
import { grantColumns, grantOf } from '../token/grant-store.ts';

/** A lost response or a second tab gets a fresh token at most this often before the next rotation. */
export const maximumRetries = 8;

/** Times in milliseconds. */
export interface RotationTimes {
  readonly now: number;
  /** How long after a rotation the previous token counts as a retry; 0: it is reuse at once. */
  readonly grace: number;
  /** When nothing of this grant can be alive any more. */
  readonly grantExpiresAt: number;
}

/**
 * `rotated`: this call advanced the family. `retried`: the token is the immediately previous one and within the grace, so a
 * sibling of the current one was stored. `refused`: too many retries, or the token
 * expired or its grant was revoked meanwhile. `reused`: the token is older than that.
 */
export type Rotation = 'rotated' | 'retried' | 'refused' | 'reused';

/**
 * Refresh tokens in the database. Each token carries the generation of its grant at which it was issued; the grant's own
 * generation is the family's present one. A token of the present generation rotates; one behind may be a retry; anything
 * older is reuse.
 */
export class RefreshTokenStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A refresh token of a grant that is not revoked, rotated or not. */
  async load(hash: SecretHash): Promise<RefreshToken | undefined> {
    const [row] = await this.#database.read(
      `SELECT t.issued_at, t.expires_at AS token_expires_at, t.key_thumbprint, ${grantColumns}
       FROM refresh_tokens t JOIN grants g ON g.grant_id = t.grant_id WHERE t.token_hash = ? AND g.revoked_at IS NULL`,
      hash,
    );
    return row === undefined ? undefined : refreshTokenOf(hash, row);
  }

  /**
   * Rotates a token, or takes it for a retry, in one transaction: of any number of concurrent calls with one token exactly
   * one resolves to `rotated`. All of them want the grant's row, and tokens never change, so that they take turns.
   * @param next the token to store
   */
  async rotate(
    token: { readonly hash: SecretHash },
    next: RefreshToken,
    { now, grace, grantExpiresAt }: RotationTimes,
  ): Promise<Rotation> {
    const { grantId } = next.grant;
    // Clocks of several processes differ, so that without a grace no time of rotation may count as recent.
    const recently = grace === 0 ? Number.MAX_SAFE_INTEGER : now - grace;
    const generation =
      '(SELECT generation FROM refresh_tokens WHERE token_hash = ? AND grant_id = grants.grant_id AND expires_at > ?)';
    const [rotated, retried, , state] = await this.#database.write(
      onLockedRows(
        sql(
          `UPDATE grants SET generation = generation + 1, rotated_at = ?, rotated_by = ?, retries = 0, last_used_at = ?, expires_at = ?
         WHERE grant_id = ? AND revoked_at IS NULL AND generation = ${generation}
         RETURNING grant_id`,
          now,
          next.hash,
          now,
          grantExpiresAt,
          grantId,
          token.hash,
          now,
        ),
      ),
      sql(
        `UPDATE grants SET retries = retries + 1, retried_by = ?, last_used_at = ?, expires_at = ?
         WHERE grant_id = ? AND revoked_at IS NULL AND rotated_by <> ? AND retries < ? AND rotated_at > ?
           AND generation = 1 + ${generation}
         RETURNING grant_id`,
        next.hash,
        now,
        grantExpiresAt,
        grantId,
        next.hash,
        maximumRetries,
        recently,
        token.hash,
        now,
      ),
      sql(
        `INSERT INTO refresh_tokens (token_hash, grant_id, generation, issued_at, expires_at, key_thumbprint)
         SELECT ?, grant_id, generation, CAST(? AS BIGINT), CAST(? AS BIGINT), ? FROM grants WHERE grant_id = ? AND (rotated_by = ? OR retried_by = ?)`,
        next.hash,
        now,
        next.expiresAt,
        next.keyThumbprint ?? null,
        grantId,
        next.hash,
        next.hash,
      ),
      sql(
        `SELECT g.rotated_at, g.generation - t.generation AS behind
         FROM grants g JOIN refresh_tokens t ON t.grant_id = g.grant_id WHERE t.token_hash = ? AND g.revoked_at IS NULL`,
        token.hash,
      ),
    );
    if (rotated?.length === 1) return 'rotated';
    if (retried?.length === 1) return 'retried';
    const [left] = state ?? [];
    if (left === undefined || left['behind'] === 0) return 'refused';
    const retriedTooOften = left['behind'] === 1 && (left['rotated_at'] as number) > recently;
    return retriedTooOften ? 'refused' : 'reused';
  }
}

function refreshTokenOf(hash: SecretHash, row: Row): RefreshToken {
  return {
    kind: 'refresh_token',
    hash,
    grant: grantOf(row),
    issuedAt: row['issued_at'] as number,
    expiresAt: row['token_expires_at'] as number,
    ...(row['key_thumbprint'] === null ? {} : { keyThumbprint: row['key_thumbprint'] as string }),
  };
}
