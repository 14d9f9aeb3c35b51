import { AlreadySpentError, OAuthError } from '../../core/errors.ts';
import type { Params } from '../../core/params.ts';
import type { AuthorizationCode, Client, Grant } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from '../token/client-authentication.ts';
import { declareRedeemable } from '../token/consumed-grant.ts';
import type { TokenRequest } from '../token/grant-handler.ts';
import { refreshKeyOf } from '../token/mint.ts';
import { endReplayed } from '../token/replay.ts';
import { grantedResource, requireStillAllowed } from '../token/resource.ts';
import { WrongKeyError } from '../token/sender-constraint.ts';
import type { TokenSet } from '../token/token-set.ts';
import { isCodeVerifier, verifierMatches } from './pkce.ts';

/**
 * Proof that a code may be spent by this request: it is this client's, alive, and was asked for with this redirect URI
 * and this PKCE challenge.
 */
export class RedeemableCode {
  readonly #record: AuthorizationCode;
  readonly #client: Client;
  readonly #keyThumbprint: string | undefined;

  private constructor(record: AuthorizationCode, client: Client, keyThumbprint: string | undefined) {
    this.#record = record;
    this.#client = client;
    this.#keyThumbprint = keyThumbprint;
    declareRedeemable(this);
  }

  /**
   * @param keyThumbprint of the key that the request proved
   * @throws OAuthError `invalid_grant`
   * @see OAuth 2.1 §4.1.3
   */
  static check(
    record: AuthorizationCode,
    client: Client,
    params: Params,
    now: number,
    keyThumbprint?: string,
  ): RedeemableCode {
    if (record.grant.clientId !== client.clientId) throw unusable();
    // A spent code is judged to the end, expired or not, so that its replay is recognised as one.
    if (record.spentAt === undefined && !(record.expiresAt > now)) throw unusable();
    const redirectUri = params.get('redirect_uri');
    if (redirectUri === undefined ? record.redirectUriWasSent : redirectUri !== record.redirectUri) {
      throw new OAuthError('invalid_grant', 'redirect_uri must be the same as in the authorization request');
    }
    // RFC 9449 §10. Before the verifier, so that a stranger to the key cannot spend the code by guessing.
    if (record.keyThumbprint !== undefined && record.keyThumbprint !== keyThumbprint) {
      throw new WrongKeyError('send a DPoP proof with the key that dpop_jkt named in the authorization request');
    }
    const verifier = params.require('code_verifier');
    if (!isCodeVerifier(verifier))
      throw new OAuthError('invalid_grant', 'code_verifier must be 43 to 128 unreserved characters');
    if (!verifierMatches(verifier, record.codeChallenge)) throw new VerifierMismatch();
    return new RedeemableCode(record, client, keyThumbprint);
  }

  get hash(): AuthorizationCode['hash'] {
    return this.#record.hash;
  }

  get grant(): Grant {
    return this.#record.grant;
  }

  get scopes(): readonly string[] {
    return this.#record.grant.scopes;
  }

  get keyThumbprint(): string | undefined {
    return this.#keyThumbprint;
  }

  get refreshKeyThumbprint(): string | undefined {
    return refreshKeyOf(this.#client, this.#keyThumbprint);
  }

  /** When it was spent, if it has been: a subclass must still decide by its own atomic operation. */
  get spentAt(): number | undefined {
    return this.#record.spentAt;
  }
}

class VerifierMismatch extends Error {}

/**
 * The `authorization_code` grant, in this order: load → this client's → alive → redirect URI → key → PKCE → resource →
 * scopes → spend.
 * Nothing is spent or revoked for a request that is not the client's own; a wrong verifier spends the code, a replay
 * revokes what its first redemption opened.
 * @see OAuth 2.1 §4.1.3, RFC 9700 §4.14.2 on replay
 */
export async function redeemAuthorizationCode(
  client: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
): Promise<TokenSet> {
  const record = await provider.loadAuthorizationCode(client.client, params.require('code'));
  if (record === undefined) throw unusable();
  let code: RedeemableCode;
  try {
    code = RedeemableCode.check(record, client.client, params, provider.clock.now(), request.keyThumbprint);
  } catch (error) {
    if (!(error instanceof VerifierMismatch)) throw error;
    if (record.spentAt === undefined) await provider.revokeToken(record);
    provider.report({
      name: 'code.verifier_mismatch',
      clientId: client.client.clientId,
      grantId: record.grant.grantId,
    });
    throw new OAuthError('invalid_grant', 'code_verifier does not match the code_challenge');
  }
  grantedResource(params, client.client, record, provider);
  requireStillAllowed(record, client.client);
  try {
    if (code.spentAt !== undefined) throw new AlreadySpentError();
    return await provider.exchangeAuthorizationCode(client.client, code);
  } catch (error) {
    throw await endReplayed(error, record, { name: 'code.replayed', refusal: unusable }, provider);
  }
}

// One answer for unknown, foreign, expired and spent codes: which of them it is concerns nobody who asks.
function unusable(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'the authorization code is unknown, expired, already used, or was issued to another client',
  );
}
