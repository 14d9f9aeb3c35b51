import type { Clock } from '../../core/clock.ts';
import { type Database, type Row, type Statement, sql } from '../../core/database.ts';
import type { EventSink } from '../../core/events.ts';
import type { Subject } from '../../core/ids.ts';
import { type Random, randomId } from '../../core/random.ts';
import { insertUser, revokeGrants } from '../users/statements.ts';
import { checkNewUser, type NewUser, type User, userColumns, userOf } from '../users/user.ts';
import { plainAddress } from './asserted-person.ts';

/** How an identity came to be a user's: by hand, by a verified e-mail address, or by making the user. */
export type LinkedBy = 'administrator' | 'email' | 'creation';

/** A person as another issuer knows them. */
export interface ExternalIdentity {
  readonly issuer: string;
  /** Its `sub`. */
  readonly subject: string;
}

/** Whose identity it is. Times are milliseconds since the epoch. */
export interface IdentityLink extends ExternalIdentity {
  readonly userId: Subject;
  readonly userName: string;
  readonly linkedBy: LinkedBy;
  readonly linkedAt: number;
}

export interface ExternalIdentitiesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: EventSink;
  /** Told after grants were ended by unlinking: what was cached of tokens is out of date. */
  readonly onGrantsRevoked: () => void;
}

/** What no password ever hashes to. */
const noPassword = '!';

const links = `SELECT i.issuer, i.subject, i.user_id, i.linked_by, i.linked_at, u.user_name
  FROM external_identities i JOIN users u ON u.user_id = i.user_id`;

/** Which user is meant by an issuer and its subject. An identity is one user's at a time; they go with the user. */
export class ExternalIdentities {
  readonly #options: ExternalIdentitiesOptions;

  constructor(options: ExternalIdentitiesOptions) {
    this.#options = options;
  }

