import { AlreadySpentError } from '../../core/errors.ts';
import type { Grant } from '../../core/records.ts';

/** A code or refresh token that passed every check and may be spent, once. */
export interface Redeemable {
  readonly grant: Grant;
  /** The scopes that the access token gets. */
  readonly scopes: readonly string[];
}

/**
 * Proof that a code or refresh token was spent and that this request is the one that spent it. The store says
 * whether it won; only this class turns the answer into something that tokens can be issued for.
 */
export class ConsumedGrant {
  readonly #grant: Grant;
  readonly #scopes: readonly string[];

  private constructor(redeemable: Redeemable) {
    this.#grant = redeemable.grant;
    this.#scopes = redeemable.scopes;
  }

  /**
   * @param won whether the store's one atomic operation spent it now
   * @throws AlreadySpentError where it did not
   */
  static claim(redeemable: Redeemable, won: boolean): ConsumedGrant {
    if (!won) throw new AlreadySpentError();
    return new ConsumedGrant(redeemable);
  }

  /** @throws TypeError for anything that `claim` did not make */
  static assert(value: ConsumedGrant): void {
    if (!(#grant in value)) throw new TypeError('tokens are issued for a ConsumedGrant only');
  }

  get grant(): Grant {
    return this.#grant;
  }

  get scopes(): readonly string[] {
    return this.#scopes;
  }
}
