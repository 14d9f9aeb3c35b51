import { type Database, onLockedRows, sql } from '../../core/database.ts';
import type { SecretHash } from '../../core/ids.ts';
import type { Grant, RefreshToken } from '../../core/records.ts';
import { clientUseInterval } from './grant-store.ts';

/** What spending a code comes with. Times are milliseconds since the epoch. */
export interface Spending {
  /** Unique to this redemption. */
  readonly spentBy: string;
  /** Absent where the client is not registered for refresh tokens. */
  readonly refreshToken: RefreshToken | undefined;
  readonly now: number;
  /** When nothing of the grant can be alive any more. */
  readonly grantExpiresAt: number;
}

/**
 * Spends a code of one kind, once: of any number of concurrent calls, in any number of processes, one resolves to `true`.
 * In the same transaction the refresh token is stored and the grant counts as used.
 *
 * The code's row is locked by spending it. A grant that is revoked in the middle stays revoked, and nothing of it is honoured.
 */
export async function spendCode(
  table: 'authorization_codes' | 'device_codes',
  code: { readonly hash: SecretHash; readonly grant: Grant },
  { spentBy, refreshToken, now, grantExpiresAt }: Spending,
  database: Database,
): Promise<boolean> {
  const won = `EXISTS (SELECT 1 FROM ${table} WHERE code_hash = ? AND spent_by = ?)`;
  const { grantId, clientId } = code.grant;
  const [spent] = await database.write(
    onLockedRows(
      sql(
        `UPDATE ${table} SET spent_at = ?, spent_by = ?
       WHERE code_hash = ? AND spent_at IS NULL AND expires_at > ?
         AND EXISTS (SELECT 1 FROM grants g WHERE g.grant_id = ${table}.grant_id AND g.revoked_at IS NULL)
       RETURNING code_hash`,
        now,
        spentBy,
        code.hash,
        now,
      ),
    ),
    sql(
      `UPDATE grants SET redeemed_at = ?, last_used_at = ?, expires_at = ? WHERE grant_id = ? AND ${won}`,
      now,
      now,
      grantExpiresAt,
      grantId,
      code.hash,
      spentBy,
    ),
    ...(refreshToken === undefined
      ? []
      : [
          sql(
            `INSERT INTO refresh_tokens (token_hash, grant_id, generation, issued_at, expires_at, key_thumbprint)
             SELECT ?, grant_id, 0, CAST(? AS BIGINT), CAST(? AS BIGINT), ? FROM grants WHERE grant_id = ? AND ${won}`,
            refreshToken.hash,
            now,
            refreshToken.expiresAt,
            refreshToken.keyThumbprint ?? null,
            grantId,
            code.hash,
            spentBy,
          ),
        ]),
    sql(
      `UPDATE clients SET last_used_at = ? WHERE client_id = ? AND (last_used_at IS NULL OR last_used_at < ?) AND ${won}`,
      now,
      clientId,
      now - clientUseInterval,
      code.hash,
      spentBy,
    ),
  );
  return (spent?.length ?? 0) === 1;
}
