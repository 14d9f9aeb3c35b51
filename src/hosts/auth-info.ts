import type { ProviderSettings } from '../core/settings.ts';
import type { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';

/**
 * What MCP handlers get to know of the token: assignable to the `AuthInfo` of the official SDK's versions 1 and 2.
 */
export interface AuthInfo {
  token: string;
  clientId: string;
  scopes: string[];
  /** Seconds since the epoch, as the SDKs want it. */
  expiresAt: number;
  resource: URL;
  resourceMetadataUrl?: string;
  /** The token's further claims, its `subject` and its `grantId`. */
  extra: { readonly subject: string; readonly grantId: string; readonly [claim: string]: unknown };
}

/**
 * The `authInfo` of a verified access token.
 * @param settings the provider's, so that challenges of MCP handlers name the resource metadata
 */
export function authInfo(token: VerifiedAccessToken, settings?: Pick<ProviderSettings, 'resourceMetadataUrl'>): AuthInfo {
  return {
    token: token.token,
    clientId: token.clientId,
    scopes: [...token.scopes],
    expiresAt: Math.floor(token.expiresAt / 1000),
    resource: new URL(token.resource),
    ...(settings === undefined ? {} : { resourceMetadataUrl: settings.resourceMetadataUrl }),
    extra: { ...token.claims, subject: token.subject, grantId: token.grantId },
  };
}
