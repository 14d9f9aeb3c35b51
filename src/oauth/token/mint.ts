import { hashSecret } from '../../core/hash.ts';
import type { SecretHash } from '../../core/ids.ts';
import { type Random, randomSecret } from '../../core/random.ts';
import type { AccessToken, Client, Grant, RefreshToken } from '../../core/records.ts';
import type { Lifetimes } from '../../core/settings.ts';
import type { Redeemable } from './consumed-grant.ts';

/** A secret to hand out once, with the hash to store. */
export interface MintedSecret {
  readonly secret: string;
  readonly hash: SecretHash;
}

export function mintSecret(random: Random): MintedSecret {
  const secret = randomSecret(random);
  return { secret, hash: hashSecret(secret) };
}

/**
 * The record of a new access token.
 * @param spent what it is issued for: a `ConsumedGrant`, or what is about to become one
 * @param tokenId its `jti`, or the hash of an opaque token
 * @param now milliseconds since the epoch
 */
export function accessTokenFor(
  spent: Redeemable,
  tokenId: string,
  now: number,
  lifetimes: Pick<Lifetimes, 'accessToken'>,
): AccessToken {
  const { grant, scopes } = spent;
  const keyThumbprint = spent.keyThumbprint ?? grant.keyThumbprint;
  return {
    kind: 'access_token',
    tokenId,
    grantId: grant.grantId,
    ...(grant.rootGrantId === undefined ? {} : { rootGrantId: grant.rootGrantId }),
    clientId: grant.clientId,
    subject: grant.subject,
    scopes,
    resource: grant.resource,
    issuedAt: now,
    expiresAt: Math.min(now + lifetimes.accessToken, spent.expiresBy ?? Number.POSITIVE_INFINITY),
    claims: claimsOf(grant),
    ...(keyThumbprint === undefined ? {} : { keyThumbprint }),
  };
}

/** @see RFC 9068 §2.2.1 (`auth_time`, `acr`, `amr`), RFC 8693 §4.1 (`act`) */
function claimsOf({ clientId, subject, authenticatedAt, acr, amr, actor }: Grant): Readonly<Record<string, unknown>> {
  // A machine client acts for itself: no user has signed in.
  const isMachine = (subject as string) === clientId;
  return {
    ...(isMachine ? {} : { auth_time: Math.floor(authenticatedAt / 1000) }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(actor === undefined ? {} : { act: actor }),
  };
}

/**
 * The record of a new refresh token: its life slides with every use, up to the absolute cap.
 * @param spent what it is issued for: a `ConsumedGrant`, or what is about to become one
 * @param now milliseconds since the epoch
 */
export function refreshTokenFor(
  { grant, refreshKeyThumbprint }: Redeemable,
  hash: SecretHash,
  now: number,
  lifetimes: Pick<Lifetimes, 'refreshToken' | 'refreshTokenAbsolute'>,
): RefreshToken {
  return {
    kind: 'refresh_token',
    hash,
    grant,
    issuedAt: now,
    expiresAt: Math.min(now + lifetimes.refreshToken, grant.approvedAt + lifetimes.refreshTokenAbsolute),
    ...(refreshKeyThumbprint === undefined ? {} : { keyThumbprint: refreshKeyThumbprint }),
  };
}

/**
 * The key that a client's first refresh token is bound to: a public client's. A confidential client's is bound to its
 * credentials already, and it may change its key.
 * @param keyThumbprint of the key that its request proved
 * @see RFC 9449 §5
 */
export function refreshKeyOf(
  { tokenEndpointAuthMethod }: Pick<Client, 'tokenEndpointAuthMethod'>,
  keyThumbprint: string | undefined,
): string | undefined {
  return tokenEndpointAuthMethod === 'none' ? keyThumbprint : undefined;
}
