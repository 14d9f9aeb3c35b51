import { secretMatches } from '../../core/hash.ts';
import type { SecretHash } from '../../core/ids.ts';
import type { User } from '../users/user.ts';
import type { SessionWithUser } from './session-store.ts';

/** Proof that a request comes from a browser in which this active user is signed in. */
export class AuthenticatedUser {
  readonly #session: SessionWithUser;

  private constructor(session: SessionWithUser) {
    this.#session = session;
  }

  /**
   * @param secret the session secret that the browser presented
   * @param now milliseconds since the epoch
   * @returns `undefined` where the session is not that secret's or has expired, or the user is disabled
   */
  static check(session: SessionWithUser | undefined, secret: string, now: number): AuthenticatedUser | undefined {
    if (session === undefined || !secretMatches(secret, session.sessionHash)) return undefined;
    if (session.expiresAt <= now || session.user.status !== 'active') return undefined;
    return new AuthenticatedUser(session);
  }

  /** @throws TypeError for anything that `check` did not make */
  static assert(value: AuthenticatedUser): void {
    if (!(#session in value)) throw new TypeError('not an AuthenticatedUser');
  }

  get user(): User {
    return this.#session.user;
  }

  /** Identifies the session; not its secret. */
  get sessionHash(): SecretHash {
    return this.#session.sessionHash;
  }

  /** The means by which the user signed in (RFC 8176). */
  get amr(): readonly string[] {
    return this.#session.amr;
  }

  /** The authorization request on whose way the user signed in. */
  get startedFor(): SecretHash | undefined {
    return this.#session.startedFor;
  }

  /** When the user signed in, milliseconds since the epoch. */
  get authenticatedAt(): number {
    return this.#session.authenticatedAt;
  }
}
