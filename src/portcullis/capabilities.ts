import type { Capability } from '../core/capability.ts';
import { account } from '../identity/account/index.ts';
import { consent } from '../identity/consent/index.ts';
import { deviceConsent } from '../identity/device/index.ts';
import { externalIdentities } from '../identity/external-identities/index.ts';
import { home } from '../identity/home/index.ts';
import type { IdentityServices } from '../identity/services.ts';
import { sessions } from '../identity/sessions/index.ts';
import { setup } from '../identity/setup/index.ts';
import { signIn } from '../identity/sign-in/index.ts';
import { users } from '../identity/users/index.ts';
import { type HealthServices, health } from '../operations/health/index.ts';
import { keys } from '../operations/keys/index.ts';

/** What the product adds for people, one line each. */
export const identityCapabilities: readonly Capability<IdentityServices>[] = [
  users,
  sessions,
  signIn,
  setup,
  consent,
  deviceConsent,
  account,
  home,
  externalIdentities,
];

/** What the product adds for operators. */
export const operationsCapabilities: readonly Capability<HealthServices>[] = [keys, health];
