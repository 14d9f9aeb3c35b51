import { OAuthError } from '../../core/errors.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import { Params } from '../../core/params.ts';
import type { OAuthProvider } from '../../provider.ts';
import { AuthenticatedClient } from './client-authentication.ts';
import { TokenSet } from './token-set.ts';

/**
 * `POST /token`, in this order:
 *
 * | step | refuses with |
 * |---|---|
 * | form body, parameters once | `invalid_request` |
 * | client authentication | `invalid_client` (401) |
 * | `grant_type` present and served | `invalid_request`, `unsupported_grant_type` |
 * | client registered for it | `unauthorized_client` |
 * | the grant's own handler | its own errors |
 *
 * @see RFC 6749 §3.2
 */
export async function tokenEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const params = await Params.ofForm(request);
  const client = await AuthenticatedClient.authenticate(request.headers, params, provider);
  const grantType = params.require('grant_type');
  const handler = provider.grantHandlers.get(grantType);
  if (handler === undefined) {
    throw new OAuthError(
      'unsupported_grant_type',
      `grant type '${grantType}' is not supported; supported: ${[...provider.grantHandlers.keys()].join(', ')}`,
    );
  }
  if (!client.client.grantTypes.includes(grantType)) {
    throw new OAuthError('unauthorized_client', `the client is not registered for grant type '${grantType}'`);
  }
  const tokens = await handler(client, params, provider, context);
  TokenSet.assert(tokens);
  return privateJson(tokens);
}
