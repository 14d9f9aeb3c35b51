import { OAuthError } from '../../core/errors.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import { Params } from '../../core/params.ts';
import type { AccessToken, Client } from '../../core/records.ts';
import { formatScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import { AuthenticatedClient } from '../token/client-authentication.ts';

/**
 * `POST /introspect`, in this order: form → client authentication → a confidential client that speaks for some resource →
 * the token found, alive, and issued for a resource of this client. Whatever is not all of that is inactive, and nothing
 * else is said of it.
 * @see RFC 7662 §2
 */
export async function introspectEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const params = await Params.ofForm(request);
  const { client } = await AuthenticatedClient.authenticate(request.headers, params, provider, context);
  if (!mayIntrospect(client, provider)) {
    provider.report({ name: 'token.introspection_refused', clientId: client.clientId, ...context });
    throw new OAuthError('unauthorized_client', 'this client may not introspect tokens', {
      status: 403,
      hint: 'name it in resources.<name>.introspectors, and give it a secret or a key',
    });
  }
  const token = await provider.loadAccessToken(params.require('token'));
  const isSeen = token !== undefined && token.expiresAt > provider.clock.now() && isFor(token, client, provider);
  return privateJson(isSeen ? description(token, provider) : { active: false });
}

// RFC 7662 §4: without authentication of the caller anybody could try tokens out here.
function mayIntrospect(client: Client, { resources }: OAuthProvider): boolean {
  const speaksForSomething = resources.all.some(({ introspectors }) => introspectors.has(client.clientId));
  return speaksForSomething && client.tokenEndpointAuthMethod !== 'none' && client.registeredBy === 'administrator';
}

function isFor({ resource }: AccessToken, { clientId }: Client, { resources }: OAuthProvider): boolean {
  return resources.get(resource)?.introspectors.has(clientId) === true;
}

/** @see RFC 7662 §2.2, RFC 9449 §6.2 (`cnf`), RFC 8693 §4.1 (`act`), RFC 9470 §6.2 (`acr`, `auth_time`) */
function description(token: AccessToken, { settings }: OAuthProvider): Record<string, unknown> {
  return {
    ...token.claims,
    active: true,
    iss: settings.issuer,
    sub: token.subject,
    aud: token.resource,
    client_id: token.clientId,
    scope: formatScope(token.scopes),
    token_type: token.keyThumbprint === undefined ? 'Bearer' : 'DPoP',
    iat: Math.floor(token.issuedAt / 1000),
    exp: Math.floor(token.expiresAt / 1000),
    jti: token.tokenId,
    cnf: token.keyThumbprint === undefined ? undefined : { jkt: token.keyThumbprint },
  };
}
