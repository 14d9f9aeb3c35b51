import type { RequestContext } from '../../core/http.ts';
import { Params } from '../../core/params.ts';
import type { Client, RevocableToken } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { AuthenticatedClient } from '../token/client-authentication.ts';

/**
 * `POST /revoke`, in this order: form → client authentication → find → owned by this client → revoke. Unknown tokens and
 * other clients' tokens get the same empty 200.
 * @see RFC 7009 §2
 */
export async function revokeEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const params = await Params.ofForm(request);
  const { client } = await AuthenticatedClient.authenticate(request.headers, params, provider, context);
  const token = await findOwnToken(params.require('token'), client, provider);
  if (token !== undefined) {
    await provider.revokeToken(token);
    provider.report({
      name: 'token.revoked',
      clientId: client.clientId,
      reason: `${token.kind} revoked by its client`,
    });
  }
  return new Response(null, { headers: { 'cache-control': 'no-store', pragma: 'no-cache' } });
}

// RFC 7009 §2.1: the hint only speeds the search up, so an unknown or wrong one changes nothing.
async function findOwnToken(
  token: string,
  client: Client,
  provider: OAuthProvider,
): Promise<RevocableToken | undefined> {
  const refreshToken = await provider.loadRefreshToken(client, token);
  if (refreshToken !== undefined) return refreshToken.grant.clientId === client.clientId ? refreshToken : undefined;
  const accessToken = await provider.loadAccessToken(token);
  return accessToken?.clientId === client.clientId ? accessToken : undefined;
}
