import type { Clock } from '../../core/clock.ts';
import { type Database, type Row, type Statement, sql } from '../../core/database.ts';
import type { EventSink } from '../../core/events.ts';
import type { Subject } from '../../core/ids.ts';
import { type Random, randomId } from '../../core/random.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { insertUser, lockAdministrators, notLastAdministrator, revokeGrants } from './statements.ts';
import {
  checkNewUser,
  type NewUser,
  type User,
  UserError,
  type UserRole,
  type UserStatus,
  userColumns,
  userKey,
  userOf,
} from './user.ts';

export interface UsersOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: EventSink;
  /** Resources that only administrators may let clients use. Default: none. */
  readonly resourcesForAdministrators?: ReadonlySet<string>;
  /** Told after grants were ended with what their user was or could do: what was cached of tokens is out of date. */
  readonly onGrantsRevoked?: () => void;
}

/** The accounts of this server. Every change is one atomic write, safe beside a running server. */
export class Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /** @throws UserError `invalid`, `name_taken` */
  async create(input: NewUser): Promise<User> {
    const { database, clock, random, report } = this.#options;
    const userId = randomId(random) as Subject;
    const [inserted] = await database.write(insertUser(userId, checkNewUser(input), clock.now()));
    const row = inserted?.[0];
    if (row === undefined) throw new UserError('name_taken', 'This user name is taken.', 'username');
    report({ name: 'user.created', subject: userId });
    return userOf(row);
  }

  async findByName(userName: string): Promise<User | undefined> {
    return (await this.findCredentials(userName))?.user;
  }

  async findById(userId: string): Promise<User | undefined> {
    const [row] = await this.#options.database.read(`SELECT ${userColumns} FROM users u WHERE u.user_id = ?`, userId);
    return row === undefined ? undefined : userOf(row);
  }

  /** A user with the stored password hash, for whoever verifies the password. */
  async findCredentials(userName: string): Promise<{ readonly user: User; readonly passwordHash: string } | undefined> {
    const [row] = await this.#options.database.read(
      `SELECT ${userColumns}, u.password_hash FROM users u WHERE u.user_key = ?`,
      userKey(userName),
    );
    return row === undefined ? undefined : { user: userOf(row), passwordHash: row.password_hash as string };
  }

  /** Every user, by name. */
  async list(): Promise<User[]> {
    return (await this.#options.database.read(`SELECT ${userColumns} FROM users u ORDER BY u.user_key`)).map(userOf);
  }

  /** How many administrators can sign in. */
  async countAdministrators(): Promise<number> {
    const [row] = await this.#options.database.read(
      "SELECT COUNT(*) AS n FROM users WHERE role = 'admin' AND status = 'active'",
    );
    return Number(row?.n ?? 0);
  }

  /**
   * Lets a user sign in or not. Disabling ends the user's sessions and grants in the same write, so that tokens die at once.
   * @throws UserError `not_found`, `last_admin`
   */
  async setStatus(userId: string, status: UserStatus): Promise<void> {
    switch (status) {
      case 'active':
        await this.#change(
          userId,
          sql("UPDATE users SET status = 'active' WHERE user_id = ? RETURNING user_id", userId),
        );
        this.#options.report({ name: 'user.enabled', subject: userId as Subject });
        return;
      case 'disabled':
        await this.#disable(userId);
        return;
    }
  }

  /**
   * Makes a user an administrator or not. Who is one no longer loses, in the same write, the grants at resources that are
   * for administrators.
   * @throws UserError `not_found`, `last_admin`
   */
  async setRole(userId: string, role: UserRole): Promise<void> {
    const { clock, onGrantsRevoked } = this.#options;
    const resources = [...(this.#options.resourcesForAdministrators ?? [])];
    const lost = sql(
      `resource IN (${resources.map(() => '?').join(', ')})
       AND EXISTS (SELECT 1 FROM users WHERE user_id = ? AND role <> 'admin')`,
      ...resources,
      userId,
    );
    const update = sql(
      `UPDATE users SET role = ? WHERE user_id = ? AND (? = 'admin' OR ${notLastAdministrator}) RETURNING user_id`,
      role,
      userId,
      role,
    );
    const revoked =
      resources.length === 0 ? [] : [revokeGrants(userId, 'no administrator any more', clock.now(), lost)];
    await this.#changeAdministrators(userId, update, ...revoked);
    onGrantsRevoked?.();
  }

  /**
   * Says which scopes the user may grant from now on; what was granted before stays.
   * @param scopes `undefined`: all
   * @throws UserError `not_found`
   */
  async setGrantableScopes(userId: string, scopes: readonly string[] | undefined): Promise<void> {
    const stored = scopes === undefined ? null : JSON.stringify(scopes);
    await this.#change(
      userId,
      sql('UPDATE users SET grantable_scopes = ? WHERE user_id = ? RETURNING user_id', stored, userId),
    );
  }

  /**
   * Sets another person's password: every session of theirs ends.
   * @throws UserError `not_found`
   */
  async setPasswordHash(userId: string, passwordHash: string): Promise<void> {
    const now = this.#options.clock.now();
    await this.#change(
      userId,
      sql(
        'UPDATE users SET password_hash = ?, password_changed_at = ? WHERE user_id = ? RETURNING user_id',
        passwordHash,
        now,
        userId,
      ),
      sql('DELETE FROM sessions WHERE user_id = ?', userId),
    );
    this.#options.report({
      name: 'user.password_changed',
      subject: userId as Subject,
      reason: 'set by an administrator',
    });
  }

  /**
   * Sets one's own password: every other session ends. Resolves to whether it happened, which it does not where the
   * session has been ended meanwhile.
   */
  async changePassword(user: AuthenticatedUser, passwordHash: string): Promise<boolean> {
    const { userId } = user.user;
    const now = this.#options.clock.now();
    const alive = 'EXISTS (SELECT 1 FROM sessions WHERE session_hash = ? AND user_id = ?)';
    const [changed] = await this.#options.database.write(
      sql(
        `UPDATE users SET password_hash = ?, password_changed_at = ? WHERE user_id = ? AND ${alive} RETURNING user_id`,
        passwordHash,
        now,
        userId,
        user.sessionHash,
        userId,
      ),
      sql(
        `DELETE FROM sessions WHERE user_id = ? AND session_hash <> ? AND ${alive}`,
        userId,
        user.sessionHash,
        user.sessionHash,
        userId,
      ),
    );
    if (changed?.length !== 1) return false;
    this.#options.report({ name: 'user.password_changed', subject: userId, reason: 'changed by the user' });
    return true;
  }

  /** Stores the same password hashed with newer parameters, unless it has been changed meanwhile. */
  async replaceHash(userId: string, oldHash: string, newHash: string): Promise<void> {
    await this.#options.database.write(
      sql('UPDATE users SET password_hash = ? WHERE user_id = ? AND password_hash = ?', newHash, userId, oldHash),
    );
  }

  /**
   * Deletes a user with sessions and remembered consents, and ends the user's grants.
   * @throws UserError `not_found`, `last_admin`
   */
  async delete(userId: string): Promise<void> {
    const { clock, report, onGrantsRevoked } = this.#options;
    const gone = sql('NOT EXISTS (SELECT 1 FROM users WHERE user_id = ?)', userId);
    await this.#changeAdministrators(
      userId,
      sql(`DELETE FROM users WHERE user_id = ? AND ${notLastAdministrator} RETURNING user_id`, userId),
      revokeGrants(userId, 'user deleted', clock.now(), gone),
    );
    onGrantsRevoked?.();
    report({ name: 'user.deleted', subject: userId as Subject });
  }

  async #disable(userId: string): Promise<void> {
    const { clock, report, onGrantsRevoked } = this.#options;
    const disabled = sql("EXISTS (SELECT 1 FROM users WHERE user_id = ? AND status = 'disabled')", userId);
    await this.#changeAdministrators(
      userId,
      sql(
        `UPDATE users SET status = 'disabled' WHERE user_id = ? AND ${notLastAdministrator} RETURNING user_id`,
        userId,
      ),
      sql(`DELETE FROM sessions WHERE user_id = ? AND ${disabled.sql}`, userId, ...disabled.values),
      revokeGrants(userId, 'user disabled', clock.now(), disabled),
    );
    onGrantsRevoked?.();
    report({ name: 'user.disabled', subject: userId as Subject });
  }

  async #changeAdministrators(userId: string, change: Statement, ...consequences: Statement[]): Promise<void> {
    const [, changed] = await this.#options.database.write(lockAdministrators, change, ...consequences);
    await this.#mustHaveChanged(userId, changed);
  }

  async #change(userId: string, change: Statement, ...consequences: Statement[]): Promise<void> {
    const [changed] = await this.#options.database.write(change, ...consequences);
    await this.#mustHaveChanged(userId, changed);
  }

  async #mustHaveChanged(userId: string, changed: readonly Row[] | undefined): Promise<void> {
    if (changed?.length === 1) return;
    if ((await this.findById(userId)) === undefined) throw new UserError('not_found', 'There is no such user.');
    throw new UserError('last_admin', 'This is the last active administrator. Make another one first.');
  }
}
