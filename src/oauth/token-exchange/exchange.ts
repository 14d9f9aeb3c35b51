import { OAuthError } from '../../core/errors.ts';
import type { Params } from '../../core/params.ts';
import type { AccessToken, Actor, Client } from '../../core/records.ts';
import type { ProtectedResource } from '../../core/resources.ts';
import { parseScope } from '../../core/scopes.ts';
import type { ExchangePath } from '../../core/token-exchange.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from '../token/client-authentication.ts';
import { DecidedGrant } from '../token/decided-grant.ts';
import type { TokenRequest } from '../token/grant-handler.ts';
import { requestedResource } from '../token/resource.ts';
import type { TokenSet } from '../token/token-set.ts';

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** How many servers may have acted one for another before; a longer chain is a loop. */
const longestChain = 4;

/**
 * The token exchange grant, in this order: a confidential client → parameters that are supported → the presented token alive
 * and a user's → a path from its resource to the requested one for this client → scopes that the path gives for those of
 * the token → issued, with the client as actor, never for longer than the presented token, and ending with its grant.
 * @see RFC 8693 §2.1, §4.1
 */
export async function exchangeToken(
  authenticated: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
): Promise<TokenSet> {
  const { client } = authenticated;
  requireConfidential(client);
  refuseUnsupported(params);
  const subject = await subjectToken(params, provider);
  const target = requestedResource(params, client, provider);
  const path = allowedPath(client, subject, target, provider);
  const decided = DecidedGrant.decide(
    authenticated,
    {
      subject: subject.subject,
      scopes: exchangedScopes(params, subject, path, provider),
      resource: target.uri,
      authenticatedAt: authenticationTime(subject),
      actor: actorFor(client, subject),
      // The grant at the root of a chain: what ends it ends everything that was made from it.
      rootGrantId: subject.rootGrantId ?? subject.grantId,
      expiresBy: subject.expiresAt,
      issuedTokenType: accessTokenType,
      ...authenticationOf(subject),
      ...(request.keyThumbprint === undefined ? {} : { keyThumbprint: request.keyThumbprint }),
    },
    provider,
  );
  if (provider.issueAccessToken === undefined) throw new Error('token exchange is served without issueAccessToken');
  const tokens = await provider.issueAccessToken(client, decided);
  provider.report({
    name: 'token.exchanged',
    clientId: client.clientId,
    subject: subject.subject,
    grantId: decided.grant.grantId,
    reason: `${path.from} to ${path.to}, made from grant ${subject.grantId}`,
  });
  return tokens;
}

function requireConfidential(client: Client): void {
  if (client.tokenEndpointAuthMethod === 'none' || client.registeredBy !== 'administrator')
    throw new OAuthError(
      'unauthorized_client',
      'only a confidential client that an administrator added may exchange tokens',
    );
}

// Silently ignoring these would change what the client believes it asked for.
function refuseUnsupported(params: Params): void {
  for (const name of ['actor_token', 'actor_token_type', 'audience']) {
    if (params.get(name) !== undefined) {
      const instead = name === 'audience' ? 'name the target with resource' : 'the actor is the authenticated client';
      throw new OAuthError('invalid_request', `parameter '${name}' is not supported by this server: ${instead}`);
    }
  }
  const type = params.require('subject_token_type');
  if (type !== accessTokenType)
    throw new OAuthError('invalid_request', `subject_token_type must be ${accessTokenType}`);
  const requested = params.get('requested_token_type') ?? accessTokenType;
  if (requested !== accessTokenType)
    throw new OAuthError('invalid_request', `requested_token_type must be ${accessTokenType}, or left out`);
}

/** @see RFC 8693 §2.2.2: an unacceptable subject token is an invalid_request */
async function subjectToken(params: Params, provider: OAuthProvider): Promise<AccessToken> {
  const token = await provider.loadAccessToken(params.require('subject_token'));
  if (token === undefined || !(token.expiresAt > provider.clock.now()))
    throw new OAuthError('invalid_request', 'subject_token is unknown, expired or revoked');
  if ((token.subject as string) === token.clientId)
    throw new OAuthError('invalid_request', 'subject_token belongs to a client that acts for itself, not to a user');
  return token;
}

function allowedPath(
  client: Client,
  subject: AccessToken,
  target: ProtectedResource,
  provider: OAuthProvider,
): ExchangePath {
  const source = provider.resources.get(subject.resource);
  const path = provider.exchangePaths.find(
    ({ clientId, from, to }) => clientId === client.clientId && from === source?.key && to === target.key,
  );
  if (path !== undefined) return path;
  throw new OAuthError(
    'invalid_target',
    `this client may not exchange tokens of ${subject.resource} for tokens of ${target.uri}`,
    { hint: 'allow it in tokenExchange.paths' },
  );
}

function exchangedScopes(
  params: Params,
  subject: AccessToken,
  path: ExchangePath,
  provider: OAuthProvider,
): readonly string[] {
  const held = provider.resources.get(subject.resource)?.scopes.expand(subject.scopes) ?? new Set(subject.scopes);
  const given = new Map(Object.entries(path.scopes));
  const requested = parseScope(params.get('scope') ?? '');
  if (requested === undefined)
    throw new OAuthError('invalid_scope', 'scope contains characters that RFC 6749 section 3.3 does not allow');
  if (requested.length === 0) {
    const all = [...given].filter(([, needed]) => held.has(needed)).map(([scope]) => scope);
    if (all.length > 0) return all;
    throw new OAuthError('invalid_scope', 'subject_token has no scope that anything is given for at this resource');
  }
  for (const scope of requested) {
    const needed = given.get(scope);
    if (needed === undefined) throw new OAuthError('invalid_scope', `scope '${scope}' is not given on this path`);
    if (!held.has(needed))
      throw new OAuthError('invalid_scope', `scope '${scope}' is given for '${needed}', which subject_token lacks`);
  }
  return requested;
}

/** @see RFC 8693 §4.1: the one that acts now outermost */
function actorFor(client: Client, { claims }: AccessToken): Actor {
  const before = claims?.['act'] as Actor | undefined;
  if (chainLength(before) >= longestChain)
    throw new OAuthError('invalid_request', 'subject_token has been exchanged too often already');
  return before === undefined ? { sub: client.clientId } : { sub: client.clientId, act: before };
}

function chainLength(actor: Actor | undefined): number {
  return actor === undefined ? 0 : 1 + chainLength(actor.act);
}

// Where no user signed in it is as long ago as can be: nothing that wants a recent sign-in opens to such a token.
function authenticationTime({ claims }: AccessToken): number {
  const time = claims?.['auth_time'];
  return typeof time === 'number' ? time * 1000 : 0;
}

function authenticationOf({ claims }: AccessToken) {
  const { acr, amr } = (claims ?? {}) as { readonly acr?: string; readonly amr?: readonly string[] };
  return { ...(acr === undefined ? {} : { acr }), ...(amr === undefined ? {} : { amr }) };
}
