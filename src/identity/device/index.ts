import type { Capability } from '../../core/capability.ts';
import { takesDevices } from '../../oauth/token/device-clients.ts';
import type { IdentityServices } from '../services.ts';
import { decideOnDevice } from './decide.ts';
import { enterUserCode, showDevice } from './enter-code.ts';

/** Where a user enters the code that a device shows, and decides on what the device asks for. */
export const deviceConsent: Capability<IdentityServices> = {
  name: 'consent for devices',
  specifications: ['RFC 8628 §3.3, §5.1, §5.4'],
  isEnabled: ({ provider }) => takesDevices(provider),
  routes: [
    { path: ({ paths }) => paths.device, methods: { GET: showDevice, POST: enterUserCode }, cors: 'none' },
    { path: ({ paths }) => paths.deviceDecision, methods: { POST: decideOnDevice }, cors: 'none' },
  ],
};
