import type { RequestContext } from '../../core/http.ts';
import type { Params } from '../../core/params.ts';
import type { FieldErrors } from '../../web/forms.ts';
import { type ChangePasswordField, changePasswordFields } from '../../web/pages/account-password.ts';
import { seeOther } from '../../web/response.ts';
import { waitingTime } from '../../web/times.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { verifyPassword } from '../sign-in/verify.ts';
import { accountResponse } from './account.ts';
import type { DoneAction } from './actions.ts';

/**
 * Changes the user's own password, in this order: the new one fits → the present one, through the sign-in throttle →
 * stored, and every other session ended.
 */
export async function changePassword(
  user: AuthenticatedUser,
  params: Params,
  services: IdentityServices,
  request: Request,
  context: RequestContext,
): Promise<Response> {
  const { passwords, paths, users } = services;
  const { userName } = user.user;
  const password = params.get(changePasswordFields.password) ?? '';
  const errors = newPasswordErrors(userName, password, params, services);
  if (errors !== undefined) return accountResponse(request, services, user, { errors }, { status: 400 });

  const current = params.get(changePasswordFields.current) ?? '';
  const verified = await verifyPassword(userName, current, request, services, context);
  switch (verified.outcome) {
    case 'wait': {
      const errors = {
        current_password: `Too many attempts. Wait ${waitingTime(verified.retryAfterSeconds)}, then try again.`,
      };
      const headers = { 'retry-after': String(verified.retryAfterSeconds) };
      return accountResponse(request, services, user, { errors }, { status: 429, headers });
    }
    case 'wrong': {
      const errors = { current_password: 'This is not your current password.' };
      return accountResponse(request, services, user, { errors }, { status: 400 });
    }
    case 'verified': {
      const changed = await users.changePassword(user, await passwords.hash(password));
      if (!changed) return seeOther(paths.signIn);
      const notice: DoneAction = 'password-changed';
      return seeOther(`${paths.account}?done=${notice}`, { setCookies: [verified.knownBrowser] });
    }
  }
}

function newPasswordErrors(
  userName: string,
  password: string,
  params: Params,
  { passwords, siteName }: IdentityServices,
): FieldErrors<ChangePasswordField> | undefined {
  const problem = passwords.check(password, { userName, siteName });
  if (problem !== undefined) return { new_password: problem };
  if (password === params.get(changePasswordFields.current)) {
    return { new_password: 'Choose a password that differs from the current one.' };
  }
  if (password !== params.get(changePasswordFields.passwordAgain)) {
    return { new_password_again: 'The two passwords differ.' };
  }
  return undefined;
}
