import { sql } from '../core/database.ts';
import { AlreadySpentError, OAuthError } from '../core/errors.ts';
import { randomId } from '../core/random.ts';
import type { AccessToken, Client } from '../core/records.ts';
import { mayGrantAt } from '../identity/users/statements.ts';
import type { RedeemableCode } from '../oauth/authorization-code/redeem.ts';
import type { AuthorizationCodeStore } from '../oauth/authorization-code/store.ts';
import type { RedeemableDeviceCode } from '../oauth/device/redeem.ts';
import type { RedeemableRefreshToken } from '../oauth/refresh-token/rotate.ts';
import { ConsumedGrant, type Redeemable } from '../oauth/token/consumed-grant.ts';
import type { DecidedGrant } from '../oauth/token/decided-grant.ts';
import { accessTokenFor, mintSecret, refreshTokenFor } from '../oauth/token/mint.ts';
import { TokenSet } from '../oauth/token/token-set.ts';
import type { Services } from './services.ts';

/**
 * Spends a code and issues its tokens: minted first, stored with the spending in one transaction, signed only by the winner.
 * @throws AlreadySpentError where another request was first
 */
export function issueForCode(client: Client, code: RedeemableCode, services: Services): Promise<TokenSet> {
  return redeem(client, code, services.codes, services);
}

/** The same for a device code. */
export function issueForDeviceCode(client: Client, code: RedeemableDeviceCode, services: Services): Promise<TokenSet> {
  return redeem(client, code, services.deviceCodes, services);
}

async function redeem(
  client: Client,
  code: RedeemableCode | RedeemableDeviceCode,
  store: Pick<AuthorizationCodeStore, 'redeem'>,
  services: Services,
): Promise<TokenSet> {
  const { provider } = services;
  const now = provider.clock.now();
  const access = await accessTokenOf(code, now, services);
  const secret = client.grantTypes.includes('refresh_token') ? mintSecret(provider.random) : undefined;
  const lifetimes = provider.resources.lifetimesOf(code.grant.resource);
  const refresh = secret === undefined ? undefined : refreshTokenFor(code, secret.hash, now, lifetimes);
  const won = await store.redeem(code, access.tokenId, refresh, now, lastExpiry(access, refresh));
  const consumed = ConsumedGrant.claim(code, won);
  provider.report({
    name: 'code.redeemed',
    clientId: client.clientId,
    subject: code.grant.subject,
    grantId: code.grant.grantId,
  });
  return tokenSet(consumed, access, secret?.secret, services);
}

/**
 * Rotates a refresh token and issues its successor.
 * @throws AlreadySpentError on reuse, OAuthError `invalid_grant` where a retry is one too many
 */
export async function issueForRefreshToken(token: RedeemableRefreshToken, services: Services): Promise<TokenSet> {
  const { provider, refreshTokens } = services;
  const now = provider.clock.now();
  const access = await accessTokenOf(token, now, services);
  const secret = mintSecret(provider.random);
  const lifetimes = provider.resources.lifetimesOf(token.grant.resource);
  const next = refreshTokenFor(token, secret.hash, now, lifetimes);
  const grace = lifetimes.refreshTokenGrace;
  const rotation = await refreshTokens.rotate(token, next, { now, grace, grantExpiresAt: lastExpiry(access, next) });
  switch (rotation) {
    case 'reused':
      throw new AlreadySpentError();
    case 'refused':
      throw revokedMeanwhile();
    case 'rotated':
    case 'retried': {
      const name = rotation === 'rotated' ? 'token.refreshed' : 'token.refresh_retried';
      provider.report({
        name,
        clientId: token.grant.clientId,
        subject: token.grant.subject,
        grantId: token.grant.grantId,
      });
      return tokenSet(ConsumedGrant.claim(token, true), access, secret.secret, services);
    }
  }
}

/**
 * Stores a grant that was decided at this moment, and issues its one access token.
 * @throws OAuthError `invalid_grant` where its client or user has gone, or was disabled, since the decision, or where the
 *   resource is for administrators and the user is none
 */
export async function issueForDecision(decided: DecidedGrant, services: Services): Promise<TokenSet> {
  const { provider, grants } = services;
  const { grant } = decided;
  const access = await accessTokenOf(decided, provider.clock.now(), services);
  const allowed = mayGrantAt(grant.resource, grant.subject, services.resourcesForAdministrators);
  const isMachine = (grant.subject as string) === grant.clientId;
  if (!(await grants.add(grant, access.expiresAt, isMachine ? sql('1 = 1') : allowed))) {
    throw new OAuthError(
      'invalid_grant',
      'the client or the user has been removed or disabled meanwhile, or may not use this resource',
    );
  }
  const { clientId, subject, grantId } = grant;
  provider.report({ name: 'token.issued', clientId, subject, grantId });
  return tokenSet(ConsumedGrant.claim(decided, true), access, undefined, services);
}

/** What will be signed. The keys are seen to now: a code must not be spent for a token that cannot be signed. */
async function accessTokenOf(spent: Redeemable, now: number, services: Services): Promise<AccessToken> {
  const { provider, accessTokens } = services;
  await accessTokens.prepare();
  const lifetimes = provider.resources.lifetimesOf(spent.grant.resource);
  return accessTokenFor(spent, randomId(provider.random), now, lifetimes);
}

function lastExpiry(...tokens: readonly ({ readonly expiresAt: number } | undefined)[]): number {
  return Math.max(...tokens.map((token) => token?.expiresAt ?? 0));
}

function tokenSet(
  consumed: ConsumedGrant,
  access: AccessToken,
  refreshToken: string | undefined,
  { accessTokens }: Services,
): TokenSet {
  return TokenSet.issue(consumed, {
    accessToken: accessTokens.sign(access),
    expiresIn: Math.floor((access.expiresAt - access.issuedAt) / 1000),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  });
}

function revokedMeanwhile(): OAuthError {
  return new OAuthError('invalid_grant', 'the refresh token was revoked, or retried too often');
}
