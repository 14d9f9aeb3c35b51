import { isRecentEnough, isStrongEnough } from '../../oauth/authorization-code/sign-in.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import type { PendingRequest } from './pending-requests.ts';

/** `again`: the user has to sign in anew for it. `never`: the user has just done so, and cannot do better. */
export type SignInVerdict = 'suits' | 'again' | 'never';

/**
 * Whether the sign-in of a user is what a request asks for. One on the way to the request itself is recent enough, however
 * long the user then takes, and whatever becomes of the clock meanwhile.
 * @see OpenID Connect Core §3.1.2.1 on `prompt` and `max_age`, RFC 9470 §5
 */
export function judgeSignIn(
  pending: PendingRequest,
  user: AuthenticatedUser,
  services: Pick<IdentityServices, 'provider' | 'signInLevels'>,
): SignInVerdict {
  const signedInForIt = user.startedFor === pending.hash;
  if (!isStrongEnough(pending.request, signInOf(user, services))) return signedInForIt ? 'never' : 'again';
  const now = services.provider.clock.now();
  return signedInForIt || isRecentEnough(pending.request, user, now) ? 'suits' : 'again';
}

/** What tokens say of when and how a user signed in. */
export function signInOf(
  { authenticatedAt, amr }: AuthenticatedUser,
  { signInLevels }: Pick<IdentityServices, 'signInLevels'>,
): { readonly authenticatedAt: number; readonly amr: readonly string[]; readonly acr?: string } {
  const acr = signInLevels.acrOf(amr);
  return { authenticatedAt, amr, ...(acr === undefined ? {} : { acr }) };
}
