import { OAuthError } from '../../core/errors.ts';
import type { Params } from '../../core/params.ts';
import type { Client, Grant, RefreshToken } from '../../core/records.ts';
import { parseScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from '../token/client-authentication.ts';
import { declareRedeemable } from '../token/consumed-grant.ts';
import type { TokenRequest } from '../token/grant-handler.ts';
import { endReplayed } from '../token/replay.ts';
import { grantedResource } from '../token/resource.ts';
import { WrongKeyError } from '../token/sender-constraint.ts';
import type { TokenSet } from '../token/token-set.ts';

/**
 * Proof that a refresh token may be rotated by this request: it is this client's, unexpired, the key that it is bound to
 * was proved, and no scope is widened.
 */
export class RedeemableRefreshToken {
  readonly #record: RefreshToken;
  readonly #client: Client;
  readonly #scopes: readonly string[];
  readonly #keyThumbprint: string | undefined;

  private constructor(
    record: RefreshToken,
    client: Client,
    scopes: readonly string[],
    keyThumbprint: string | undefined,
  ) {
    this.#record = record;
    this.#client = client;
    this.#scopes = scopes;
    this.#keyThumbprint = keyThumbprint;
    declareRedeemable(this);
  }

  /**
   * @param keyThumbprint of the key that the request proved
   * @throws OAuthError `invalid_grant`, or `invalid_scope` for more than was granted
   * @see OAuth 2.1 §4.3.1, RFC 9449 §5
   */
  static check(
    record: RefreshToken,
    client: Client,
    scope: string | undefined,
    now: number,
    keyThumbprint?: string,
  ): RedeemableRefreshToken {
    if (record.grant.clientId !== client.clientId || !(record.expiresAt > now)) throw unusable();
    if (record.keyThumbprint !== undefined && record.keyThumbprint !== keyThumbprint) {
      throw new WrongKeyError(
        'the refresh token is bound to a key: send a DPoP proof with it, or start a new authorization request',
      );
    }
    return new RedeemableRefreshToken(record, client, narrowedScopes(record.grant.scopes, scope), keyThumbprint);
  }

  get hash(): RefreshToken['hash'] {
    return this.#record.hash;
  }

  get grant(): Grant {
    return this.#record.grant;
  }

  /** The scopes of the new access token; the grant keeps all of its own. */
  get scopes(): readonly string[] {
    return this.#scopes;
  }

  get keyThumbprint(): string | undefined {
    return this.#keyThumbprint;
  }

  /** The key that its successor is bound to. A public client that begins to prove a key binds its family to it. */
  get refreshKeyThumbprint(): string | undefined {
    const begun = this.#client.tokenEndpointAuthMethod === 'none' ? this.#keyThumbprint : undefined;
    return this.#record.keyThumbprint ?? begun;
  }
}

/**
 * The `refresh_token` grant, in this order: load → this client's → alive → key → scope → resource → rotate.
 * @see OAuth 2.1 §4.3, RFC 9700 §4.14.2
 */
export async function rotateRefreshToken(
  client: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
): Promise<TokenSet> {
  const record = await provider.loadRefreshToken(client.client, params.require('refresh_token'));
  if (record === undefined) throw unusable();
  const token = RedeemableRefreshToken.check(
    record,
    client.client,
    params.get('scope'),
    provider.clock.now(),
    request.keyThumbprint,
  );
  grantedResource(params, client.client, record, provider);
  try {
    return await provider.exchangeRefreshToken(client.client, token, token.scopes);
  } catch (error) {
    throw await endReplayed(error, record, { name: 'token.reused', refusal: unusable }, provider);
  }
}

function narrowedScopes(granted: readonly string[], scope: string | undefined): readonly string[] {
  if (scope === undefined) return granted;
  const requested = parseScope(scope)?.filter((name) => name !== 'offline_access');
  if (requested === undefined)
    throw new OAuthError('invalid_scope', 'scope contains characters that RFC 6749 section 3.3 does not allow');
  const wider = requested.filter((name) => !granted.includes(name));
  if (wider.length > 0) {
    throw new OAuthError(
      'invalid_scope',
      `scope ${wider.map((name) => `'${name}'`).join(', ')} was not granted; start a new authorization request for it`,
    );
  }
  return requested.length > 0 ? requested : granted;
}

function unusable(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'the refresh token is unknown, expired, revoked, already used, or was issued to another client',
  );
}
