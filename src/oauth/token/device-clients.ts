import { OAuthError } from '../../core/errors.ts';
import { type Client, isVerified } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/** @see RFC 8628 §3.4 */
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Whether a provider takes the requests of devices: it is to, and it can. */
export function takesDevices(provider: OAuthProvider): boolean {
  const { startDeviceAuthorization, pollDeviceAuthorization, exchangeDeviceCode, settings } = provider;
  const methods = [startDeviceAuthorization, pollDeviceAuthorization, exchangeDeviceCode];
  return settings.deviceAuthorization.enabled && methods.every((method) => method !== undefined);
}

/** Whether this server lets clients that came to be known in this way authorize by device. */
export function letsUseDevices(client: Pick<Client, 'registeredBy'>, { settings }: OAuthProvider): boolean {
  return settings.deviceAuthorization.clients === 'all' || isVerified(client);
}

/** @throws OAuthError `unauthorized_client` where the client may not authorize by device */
export function mayUseDevices(client: Client, provider: OAuthProvider): void {
  if (!client.grantTypes.includes(deviceCodeGrant))
    throw new OAuthError('unauthorized_client', `the client is not registered for grant type '${deviceCodeGrant}'`);
  if (!letsUseDevices(client, provider))
    throw new OAuthError(
      'unauthorized_client',
      'device authorization is only for clients that an administrator added',
      { hint: 'add the client with portcullis client add --device, or set deviceAuthorization.clients to all' },
    );
}
