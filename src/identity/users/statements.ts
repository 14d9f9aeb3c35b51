import { type Statement, sql } from '../../core/database.ts';
import type { ResourceUri, Subject } from '../../core/ids.ts';
import { type NewUser, userKey } from './user.ts';

/**
 * Inserts a checked new user where the condition holds and the name is free, and returns the row.
 * @param condition SQL that must hold for it to have any effect, with its values
 * @param now milliseconds since the epoch
 */
export function insertUser(
  userId: Subject,
  user: NewUser,
  now: number,
  condition: Statement = sql('1 = 1'),
): Statement {
  return sql(
    `INSERT INTO users (user_id, user_name, user_key, email, display_name, role, status, grantable_scopes,
       password_hash, password_changed_at, created_at)
     SELECT ?, ?, ?, ?, ?, ?, 'active', ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) WHERE ${condition.sql}
     ON CONFLICT (user_key) DO NOTHING
     RETURNING user_id, user_name, email, display_name, role, status, grantable_scopes, password_changed_at, created_at,
       last_signed_in_at`,
    userId,
    user.userName,
    userKey(user.userName),
    user.email ?? null,
    user.displayName ?? user.userName,
    user.role ?? 'user',
    user.grantableScopes === undefined ? null : JSON.stringify(user.grantableScopes),
    user.passwordHash,
    now,
    now,
    ...condition.values,
  );
}

/** Holds while a user may sign in: for batches of others that must not outrun the user's disabling. */
export function isActive(userId: string): Statement {
  return sql("EXISTS (SELECT 1 FROM users WHERE user_id = ? AND status = 'active')", userId);
}

/**
 * Holds while a user may sign in and let clients use a resource: for batches that grant something.
 * @param forAdministrators the resources that only administrators may let clients use
 */
export function mayGrantAt(resource: ResourceUri, userId: string, forAdministrators: ReadonlySet<string>): Statement {
  return forAdministrators.has(resource)
    ? sql("EXISTS (SELECT 1 FROM users WHERE user_id = ? AND status = 'active' AND role = 'admin')", userId)
    : isActive(userId);
}

/**
 * Holds for every user but the last active administrator. On engines with row locks two administrators could take each
 * other's rights away at the same moment, so a batch with this condition begins with `lockAdministrators`.
 */
export const notLastAdministrator = `(role <> 'admin' OR status <> 'active' OR EXISTS (SELECT 1 FROM users AS others
  WHERE others.role = 'admin' AND others.status = 'active' AND others.user_id <> users.user_id))`;

/** Changes nothing, and makes concurrent batches that begin with it wait for one another. */
export const lockAdministrators = sql("UPDATE users SET role = role WHERE role = 'admin'");

/**
 * Ends every grant of a user where the condition holds.
 * @param now milliseconds since the epoch
 */
export function revokeGrants(userId: string, because: string, now: number, condition: Statement): Statement {
  return sql(
    `UPDATE grants SET revoked_at = ?, revoked_because = ?
     WHERE subject = ? AND revoked_at IS NULL AND ${condition.sql}`,
    now,
    because,
    userId,
    ...condition.values,
  );
}
