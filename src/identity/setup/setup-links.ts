import type { Clock } from '../../core/clock.ts';
import { type Database, sql } from '../../core/database.ts';
import type { EventSink } from '../../core/events.ts';
import { hashSecret } from '../../core/hash.ts';
import type { Subject } from '../../core/ids.ts';
import { type Random, randomId, randomSecret } from '../../core/random.ts';
import { insertUser } from '../users/statements.ts';
import { checkNewUser, type NewUser, type User, UserError, userKey, userOf } from '../users/user.ts';

export interface SetupLinksOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: EventSink;
  /** Public URL of the set-up page. */
  readonly setupUrl: string;
  /** In milliseconds. Default: 24 hours. */
  readonly lifetime?: number;
}

/** `open`: the link makes the first administrator. `used`: there is one. `expired`: too old, replaced, or never a link. */
export type SetupLinkState = 'open' | 'used' | 'expired';

const administratorExists = "EXISTS (SELECT 1 FROM users WHERE role = 'admin')";

/** The one-time link that makes the first administrator; works only while there is none. */
export class SetupLinks {
  readonly #options: SetupLinksOptions;

  constructor(options: SetupLinksOptions) {
    this.#options = options;
  }

  /**
   * A new link in place of all earlier ones.
   * @returns `undefined` where an administrator exists
   */
  async current(): Promise<{ readonly url: string } | undefined> {
    const { database, clock, random, report, setupUrl, lifetime = 86_400_000 } = this.#options;
    const token = randomSecret(random);
    const [, made] = await database.write(
      sql('DELETE FROM setup_links'),
      sql(
        `INSERT INTO setup_links (token_hash, expires_at)
         SELECT ?, CAST(? AS BIGINT) WHERE NOT ${administratorExists} RETURNING token_hash`,
        hashSecret(token),
        clock.now() + lifetime,
      ),
    );
    if (made?.length !== 1) return undefined;
    report({ name: 'setup.link_made' });
    return { url: `${setupUrl}?${new URLSearchParams({ token })}` };
  }

  async state(token: string): Promise<SetupLinkState> {
    const { database, clock } = this.#options;
    const [row] = await database.read(
      `SELECT CASE WHEN ${administratorExists} THEN 'used'
         WHEN EXISTS (SELECT 1 FROM setup_links WHERE token_hash = ? AND spent_by IS NULL AND expires_at > ?) THEN 'open'
         ELSE 'expired' END AS state`,
      hashSecret(token),
      clock.now(),
    );
    return row?.state as SetupLinkState;
  }

  /**
   * Spends the link and makes the administrator in one write.
   * @returns the administrator, or why the link is no longer good
   * @throws UserError `invalid`, `name_taken`: the link is still good
   */
  async createAdministrator(token: string, input: NewUser): Promise<User | Exclude<SetupLinkState, 'open'>> {
    const { database, clock, random, report } = this.#options;
    const user = checkNewUser({ ...input, role: 'admin' });
    const userId = randomId(random) as Subject;
    const tokenHash = hashSecret(token);
    const now = clock.now();
    const [, inserted] = await database.write(
      sql(
        `UPDATE setup_links SET spent_by = ? WHERE token_hash = ? AND spent_by IS NULL AND expires_at > ?
           AND NOT ${administratorExists} AND NOT EXISTS (SELECT 1 FROM users WHERE user_key = ?)`,
        userId,
        tokenHash,
        now,
        userKey(user.userName),
      ),
      insertUser(
        userId,
        user,
        now,
        sql('EXISTS (SELECT 1 FROM setup_links WHERE token_hash = ? AND spent_by = ?)', tokenHash, userId),
      ),
    );
    const row = inserted?.[0];
    if (row !== undefined) {
      report({ name: 'user.created', subject: userId, reason: 'the first administrator, by the set-up link' });
      return userOf(row);
    }
    const state = await this.state(token);
    if (state === 'open') throw new UserError('name_taken', 'This user name is taken.', 'username');
    return state;
  }
}
