import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/database.ts';
import type { EventSink } from '../../core/events.ts';
import { hashSecret } from '../../core/hash.ts';
import type { RequestContext } from '../../core/http.ts';
import type { SecretHash, Subject } from '../../core/ids.ts';
import { type Random, randomSecret } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import type { Cookies } from '../../web/cookies.ts';
import { passwordOnly } from '../sign-in/sign-in-levels.ts';
import type { User } from '../users/user.ts';
import { AuthenticatedUser } from './authenticated-user.ts';
import { type Session, SessionStore, type SessionWithUser } from './session-store.ts';

export interface SessionsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: EventSink;
  readonly cookies: Cookies;
  /** How long a session lives without a request, in milliseconds. Default: 12 hours. */
  readonly idleTimeout?: number;
  /** How long a session lives at most, in milliseconds. Default: 7 days. */
  readonly absoluteTimeout?: number;
}

const cookieBase = 'portcullis-session';
const longestTouchInterval = 60_000;
const maximumUserAgent = 200;

/** Who is signed in where. The secret is in the browser's cookie only; the database has its hash. */
export class Sessions {
  readonly #store: SessionStore;
  readonly #options: Required<SessionsOptions>;

  /** @throws ConfigurationError where a timeout is not a whole number of milliseconds above 0 */
  constructor(options: SessionsOptions) {
    const { idleTimeout = 12 * 3_600_000, absoluteTimeout = 7 * 86_400_000 } = options;
    if (![idleTimeout, absoluteTimeout].every((time) => Number.isSafeInteger(time) && time > 0)) {
      throw new ConfigurationError(
        'sessions.idleTimeout and sessions.absoluteTimeout must be whole milliseconds above 0',
      );
    }
    this.#options = { ...options, idleTimeout, absoluteTimeout };
    this.#store = new SessionStore(options.database);
  }

  /**
   * Signs a user in whose password has just been verified: a new secret, and an end to the session that the browser had.
   * @param startedFor the authorization request on whose way this happens
   * @returns a `Set-Cookie` value, or `undefined` where the user was disabled or the password changed meanwhile
   */
  async start(
    user: User,
    request: Request,
    context: RequestContext,
    startedFor?: SecretHash,
  ): Promise<string | undefined> {
    const { clock, random, cookies, report, absoluteTimeout } = this.#options;
    const secret = randomSecret(random);
    const now = clock.now();
    const userAgent = request.headers.get('user-agent')?.slice(0, maximumUserAgent);
    const session: SessionWithUser = {
      user,
      sessionHash: hashSecret(secret),
      authenticatedAt: now,
      lastSeenAt: now,
      expiresAt: this.#expiry(now, now),
      amr: passwordOnly,
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(context.clientAddress === undefined ? {} : { address: context.clientAddress }),
      ...(startedFor === undefined ? {} : { startedFor }),
    };
    const former = this.#secretOf(request);
    if (!(await this.#store.insert(session, former === undefined ? undefined : hashSecret(former)))) return undefined;
    report({ name: 'user.signed_in', subject: user.userId, ...context });
    return cookies.set(cookieBase, secret, { maxAgeSeconds: absoluteTimeout / 1000 });
  }

  /** Whose request this is, or `undefined` where nobody is signed in. */
  async authenticate(request: Request): Promise<AuthenticatedUser | undefined> {
    const secret = this.#secretOf(request);
    if (secret === undefined) return undefined;
    const session = await this.#store.find(hashSecret(secret));
    const now = this.#options.clock.now();
    const touchInterval = Math.min(longestTouchInterval, this.#options.idleTimeout / 4);
    const user = AuthenticatedUser.check(session, secret, now);
    if (user !== undefined && session !== undefined && now - session.lastSeenAt >= touchInterval) {
      await this.#touch(user, now);
    }
    return user;
  }

  // Whoever only reads is not to suffer from a full disk: the session then ends a little earlier.
  async #touch({ sessionHash, authenticatedAt }: AuthenticatedUser, now: number): Promise<void> {
    try {
      await this.#store.touch(sessionHash, now, this.#expiry(authenticatedAt, now));
    } catch (error) {
      this.#options.report({ name: 'server.error', reason: 'a session could not be marked as used', error });
    }
  }

  /** The user's live sessions, the last seen first. */
  list(userId: string): Promise<Session[]> {
    return this.#store.list(userId, this.#options.clock.now());
  }

  /** Ends one session, if it is this user's. Resolves to whether it was. */
  async end(sessionHash: string, userId: Subject): Promise<boolean> {
    const ended = await this.#store.deleteOf(userId, sessionHash as SecretHash);
    if (ended) this.#options.report({ name: 'session.revoked', subject: userId, reason: 'ended by the user' });
    return ended;
  }

  /** Ends all sessions of the user but the one that asks. Resolves to how many. */
  async endOthers(user: AuthenticatedUser): Promise<number> {
    return this.#endAll(user.user.userId, user.sessionHash);
  }

  /** Ends all sessions of a user. Resolves to how many. */
  async endAll(userId: Subject): Promise<number> {
    return this.#endAll(userId, '');
  }

  /**
   * Ends the browser's session, if it has one.
   * @returns a `Set-Cookie` value that removes the cookie
   */
  async signOut(request: Request): Promise<string> {
    const { cookies, report } = this.#options;
    const secret = this.#secretOf(request);
    const subject = secret === undefined ? undefined : await this.#store.delete(hashSecret(secret));
    if (subject !== undefined) report({ name: 'user.signed_out', subject });
    return cookies.clear(cookieBase);
  }

  async #endAll(userId: Subject, except: SecretHash | ''): Promise<number> {
    const ended = await this.#store.deleteAll(userId, except);
    if (ended > 0)
      this.#options.report({ name: 'session.revoked', subject: userId, reason: `${ended} sessions ended` });
    return ended;
  }

  #secretOf(request: Request): string | undefined {
    const value = this.#options.cookies.read(request, cookieBase);
    return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
  }

  #expiry(authenticatedAt: number, now: number): number {
    const { idleTimeout, absoluteTimeout } = this.#options;
    return Math.min(now + idleTimeout, authenticatedAt + absoluteTimeout);
  }
}