  /** The user that an identity is linked to, whatever the user's status. */
  async userOf({ issuer, subject }: ExternalIdentity): Promise<User | undefined> {
    const [row] = await this.#options.database.read(
      `SELECT ${userColumns} FROM users u JOIN external_identities i ON i.user_id = u.user_id
       WHERE i.issuer = ? AND i.subject = ?`,
      issuer,
      subject,
    );
    return row === undefined ? undefined : userOf(row);
  }

  /** Every user with this address, whatever their status: a few at most. @param email in lower case, ASCII */
  async usersWithEmail(email: string): Promise<readonly User[]> {
    const rows = await this.#options.database.read(
      `SELECT ${userColumns} FROM users u WHERE lower(u.email) = ? LIMIT 3`,
      email,
    );
    // What lower() does to letters beyond ASCII differs between engines.
    return rows.map(userOf).filter((user) => plainAddress(user.email ?? '') === email);
  }

  /** Links by hand, to any user. Resolves to whether it was done: not where the identity is linked already. */
  link(identity: ExternalIdentity, userId: Subject): Promise<boolean> {
    return this.#link(identity, userId, 'administrator', sql('1 = 1'));
  }

  /**
   * Links by a verified address: only to an active user without rights and without any identity yet, who still has it.
   * Resolves to whether it was done.
   */
  linkByEmail(identity: ExternalIdentity, userId: Subject, email: string): Promise<boolean> {
    const eligible = sql(
      `u.status = 'active' AND u.role = 'user' AND lower(u.email) = ?
       AND NOT EXISTS (SELECT 1 FROM external_identities AS others WHERE others.user_id = u.user_id)`,
      email,
    );
    return this.#link(identity, userId, 'email', eligible);
  }

  /**
   * Makes a user who has this identity and no password, unless the name is taken, the identity is linked meanwhile or the
   * issuer has as many of its making already. Of any number of concurrent attempts one makes the user.
   * @param maximum users that are made for one issuer
   */
  async create(identity: ExternalIdentity, user: Omit<NewUser, 'passwordHash'>, maximum: number): Promise<boolean> {
    const { database, clock, random, report } = this.#options;
    const { issuer, subject } = identity;
    const userId = randomId(random) as Subject;
    const wanted = sql(
      `NOT EXISTS (SELECT 1 FROM external_identities WHERE issuer = ? AND subject = ?)
       AND (SELECT count(*) FROM external_identities WHERE issuer = ? AND linked_by = 'creation') < ?`,
      issuer,
      subject,
      issuer,
      maximum,
    );
    const [, linked] = await database.write(
      insertUser(userId, checkNewUser({ ...user, passwordHash: noPassword }), clock.now(), wanted),
      insertLink(identity, userId, 'creation', clock.now(), sql('1 = 1')),
      // Another process was first with this identity, between the two statements.
      sql(
        'DELETE FROM users WHERE user_id = ? AND NOT EXISTS (SELECT 1 FROM external_identities WHERE user_id = ?)',
        userId,
        userId,
      ),
    );
    if (linked?.length !== 1) return false;
    report({ name: 'user.created', subject: userId, reason: `for an identity at ${issuer}` });
    return true;
  }

  /** How many users were made for an issuer. */
  async countCreated(issuer: string): Promise<number> {
    const [row] = await this.#options.database.read(
      "SELECT count(*) AS n FROM external_identities WHERE issuer = ? AND linked_by = 'creation'",
      issuer,
    );
    return Number(row?.['n'] ?? 0);
  }

  /** Every link, by issuer and user, or those of one user. */
  async list(userId?: Subject): Promise<readonly IdentityLink[]> {
    const order = 'ORDER BY i.issuer, u.user_key, i.subject';
    const rows =
      userId === undefined
        ? await this.#options.database.read(`${links} ${order}`)
        : await this.#options.database.read(`${links} WHERE i.user_id = ? ${order}`, userId);
    return rows.map(linkOf);
  }

  /**
   * Takes an identity from its user, and ends what clients got for that user by assertions, in the same write: whoever was
   * taken for the user keeps nothing. Resolves to whether it was linked.
   */
  async unlink(identity: ExternalIdentity): Promise<boolean> {
    const { database, clock, report, onGrantsRevoked } = this.#options;
    const { issuer, subject } = identity;
    const user = await this.userOf(identity);
    if (user === undefined) return false;
    const gone = sql(
      `NOT EXISTS (SELECT 1 FROM external_identities WHERE issuer = ? AND subject = ? AND user_id = ?)
       AND client_id IN (SELECT client_id FROM clients WHERE metadata LIKE '%urn:ietf:params:oauth:grant-type:jwt-bearer%')`,
      issuer,
      subject,
      user.userId,
    );
    const [removed] = await database.write(
      sql(
        'DELETE FROM external_identities WHERE issuer = ? AND subject = ? AND user_id = ? RETURNING user_id',
        issuer,
        subject,
        user.userId,
      ),
      revokeGrants(user.userId, 'identity unlinked', clock.now(), gone),
    );
    onGrantsRevoked();
    if (removed?.length !== 1) return false;
    report({ name: 'identity.unlinked', subject: user.userId, reason: `of ${issuer}` });
    return true;
  }

  async #link(identity: ExternalIdentity, userId: Subject, linkedBy: LinkedBy, condition: Statement): Promise<boolean> {
    const { database, clock, report } = this.#options;
    const [linked] = await database.write(insertLink(identity, userId, linkedBy, clock.now(), condition));
    if (linked?.length !== 1) return false;
    report({ name: 'identity.linked', subject: userId, reason: `of ${identity.issuer}, by ${linkedBy}` });
    return true;
  }
}

function insertLink(
  { issuer, subject }: ExternalIdentity,
  userId: Subject,
  linkedBy: LinkedBy,
  now: number,
  condition: Statement,
): Statement {
  return sql(
    `INSERT INTO external_identities (issuer, subject, user_id, linked_by, linked_at)
     SELECT ?, ?, u.user_id, ?, CAST(? AS BIGINT) FROM users AS u WHERE u.user_id = ? AND ${condition.sql}
     ON CONFLICT (issuer, subject) DO NOTHING RETURNING user_id`,
    issuer,
    subject,
    linkedBy,
    now,
    userId,
    ...condition.values,
  );
}

function linkOf(row: Row): IdentityLink {
  return {
    issuer: row['issuer'] as string,
    subject: row['subject'] as string,
    userId: row['user_id'] as Subject,
    userName: row['user_name'] as string,
    linkedBy: row['linked_by'] as LinkedBy,
    linkedAt: row['linked_at'] as number,
  };
}
