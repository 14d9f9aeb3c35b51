import { hashSecret } from '../../core/hash.ts';
import type { SecretHash } from '../../core/ids.ts';
import { type Random, randomSecret } from '../../core/random.ts';
import type { AccessToken, Grant, RefreshToken } from '../../core/records.ts';
import type { Lifetimes } from '../../core/settings.ts';

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
 * The record of a new access token for a grant.
 * @param tokenId its `jti`, or the hash of an opaque token
 * @param now milliseconds since the epoch
 */
export function accessTokenFor(
  grant: Grant,
  scopes: readonly string[],
  tokenId: string,
  now: number,
  lifetimes: Lifetimes,
): AccessToken {
  return {
    kind: 'access_token',
    tokenId,
    grantId: grant.grantId,
    clientId: grant.clientId,
    subject: grant.subject,
    scopes,
    resource: grant.resource,
    issuedAt: now,
    expiresAt: now + lifetimes.accessToken,
  };
}

/**
 * The record of a new refresh token: its life slides with every use, up to the absolute cap.
 * @param now milliseconds since the epoch
 */
export function refreshTokenFor(grant: Grant, hash: SecretHash, now: number, lifetimes: Lifetimes): RefreshToken {
  return {
    kind: 'refresh_token',
    hash,
    grant,
    issuedAt: now,
    expiresAt: Math.min(now + lifetimes.refreshToken, grant.approvedAt + lifetimes.refreshTokenAbsolute),
  };
}
