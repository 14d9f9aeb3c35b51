import type { RequestContext } from '../../core/http.ts';
import { PasswordsBusyError } from '../passwords/work-queue.ts';
import type { IdentityServices } from '../services.ts';
import type { User } from '../users/user.ts';
import type { SignInAttempt } from './throttle.ts';

/** `verified` comes with a `Set-Cookie` value for the browser. `wrong` says no more than that. */
export type Verification =
  | { readonly outcome: 'verified'; readonly user: User; readonly knownBrowser: string }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'wait'; readonly retryAfterSeconds: number };

/**
 * Verifies a user name and password, in this order: throttle → user → password, hashed whether there is such a user or
 * not → user active. Which of them it was that failed cannot be told from outside.
 * @throws PasswordsBusyError
 */
export async function verifyPassword(
  userName: string,
  password: string,
  request: Request,
  services: IdentityServices,
  context: RequestContext,
): Promise<Verification> {
  const { provider, throttle } = services;
  const attempt = await throttle.begin(userName, request, context);
  if (!attempt.allowed) {
    provider.report({ name: 'request.rate_limited', reason: 'too many failed sign-ins', ...context });
    return { outcome: 'wait', retryAfterSeconds: attempt.retryAfterSeconds };
  }
  const { found, matches } = await compareOrCancel(userName, password, attempt, services);
  if (found === undefined || !matches || found.user.status !== 'active') {
    attempt.failed();
    // The name as typed is not reported: people type passwords into that field by mistake.
    const whose = found === undefined ? {} : { subject: found.user.userId };
    provider.report({ name: 'user.sign_in_failed', reason: reasonOf(matches, found?.user), ...whose, ...context });
    return { outcome: 'wrong' };
  }
  const knownBrowser = await attempt.succeeded();
  await refreshHash(password, found.user.userId, found.passwordHash, services);
  return { outcome: 'verified', user: found.user, knownBrowser };
}

async function compareOrCancel(
  userName: string,
  password: string,
  attempt: Extract<SignInAttempt, { allowed: true }>,
  { passwords, users }: IdentityServices,
) {
  try {
    const found = await users.findCredentials(userName);
    return { found, matches: await passwords.verify(password, found?.passwordHash) };
  } catch (error) {
    await attempt.cancelled();
    throw error;
  }
}

function reasonOf(matches: boolean, user: User | undefined): string {
  if (user === undefined) return 'no such user';
  return matches ? 'the user is disabled' : 'wrong password';
}

async function refreshHash(
  password: string,
  userId: string,
  stored: string,
  { passwords, users }: IdentityServices,
): Promise<void> {
  if (!passwords.needsRehash(stored)) return;
  try {
    await users.replaceHash(userId, stored, await passwords.hash(password));
  } catch (error) {
    if (!(error instanceof PasswordsBusyError)) throw error;
  }
}
