import { OAuthError } from '../../core/errors.ts';
import { maximumFormBytes, mediaType, privateJson, type RequestContext, readBody } from '../../core/http.ts';
import type { ClientId } from '../../core/ids.ts';
import { randomId } from '../../core/random.ts';
import type { Client } from '../../core/records.ts';
import { formatScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import { hasSecret } from '../token/client-authentication-method.ts';
import { mintSecret } from '../token/mint.ts';
import { parseClientMetadata } from './client-metadata.ts';

/**
 * `POST /register`, in this order: JSON body → metadata parsed, unknown members dropped → id and secret minted →
 * stored (the secret as a hash) → answered, secret included, this once.
 * @see RFC 7591 §3
 */
export async function registerEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const metadata = parseClientMetadata(await jsonBody(request), provider);
  const now = provider.clock.now();
  const secret = hasSecret(metadata.tokenEndpointAuthMethod, provider) ? mintSecret(provider.random) : undefined;
  const lifetime = provider.settings.registration.clientSecretLifetime;
  const client: Client = {
    ...metadata,
    clientId: randomId(provider.random) as ClientId,
    registeredBy: 'dynamic',
    issuedAt: now,
    ...(secret === undefined ? {} : { clientSecretHash: secret.hash }),
    ...(secret === undefined || lifetime === undefined ? {} : { clientSecretExpiresAt: now + lifetime }),
  };
  await provider.registerClient(client);
  provider.report({ name: 'client.registered', clientId: client.clientId, ...context });
  return privateJson(registrationResponse(client, secret?.secret), { status: 201 });
}

/**
 * A client as the registration endpoint describes it.
 * @param secret the client secret in the clear, known only at the moment it is minted
 * @see RFC 7591 §3.2.1
 */
export function registrationResponse(client: Client, secret: string | undefined): Record<string, unknown> {
  return {
    client_id: client.clientId,
    client_id_issued_at: Math.floor(client.issuedAt / 1000),
    client_secret: secret,
    client_secret_expires_at: secret === undefined ? undefined : Math.floor((client.clientSecretExpiresAt ?? 0) / 1000),
    redirect_uris: client.redirectUris,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    token_endpoint_auth_signing_alg: client.tokenEndpointAuthSigningAlg,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    grant_types: client.grantTypes,
    response_types: client.responseTypes,
    scope: client.scopes.length === 0 ? undefined : formatScope(client.scopes),
    application_type: client.applicationType,
    client_name: client.clientName,
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
    tos_uri: client.tosUri,
    policy_uri: client.policyUri,
    contacts: client.contacts,
    software_id: client.softwareId,
    software_version: client.softwareVersion,
    require_pushed_authorization_requests: client.requirePushedRequests,
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
  };
}

async function jsonBody(request: Request): Promise<unknown> {
  if (mediaType(request) !== 'application/json') {
    throw new OAuthError('invalid_client_metadata', 'send the client metadata as application/json');
  }
  const text = await readBody(request, maximumFormBytes).catch((error: unknown) => {
    if (error instanceof OAuthError && error.status === 400)
      throw new OAuthError('invalid_client_metadata', error.description);
    throw error;
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new OAuthError('invalid_client_metadata', 'the body is not valid JSON');
  }
}
