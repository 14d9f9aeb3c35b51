import { EgressError } from '../../core/egress/errors.ts';
import { OAuthError } from '../../core/errors.ts';
import { type Claims, requireSignature } from '../../core/foreign-jwt.ts';
import type { PublicJwk } from '../../core/public-jwk.ts';
import type { ProtectedResource } from '../../core/resources.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { UnverifiedAssertion } from './assertion.ts';

/** Proof that a trusted issuer said this of a user, to the client that presented it, for the first time. */
export class VerifiedAssertion {
  readonly #assertion: UnverifiedAssertion;

  private constructor(assertion: UnverifiedAssertion) {
    this.#assertion = assertion;
  }

  /**
   * Verifies an assertion, in this order: the issuer's keys → signature → `jti` spent, so that nobody's `jti` is spent by who
   * cannot sign.
   * @throws OAuthError `invalid_grant`; `temporarily_unavailable` where the issuer's keys cannot be had
   * @see RFC 7523 §3
   */
  static async verify(assertion: UnverifiedAssertion, provider: OAuthProvider): Promise<VerifiedAssertion> {
    const { issuer, tokenId, usableFrom, refusedFrom } = assertion;
    await requireSignature(
      await keysFor(assertion),
      assertion,
      (description) => new OAuthError('invalid_grant', description),
    );
    const isNew = await provider.spendIdentifier?.({
      purpose: 'identity_assertion',
      issuer: issuer.issuer,
      identifier: tokenId,
      usableFrom,
      expiresAt: refusedFrom,
    });
    if (isNew !== true)
      throw new OAuthError('invalid_grant', 'this assertion was used before: ask its issuer for a new one');
    return new VerifiedAssertion(assertion);
  }

  /** @throws TypeError for anything that `verify` did not make */
  static assert(value: VerifiedAssertion): void {
    if (!(#assertion in value)) throw new TypeError('not a VerifiedAssertion');
  }

  /** Its `iss`: with `subject` it names the user. */
  get issuer(): string {
    return this.#assertion.issuer.issuer;
  }

  /** Its `sub`: unique at this issuer, never reassigned. */
  get subject(): string {
    return this.#assertion.subject;
  }

  get resource(): ProtectedResource {
    return this.#assertion.resource;
  }

  /** Everything that the issuer said, such as `email`, `email_verified`, `groups`: of any type, and of any content. */
  get claims(): Claims {
    return this.#assertion.claims;
  }
}

async function keysFor({ issuer, algorithm, keyId }: UnverifiedAssertion): Promise<readonly PublicJwk[]> {
  try {
    return await issuer.keys.keysFor({ algorithm, keyId });
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    // Not the assertion's fault, nor the client's: it would be taken another time.
    throw new OAuthError('temporarily_unavailable', 'the keys of the issuer cannot be had now; try again later', {
      hint: `the keys of ${issuer.issuer}: ${error.detail}`,
      headers: { 'retry-after': '30' },
    });
  }
}
