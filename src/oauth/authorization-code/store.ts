import { type Database, type Statement, sql } from '../../core/database.ts';
import type { SecretHash } from '../../core/ids.ts';
import type { AuthorizationCode, Grant, RefreshToken } from '../../core/records.ts';
import { spendCode } from '../token/code-store.ts';
import { grantColumns, grantOf, insertGrant } from '../token/grant-store.ts';

/** Authorization codes in the database. */
export class AuthorizationCodeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A code of a grant that is not revoked, spent or not. */
  async load(hash: SecretHash): Promise<AuthorizationCode | undefined> {
    const [row] = await this.#database.read(
      `SELECT c.code_hash, c.redirect_uri, c.redirect_uri_was_sent, c.code_challenge, c.expires_at AS code_expires_at, c.spent_at, c.key_thumbprint, ${grantColumns}
       FROM authorization_codes c JOIN grants g ON g.grant_id = c.grant_id WHERE c.code_hash = ? AND g.revoked_at IS NULL`,
      hash,
    );
    if (row === undefined) return undefined;
    return {
      kind: 'authorization_code',
      hash,
      grant: grantOf(row),
      redirectUri: row['redirect_uri'] as string,
      redirectUriWasSent: row['redirect_uri_was_sent'] === 1,
      codeChallenge: row['code_challenge'] as string,
      expiresAt: row['code_expires_at'] as number,
      ...(row['key_thumbprint'] === null ? {} : { keyThumbprint: row['key_thumbprint'] as string }),
      ...(row['spent_at'] === null ? {} : { spentAt: row['spent_at'] as number }),
    };
  }

  /**
   * Spends a code, once: of any number of concurrent calls, in any number of processes, one resolves to `true`. In the same
   * transaction the refresh token is stored and the grant counts as used.
   * @param spentBy unique to this redemption
   * @param refreshToken absent where the client is not registered for refresh tokens
   * @param grantExpiresAt when nothing of this grant can be alive any more, milliseconds since the epoch
   */
  async redeem(
    code: { readonly hash: SecretHash; readonly grant: Grant },
    spentBy: string,
    refreshToken: RefreshToken | undefined,
    now: number,
    grantExpiresAt: number,
  ): Promise<boolean> {
    return spendCode('authorization_codes', code, { spentBy, refreshToken, now, grantExpiresAt }, this.#database);
  }
}

/**
 * The statements that store an approved grant and its code, to run in the transaction that records the approval.
 * @param condition SQL that must hold for them to have any effect, with its values
 */
export function storeCode(record: AuthorizationCode, condition: Statement): Statement[] {
  const { grant } = record;
  return [
    insertGrant(grant, record.expiresAt, condition),
    sql(
      `INSERT INTO authorization_codes (code_hash, grant_id, redirect_uri, redirect_uri_was_sent, code_challenge, expires_at, key_thumbprint)
       SELECT ?, ?, ?, CAST(? AS BIGINT), ?, CAST(? AS BIGINT), ? WHERE ${condition.sql}`,
      record.hash,
      grant.grantId,
      record.redirectUri,
      record.redirectUriWasSent ? 1 : 0,
      record.codeChallenge,
      record.expiresAt,
      record.keyThumbprint ?? null,
      ...condition.values,
    ),
  ];
}
