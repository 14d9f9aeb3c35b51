import { OAuthError } from '../../core/errors.ts';
import type { Claims } from '../../core/foreign-jwt.ts';
import type { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from '../token/client-authentication.ts';
import { DecidedGrant, type Decision } from '../token/decided-grant.ts';
import type { TokenRequest } from '../token/grant-handler.ts';
import { requestedResource } from '../token/resource.ts';
import type { TokenSet } from '../token/token-set.ts';
import { parseAssertion, type UnverifiedAssertion } from './assertion.ts';
import { grantableScopes, offeredScopes } from './scopes.ts';
import { VerifiedAssertion } from './verified-assertion.ts';

export const identityAssertionGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * The `jwt-bearer` grant with an ID-JAG, reported where it refuses: its user did nothing here, so the log is all there is.
 * @see MCP extension Enterprise-Managed Authorization §5, RFC 7523 §2.1
 */
export async function redeemAssertion(
  authenticated: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
): Promise<TokenSet> {
  try {
    return await redeem(authenticated, params, provider, request);
  } catch (error) {
    if (error instanceof OAuthError) {
      const { clientId } = authenticated.client;
      const reason = error.hint === undefined ? error.description : `${error.description}; ${error.hint}`;
      provider.report({ name: 'assertion.refused', clientId, outcome: error.code, reason });
    }
    throw error;
  }
}

/**
 * In this order: a confidential client that an administrator registered → what the assertion says → its resource is that of
 * the request → the key that it is bound to is proven → scopes → signed by its issuer, and spent → the user that it is of
 * → what the user may grant → one access token for that resource, and never a refresh token: the issuer decides anew each time.
 */
async function redeem(
  authenticated: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  { keyThumbprint }: TokenRequest,
): Promise<TokenSet> {
  const { client } = authenticated;
  requireConfidential(client);
  const assertion = parseAssertion(params.require('assertion'), client, provider);
  requireSameResource(params, client, assertion, provider);
  requireHolder(assertion, keyThumbprint);
  const offered = offeredScopes(params, assertion, client);
  const verified = await VerifiedAssertion.verify(assertion, provider);
  const user = await provider.subjectOfAssertion?.(client, verified);
  // A token whose subject is its client would pass for one of a machine client, acting for nobody.
  if (user === undefined || (user.subject as string) === client.clientId)
    throw new OAuthError('invalid_grant', 'the assertion is good, but its user has no active account at this server');
  const now = provider.clock.now();
  const { accessTokenLifetime } = assertion.issuer;
  const decision: Decision = {
    subject: user.subject,
    scopes: grantableScopes(offered, user),
    resource: assertion.resource.uri,
    ...authenticationOf(assertion, now),
    ...(accessTokenLifetime === undefined ? {} : { expiresBy: now + accessTokenLifetime }),
    ...(keyThumbprint === undefined ? {} : { keyThumbprint }),
  };
  if (provider.issueAccessToken === undefined) throw new Error('assertions are taken without issueAccessToken');
  const decided = DecidedGrant.decide(authenticated, decision, provider);
  const tokens = await provider.issueAccessToken(client, decided);
  provider.report({
    name: 'assertion.accepted',
    clientId: client.clientId,
    subject: user.subject,
    grantId: decided.grant.grantId,
    reason: `of ${verified.issuer}`,
  });
  return tokens;
}

function requireConfidential({ tokenEndpointAuthMethod, registeredBy }: Client): void {
  if (tokenEndpointAuthMethod === 'none' || registeredBy !== 'administrator')
    throw new OAuthError(
      'unauthorized_client',
      'only a confidential client that an administrator added may present identity assertions',
    );
}

function requireSameResource(
  params: Params,
  client: Client,
  { resource }: UnverifiedAssertion,
  provider: OAuthProvider,
): void {
  if (params.get('resource') !== undefined && requestedResource(params, client, provider) !== resource)
    throw new OAuthError('invalid_target', `the assertion is for resource ${resource.uri}`);
}

/** @see RFC 7800 §3.1, RFC 9449 §6.1: who presents an assertion that is bound to a key has to have the key */
function requireHolder({ claims }: UnverifiedAssertion, keyThumbprint: string | undefined): void {
  const { cnf } = claims;
  if (cnf === undefined) return;
  const bound =
    typeof cnf === 'object' && cnf !== null && 'jkt' in cnf && Object.keys(cnf).length === 1 ? cnf.jkt : null;
  if (bound === null || bound !== keyThumbprint)
    throw new OAuthError(
      'invalid_grant',
      'the assertion is bound to a key (cnf): send a DPoP proof of that key; other bindings than jkt are not supported',
    );
}

/** When and how the user signed in at the issuer. Where it does not say when, it is taken to be long ago. */
function authenticationOf({ claims, issuer }: UnverifiedAssertion, now: number) {
  const { auth_time: time, acr, amr }: Claims = claims;
  const known = typeof time === 'number' && Number.isFinite(time) && time > 0;
  return {
    authenticatedAt: known ? Math.min(Math.floor(time * 1000), now) : 0,
    // Its words for the strength of a sign-in are its own: the same word may be little there and much here.
    ...(isShortText(acr) && issuer.acrValues.includes(acr) ? { acr } : {}),
    ...(Array.isArray(amr) && amr.length > 0 && amr.length <= 10 && amr.every(isShortText) ? { amr } : {}),
  };
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256 && !/[\p{Cc}\ufffd]/u.test(value);
}
