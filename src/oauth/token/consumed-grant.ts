import { AlreadySpentError } from '../../core/errors.ts';
import type { Grant } from '../../core/records.ts';

/**
 * A code or refresh token that passed every check and may be spent, once: a proof, which its capability's own class mints
 * and makes known by `declareRedeemable`.
 */
export interface Redeemable {
  readonly grant: Grant;
  /** The scopes that the access token gets. */
  readonly scopes: readonly string[];
  /** Thumbprint of the key that this request's access token is bound to. Default: the grant's. */
  readonly keyThumbprint?: string | undefined;
  /** Thumbprint of the key that its refresh token is bound to: that of a public client (RFC 9449 §5). */
  readonly refreshKeyThumbprint?: string | undefined;
  /** When the access token expires at the latest, milliseconds since the epoch. Default: its lifetime alone decides. */
  readonly expiresBy?: number | undefined;
  /** What the response calls the token (RFC 8693 §2.2.1). Default: nothing. */
  readonly issuedTokenType?: string | undefined;
}

const redeemables = new WeakSet<Redeemable>();

/** To be called by the constructors of the classes whose objects may be spent, and by nothing else. */
export function declareRedeemable(redeemable: Redeemable): void {
  redeemables.add(redeemable);
}

/**
 * Proof that a code or refresh token was spent and that this request is the one that spent it. The store says
 * whether it won; only this class turns the answer into something that tokens can be issued for.
 */
export class ConsumedGrant {
  readonly #grant: Grant;
  readonly #scopes: readonly string[];
  readonly #keyThumbprint: string | undefined;
  readonly #refreshKeyThumbprint: string | undefined;
  readonly #expiresBy: number | undefined;
  readonly #issuedTokenType: string | undefined;

  private constructor(redeemable: Redeemable) {
    this.#grant = redeemable.grant;
    this.#scopes = redeemable.scopes;
    this.#keyThumbprint = redeemable.keyThumbprint ?? redeemable.grant.keyThumbprint;
    this.#refreshKeyThumbprint = redeemable.refreshKeyThumbprint;
    this.#expiresBy = redeemable.expiresBy;
    this.#issuedTokenType = redeemable.issuedTokenType;
  }

  /**
   * @param won whether the store's one atomic operation spent it now
   * @throws AlreadySpentError where it did not
   * @throws TypeError for anything else than a `RedeemableCode` or `RedeemableRefreshToken`
   */
  static claim(redeemable: Redeemable, won: boolean): ConsumedGrant {
    if (!redeemables.has(redeemable)) throw new TypeError('only what was checked can be spent');
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

  /** Thumbprint of the key that the access token is bound to; `undefined` for a bearer token. */
  get keyThumbprint(): string | undefined {
    return this.#keyThumbprint;
  }

  /** Thumbprint of the key that the refresh token is bound to, if any. */
  get refreshKeyThumbprint(): string | undefined {
    return this.#refreshKeyThumbprint;
  }

  /** When the access token expires at the latest, milliseconds since the epoch. */
  get expiresBy(): number | undefined {
    return this.#expiresBy;
  }

  /** What the response calls the token; `undefined` where it does not say. */
  get issuedTokenType(): string | undefined {
    return this.#issuedTokenType;
  }
}
