import type { SecretHash } from '../../core/ids.ts';
import { AuthenticatedUser } from '../sessions/authenticated-user.ts';
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
   * @returns `undefined` where the request is another browser's, or a scope was not asked for
   */
  static of(pending: PendingRequest, user: AuthenticatedUser, browserHash: SecretHash, scopes: readonly string[]): Approval | undefined {
    AuthenticatedUser.assert(user);
    if (pending.browserHash !== browserHash) return undefined;
    if (!scopes.every((scope) => pending.request.scopes.includes(scope))) return undefined;
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
