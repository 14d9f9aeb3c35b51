import { type Database, type Row, sql } from '../../core/database.ts';
import type { SecretHash } from '../../core/ids.ts';
import { passwordOnly } from '../sign-in/sign-in-levels.ts';
import { type User, userColumns, userOf } from '../users/user.ts';

/** A browser in which a user is signed in. Times are milliseconds since the epoch. */
export interface Session {
  readonly sessionHash: SecretHash;
  readonly authenticatedAt: number;
  readonly lastSeenAt: number;
  /** At the end of its idle time or of its whole life, whichever comes first. */
  readonly expiresAt: number;
  readonly userAgent?: string;
  readonly address?: string;
  /** The means by which the user signed in (RFC 8176). */
  readonly amr: readonly string[];
  /** The authorization request on whose way the user signed in. */
  readonly startedFor?: SecretHash;
}

export interface SessionWithUser extends Session {
  readonly user: User;
}

const columns =
  's.session_hash, s.authenticated_at, s.last_seen_at, s.expires_at, s.user_agent, s.address, s.amr, s.started_for';

/** Sessions in the database, by the hash of their secret. */
export class SessionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a session in place of the one that the browser had, if the user is active and the password is still the one
   * that was verified. Resolves to whether it was stored.
   */
  async insert(session: SessionWithUser, replaced: SecretHash | undefined): Promise<boolean> {
    const { user, sessionHash } = session;
    const stored = 'EXISTS (SELECT 1 FROM sessions WHERE session_hash = ?)';
    const [inserted] = await this.#database.write(
      sql(
        `INSERT INTO sessions (session_hash, user_id, authenticated_at, last_seen_at, expires_at, user_agent, address, amr, started_for)
         SELECT ?, user_id, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), ?, ?, ?, ? FROM users
         WHERE user_id = ? AND status = 'active' AND password_changed_at = ?
         RETURNING session_hash`,
        sessionHash,
        session.authenticatedAt,
        session.lastSeenAt,
        session.expiresAt,
        session.userAgent ?? null,
        session.address ?? null,
        JSON.stringify(session.amr),
        session.startedFor ?? null,
        user.userId,
        user.passwordChangedAt,
      ),
      sql(
        `UPDATE users SET last_signed_in_at = ? WHERE user_id = ? AND ${stored}`,
        session.authenticatedAt,
        user.userId,
        sessionHash,
      ),
      sql(`DELETE FROM sessions WHERE session_hash = ? AND ${stored}`, replaced ?? '', sessionHash),
    );
    return inserted?.length === 1;
  }

  async find(sessionHash: SecretHash): Promise<SessionWithUser | undefined> {
    const [row] = await this.#database.read(
      `SELECT ${columns}, ${userColumns} FROM sessions s JOIN users u ON u.user_id = s.user_id WHERE s.session_hash = ?`,
      sessionHash,
    );
    return row === undefined ? undefined : { ...sessionOf(row), user: userOf(row) };
  }

  /** The live sessions of a user, the last seen first. */
  async list(userId: string, now: number): Promise<Session[]> {
    const rows = await this.#database.read(
      `SELECT ${columns} FROM sessions s WHERE s.user_id = ? AND s.expires_at > ? ORDER BY s.last_seen_at DESC`,
      userId,
      now,
    );
    return rows.map(sessionOf);
  }

  async touch(sessionHash: SecretHash, lastSeenAt: number, expiresAt: number): Promise<void> {
    await this.#database.write(
      sql(
        'UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE session_hash = ? AND last_seen_at < ?',
        lastSeenAt,
        expiresAt,
        sessionHash,
        lastSeenAt,
      ),
    );
  }

  /** Resolves to the user whose session it was. */
  async delete(sessionHash: SecretHash): Promise<User['userId'] | undefined> {
    const [deleted] = await this.#database.write(
      sql('DELETE FROM sessions WHERE session_hash = ? RETURNING user_id', sessionHash),
    );
    return deleted?.[0]?.user_id as User['userId'] | undefined;
  }

  async deleteOf(userId: string, sessionHash: SecretHash): Promise<boolean> {
    const [deleted] = await this.#database.write(
      sql('DELETE FROM sessions WHERE session_hash = ? AND user_id = ? RETURNING user_id', sessionHash, userId),
    );
    return deleted?.length === 1;
  }

  /** @param except the one session to leave; '' for none */
  async deleteAll(userId: string, except: SecretHash | ''): Promise<number> {
    const [deleted] = await this.#database.write(
      sql('DELETE FROM sessions WHERE user_id = ? AND session_hash <> ? RETURNING user_id', userId, except),
    );
    return deleted?.length ?? 0;
  }
}

function sessionOf(row: Row): Session {
  const userAgent = row.user_agent as string | null;
  const address = row.address as string | null;
  const amr = row.amr as string | null;
  const startedFor = row.started_for as SecretHash | null;
  return {
    sessionHash: row.session_hash as SecretHash,
    authenticatedAt: row.authenticated_at as number,
    lastSeenAt: row.last_seen_at as number,
    expiresAt: row.expires_at as number,
    amr: amr === null ? passwordOnly : (JSON.parse(amr) as string[]),
    ...(userAgent === null ? {} : { userAgent }),
    ...(address === null ? {} : { address }),
    ...(startedFor === null ? {} : { startedFor }),
  };
}
