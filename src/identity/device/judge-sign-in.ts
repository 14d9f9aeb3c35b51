import { isRecent } from '../../core/sign-in-demand.ts';
import type { WaitingDevice } from '../../oauth/device/store.ts';
import { type SignInVerdict, signInOf } from '../consent/suitable-sign-in.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';

/** Milliseconds after a sign-in within which another one would be no stronger. */
const justNow = 60_000;

/**
 * Whether the sign-in of a user is what the scopes that a device asks for demand: a token that falls short of it would be
 * refused where it is used, and a device has no way to ask for another sign-in.
 * @see RFC 9470 §5
 */
export function judgeSignInForDevice(
  { resource, scopes }: Pick<WaitingDevice, 'resource' | 'scopes'>,
  user: AuthenticatedUser,
  services: Pick<IdentityServices, 'provider' | 'signInLevels'>,
): SignInVerdict {
  const { acrValues, clock, resources } = services.provider;
  const demand = resources.get(resource)?.scopes.demandOf(scopes);
  const now = clock.now();
  if (demand === undefined || acrValues.isMet(demand, signInOf(user, services), now)) return 'suits';
  return isRecent(user.authenticatedAt, now - justNow, now) ? 'never' : 'again';
}
