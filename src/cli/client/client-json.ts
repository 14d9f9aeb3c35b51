import type { Client } from '../../core/records.ts';
import { momentJson } from '../text.ts';

/** A client as `--json` prints one. */
export function clientJson(client: Client, lastUsedAt: number | undefined): Record<string, unknown> {
  return {
    clientId: client.clientId,
    clientName: client.clientName ?? null,
    registeredBy: client.registeredBy,
    admission: client.admission ?? null,
    statedBy: client.software?.issuer ?? null,
    tokenEndpointAuthMethod: client.tokenEndpointAuthMethod,
    redirectUris: client.redirectUris,
    scopes: client.scopes,
    grantTypes: client.grantTypes,
    requirePushedRequests: client.requirePushedRequests ?? false,
    dpopBoundAccessTokens: client.dpopBoundAccessTokens ?? false,
    issuedAt: momentJson(client.issuedAt),
    clientSecretExpiresAt: momentJson(client.clientSecretExpiresAt),
    previousSecretExpiresAt: momentJson(client.previousSecret?.expiresAt),
    jwksUri: client.jwksUri ?? null,
    keyIds: client.jwks?.keys.map(({ kid }) => kid ?? null) ?? null,
    lastUsedAt: momentJson(lastUsedAt),
  };
}
