import { formatScope } from '../../core/scopes.ts';
import { ConsumedGrant } from './consumed-grant.ts';

export interface MintedTokens {
  readonly accessToken: string;
  /** Lifetime of the access token in seconds. */
  readonly expiresIn: number;
  readonly refreshToken?: string;
}

/**
 * The tokens of one successful token request. Made only for a `ConsumedGrant`, asserted at run time.
 * @see RFC 6749 §5.1
 */
export class TokenSet {
  readonly #minted: MintedTokens;
  readonly #scopes: readonly string[];
  readonly #type: 'Bearer' | 'DPoP';
  readonly #issuedTokenType: string | undefined;

  private constructor(minted: MintedTokens, { scopes, keyThumbprint, issuedTokenType }: ConsumedGrant) {
    this.#issuedTokenType = issuedTokenType;
    this.#minted = minted;
    this.#scopes = scopes;
    // RFC 9449 §5: the client must know that the token is bound to its key.
    this.#type = keyThumbprint === undefined ? 'Bearer' : 'DPoP';
  }

  /** @throws TypeError where `consumed` was not minted by `ConsumedGrant.claim` */
  static issue(consumed: ConsumedGrant, minted: MintedTokens): TokenSet {
    ConsumedGrant.assert(consumed);
    return new TokenSet(minted, consumed);
  }

  /** @throws TypeError for anything that `issue` did not make */
  static assert(value: TokenSet): void {
    if (!(#minted in value)) throw new TypeError('only a TokenSet is sent to a client');
  }

  get accessToken(): string {
    return this.#minted.accessToken;
  }

  get refreshToken(): string | undefined {
    return this.#minted.refreshToken;
  }

  get scopes(): readonly string[] {
    return this.#scopes;
  }

  /** The body of the token response. */
  toJSON(): Record<string, unknown> {
    return {
      access_token: this.#minted.accessToken,
      ...(this.#issuedTokenType === undefined ? {} : { issued_token_type: this.#issuedTokenType }),
      token_type: this.#type,
      expires_in: this.#minted.expiresIn,
      ...(this.#minted.refreshToken === undefined ? {} : { refresh_token: this.#minted.refreshToken }),
      ...(this.#scopes.length === 0 ? {} : { scope: formatScope(this.#scopes) }),
    };
  }
}
