import type { SecretHash } from '../../core/ids.ts';
import { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import type { User } from '../users/user.ts';
import type { PendingRequest } from './pending-requests.ts';

/** Proof that one user, in one browser, allowed one request. */
export class Approval {
  readonly #pending: PendingRequest;
  readonly #user: AuthenticatedUser;
  readonly #scopes: readonly string[];

  private constructor(pending: PendingRequest, user: AuthenticatedUser, scopes: readonly string[]) {
    this.#pending = pending;
    this.#user = user;
    this.#scopes = scopes;
  }

  /**
   * @param browserHash of the browser that the decision came from
   * @param scopes those that the user left ticked
   * @returns `undefined` where the request is another browser's, a scope was not asked for or is not this user's to grant,
   *   or none is left of those asked for
   */
  static of(
    pending: PendingRequest,
    user: AuthenticatedUser,
    browserHash: SecretHash,
    scopes: readonly string[],
  ): Approval | undefined {
    AuthenticatedUser.assert(user);
    if (pending.browserHash !== browserHash) return undefined;
    if (!mayApprove(scopes, pending.request.scopes, user.user)) return undefined;
    return new Approval(pending, user, scopes);
  }

  /** @throws TypeError for anything that `of` did not make */
  static assert(value: Approval): void {
    if (!(#pending in value)) throw new TypeError('a code is issued for an Approval only');
  }

  get pending(): PendingRequest {
    return this.#pending;
  }

  get user(): AuthenticatedUser {
    return this.#user;
  }

  get scopes(): readonly string[] {
    return this.#scopes;
  }
}

/** Whether a user may answer a request for some scopes with these: some of them where it asks for any, and none beyond. */
export function mayApprove(scopes: readonly string[], requested: readonly string[], user: User): boolean {
  if (scopes.length === 0 && requested.length > 0) return false;
  return scopes.every((scope) => requested.includes(scope) && mayGrant(user, scope));
}

/** Whether an administrator lets this user grant the scope. */
export function mayGrant({ grantableScopes }: User, scope: string): boolean {
  return grantableScopes === undefined || grantableScopes.includes(scope);
}
