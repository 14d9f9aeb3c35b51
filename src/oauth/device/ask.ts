import { OAuthError } from '../../core/errors.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import { Params } from '../../core/params.ts';
import type { Client, DeviceAuthorization } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { AuthenticatedClient } from '../token/client-authentication.ts';
import { mayUseDevices } from '../token/device-clients.ts';
import { mintSecret } from '../token/mint.ts';
import { requestedResource, requestedScopes } from '../token/resource.ts';
import { mintUserCode, shownUserCode } from './user-code.ts';

/** How often a user code is drawn anew where the one before is in use. */
const mostTries = 5;

/**
 * `POST /device_authorization`, in this order:
 *
 * | step | refuses with |
 * |---|---|
 * | form body, parameters once | `invalid_request` |
 * | metadata document of the client, where its id is the URL of one | `invalid_client` |
 * | client authentication, as at the token endpoint | `invalid_client` (401) |
 * | client registered for the grant, and of those that may | `unauthorized_client` |
 * | resource, scope | `invalid_target`, `invalid_scope` |
 * | room for it | `temporarily_unavailable` (503) |
 *
 * @see RFC 8628 §3.1, §3.2
 */
export async function deviceAuthorizationEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const params = await Params.ofForm(request);
  await provider.metadataDocuments.introduce(params.get('client_id'), context);
  const { client } = await AuthenticatedClient.authenticate(request.headers, params, provider, context);
  const { clientId } = client;
  const asked = whatIsAsked(params, client, provider, context);
  const now = provider.clock.now();
  const lifetime = provider.lifetimes.deviceCode;
  const { interval } = provider.settings.deviceAuthorization;
  const { secret, hash } = mintSecret(provider.random);
  const userCode = await start(client, provider, {
    ...asked,
    hash,
    clientId,
    createdAt: now,
    expiresAt: now + lifetime,
    interval,
    ...(context.clientAddress === undefined ? {} : { clientAddress: context.clientAddress }),
  });
  provider.report({ name: 'authorization.device_asked', clientId, ...context });
  const verificationUri = provider.endpointUrl('device');
  return privateJson({
    device_code: secret,
    user_code: shownUserCode(userCode),
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?${new URLSearchParams({ user_code: shownUserCode(userCode) })}`,
    expires_in: Math.floor(lifetime / 1000),
    interval: Math.ceil(interval / 1000),
  });
}

/** @throws OAuthError where the client may not ask for it */
function whatIsAsked(
  params: Params,
  client: Client,
  provider: OAuthProvider,
  context: RequestContext,
): Pick<DeviceAuthorization, 'scopes' | 'resource'> {
  try {
    mayUseDevices(client, provider);
    const resource = requestedResource(params, client, provider);
    return { scopes: requestedScopes(params, client, resource), resource: resource.uri };
  } catch (error) {
    if (error instanceof OAuthError)
      provider.report({
        name: 'authorization.refused',
        clientId: client.clientId,
        reason: error.message,
        ...context,
      });
    throw error;
  }
}

/** Stores the request under a user code that no other one has, and hands that out. */
async function start(
  client: Client,
  provider: OAuthProvider,
  request: Omit<DeviceAuthorization, 'userCode'>,
): Promise<string> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const userCode = mintUserCode(provider.random);
    if ((await provider.startDeviceAuthorization?.(client, { ...request, userCode })) === true) return userCode;
  }
  throw new OAuthError('temporarily_unavailable', 'no user code is free at present');
}
