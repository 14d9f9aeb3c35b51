import type { GrantId, ResourceUri, Subject } from '../../core/ids.ts';
import { timeOrderedId } from '../../core/random.ts';
import type { Grant, GrantDetails } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { AuthenticatedClient } from './client-authentication.ts';
import { declareRedeemable } from './consumed-grant.ts';

/** Whom, what and where a grant handler has decided to allow; every check is its own. */
export interface Decision extends GrantDetails {
  readonly subject: Subject;
  /** No wider than the client, the user and the resource allow. */
  readonly scopes: readonly string[];
  readonly resource: ResourceUri;
  /** When the user signed in, milliseconds since the epoch; now where there is no user. */
  readonly authenticatedAt: number;
  /** The grant that it is made from: with that one it ends. */
  readonly rootGrantId?: GrantId;
  /** What the response calls the token (RFC 8693 §2.2.1), where it has to. */
  readonly issuedTokenType?: string;
  /** When the access token expires at the latest, milliseconds since the epoch: that of the token it was made from. */
  readonly expiresBy?: number;
}

/**
 * Proof that a grant handler allowed an authenticated client something there and then, without a code: machine clients,
 * assertions, exchanged tokens. It is good for one access token, and never for a refresh token.
 */
export class DecidedGrant {
  readonly #grant: Grant;
  readonly #expiresBy: number | undefined;
  readonly #issuedTokenType: string | undefined;

  private constructor(grant: Grant, { expiresBy, issuedTokenType }: Decision) {
    this.#grant = grant;
    this.#expiresBy = expiresBy;
    this.#issuedTokenType = issuedTokenType;
    declareRedeemable(this);
  }

  /** @throws TypeError for anything else than an authenticated client */
  static decide(client: AuthenticatedClient, decision: Decision, provider: OAuthProvider): DecidedGrant {
    AuthenticatedClient.assert(client);
    const { expiresBy: _expiresBy, issuedTokenType: _type, ...rest } = decision;
    const now = provider.clock.now();
    const grant: Grant = {
      ...rest,
      grantId: timeOrderedId(provider.random, now) as GrantId,
      clientId: client.client.clientId,
      approvedAt: now,
    };
    return new DecidedGrant(grant, decision);
  }

  get grant(): Grant {
    return this.#grant;
  }

  get scopes(): readonly string[] {
    return this.#grant.scopes;
  }

  get keyThumbprint(): string | undefined {
    return this.#grant.keyThumbprint;
  }

  get expiresBy(): number | undefined {
    return this.#expiresBy;
  }

  get issuedTokenType(): string | undefined {
    return this.#issuedTokenType;
  }

  /** @throws TypeError for anything that `decide` did not make */
  static assert(value: DecidedGrant): void {
    if (!(#grant in value)) throw new TypeError('only what a grant handler decided is issued a token');
  }
}
