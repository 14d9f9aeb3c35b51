import { OAuthError } from '../../core/errors.ts';
import { hashSecret } from '../../core/hash.ts';
import { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/** What every `request_uri` of this server begins with; a secret of 43 characters follows. @see RFC 9126 §2.2 */
export const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:';

/**
 * The parameters of an authorization request: those sent, or those that the client pushed where it sent a `request_uri` of
 * this server, which is spent by that. Nothing sent beside it counts but the `client_id`, which has to be the same.
 * @throws OAuthError that must be shown: where the request goes was to be read in what is gone
 * @see RFC 9126 §4, RFC 9101 §6.3
 */
export async function sentOrPushed(sent: Params, client: Client, provider: OAuthProvider): Promise<Params> {
  const requestUri = sent.get('request_uri');
  if (!provider.takesPushedRequests || requestUri?.startsWith(requestUriPrefix) !== true) return sent;
  if (sent.get('request') !== undefined)
    throw new OAuthError('request_not_supported', "parameter 'request' cannot be sent beside request_uri");
  const hash = hashSecret(requestUri.slice(requestUriPrefix.length));
  const pushed = await provider.takePushedRequest?.(client, hash);
  if (pushed === undefined || pushed.clientId !== client.clientId || !(pushed.expiresAt > provider.clock.now()))
    throw new OAuthError(
      'invalid_request_uri',
      'request_uri is unknown, expired, already used, or was pushed by another client; push the request again',
    );
  return Params.parse(pushed.parameters);
}

/**
 * @throws OAuthError `invalid_request` where client or server allows only pushed requests
 * @see RFC 9126 §5, §6
 */
export function requirePushed(client: Client, provider: OAuthProvider): void {
  if (client.requirePushedRequests !== true && !provider.settings.pushedRequests.required) return;
  const whose = provider.settings.pushedRequests.required ? 'every client of this server' : 'this client';
  throw new OAuthError(
    'invalid_request',
    `${whose} has to push its authorization requests to ${provider.endpointUrl('pushedRequest')} first (RFC 9126)`,
  );
}
