import { deviceCodeGrant, takesDevices } from '../token/device-clients.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { deviceAuthorizationEndpoint } from './ask.ts';
import { redeemDeviceCode } from './redeem.ts';
import { deviceMigrations } from './tables.ts';

/** Authorization of devices without a browser: their user decides in the browser of another one. Off unless asked for. */
export const device: OAuthCapability = {
  name: 'device authorization',
  specifications: ['RFC 8628'],
  isEnabled: takesDevices,
  routes: [
    {
      path: (provider) => provider.settings.paths.deviceAuthorization,
      methods: { POST: deviceAuthorizationEndpoint },
      cors: 'any',
    },
  ],
  grants: { [deviceCodeGrant]: redeemDeviceCode },
  serverMetadata: (provider) => ({ device_authorization_endpoint: provider.endpointUrl('deviceAuthorization') }),
  migrations: deviceMigrations,
};
