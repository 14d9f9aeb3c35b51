import { OAuthError } from '../../core/errors.ts';
import type { Subject } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from '../token/client-authentication.ts';
import { DecidedGrant } from '../token/decided-grant.ts';
import type { TokenRequest } from '../token/grant-handler.ts';
import { requestedResource, requestedScopes } from '../token/resource.ts';
import type { TokenSet } from '../token/token-set.ts';

export const clientCredentialsGrant = 'client_credentials';

/**
 * The `client_credentials` grant, in this order: a confidential client that an administrator made → resource → scopes
 * within those of the client → not too many tokens of late → one access token whose subject is the client, and never a refresh token.
 * @see OAuth 2.1 §4.2
 */
export async function issueToMachine(
  authenticated: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
): Promise<TokenSet> {
  const { client } = authenticated;
  requireMachine(client);
  const resource = requestedResource(params, client, provider);
  const decided = DecidedGrant.decide(
    authenticated,
    {
      subject: client.clientId as string as Subject,
      scopes: requestedScopes(params, client, resource),
      resource: resource.uri,
      authenticatedAt: provider.clock.now(),
      ...(request.keyThumbprint === undefined ? {} : { keyThumbprint: request.keyThumbprint }),
    },
    provider,
  );
  if (provider.issueAccessToken === undefined)
    throw new Error('client credentials are served without issueAccessToken');
  takeToken(client, provider);
  return provider.issueAccessToken(client, decided);
}

function takeToken(client: Client, provider: OAuthProvider): void {
  try {
    provider.machineTokens.take(client);
  } catch (error) {
    if (error instanceof OAuthError) {
      const reason = `a machine client asks for too many tokens; ${error.hint}`;
      provider.report({ name: 'request.rate_limited', clientId: client.clientId, reason });
    }
    throw error;
  }
}

// Asked again beside the registered grant type: a store may hold what no registration would have let in.
function requireMachine({ tokenEndpointAuthMethod, registeredBy }: Client): void {
  if (tokenEndpointAuthMethod === 'none' || registeredBy !== 'administrator')
    throw new OAuthError(
      'unauthorized_client',
      'client_credentials is for confidential clients that an administrator added',
    );
}
