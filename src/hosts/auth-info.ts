import type { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';
import type { OAuthProvider } from '../provider.ts';

/**
 * What MCP handlers get to know of the token: assignable to the `AuthInfo` of the official SDK's versions 1 and 2.
 */
export interface AuthInfo {
  token: string;
  clientId: string;
  /** With all that they imply. */
  scopes: string[];
  /** Seconds since the epoch, as the SDKs want it. */
  expiresAt: number;
  resource: URL;
  resourceMetadataUrl: string;
  /** The token's further claims, its `subject` and its `grantId`. */
  extra: { readonly subject: string; readonly grantId: string; readonly [claim: string]: unknown };
}

/**
 * The `authInfo` of a verified access token.
 * @param provider whose resource's scopes may imply others, which are then held too
 */
export function authInfo(token: VerifiedAccessToken, provider: Pick<OAuthProvider, 'resources'>): AuthInfo {
  const { scopes, metadataUrl } = provider.resources.get(token.resource) ?? provider.resources.default;
  return {
    token: token.token,
    clientId: token.clientId,
    scopes: [...scopes.expand(token.scopes)],
    expiresAt: Math.floor(token.expiresAt / 1000),
    resource: new URL(token.resource),
    resourceMetadataUrl: metadataUrl,
    extra: { ...token.claims, subject: token.subject, grantId: token.grantId },
  };
}
