import type { RequestContext } from '../../core/http.ts';
import type { GrantId } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import { grantField } from '../../web/pages/account-apps.ts';
import { sessionField } from '../../web/pages/account-sessions.ts';
import { seeOther } from '../../web/response.ts';
import { withdrawAccess } from '../consent/withdraw.ts';
import { PageError, page, postedForm } from '../page.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { accountPurpose } from './account.ts';
import { type AccountAction, actionField, type DoneAction } from './actions.ts';
import { changePassword } from './change-password.ts';

type Action = (
  user: AuthenticatedUser,
  params: Params,
  services: IdentityServices,
  request: Request,
  context: RequestContext,
) => Promise<Response>;

const actions: Readonly<Record<AccountAction, Action>> = {
  'change-password': changePassword,
  'end-session': endSession,
  'end-other-sessions': endOtherSessions,
  revoke: revokeGrant,
};

/** `POST /account`, in this order: user signed in → the form is from this session's page → its action. */
export const actOnAccount = page(async (request, services, context) => {
  const user = await services.sessions.authenticate(request);
  if (user === undefined) return seeOther(services.paths.signIn);
  const params = await postedForm(request, services, {
    purpose: accountPurpose(user),
    page: () => services.paths.account,
  });
  const action = Object.entries(actions).find(([name]) => name === params.get(actionField))?.[1];
  if (action === undefined) {
    throw new PageError(400, {
      title: 'Nothing was done',
      message: 'The form does not say what to do.',
      link: { url: services.paths.account, label: 'Your account' },
    });
  }
  return action(user, params, services, request, context);
});

async function endSession(user: AuthenticatedUser, params: Params, services: IdentityServices): Promise<Response> {
  await services.sessions.end(params.require(sessionField), user.user.userId);
  return finished('session-ended', services);
}

async function endOtherSessions(user: AuthenticatedUser, _: Params, services: IdentityServices): Promise<Response> {
  await services.sessions.endOthers(user);
  return finished('sessions-ended', services);
}

async function revokeGrant(user: AuthenticatedUser, params: Params, services: IdentityServices): Promise<Response> {
  const grant = await services.grants.find(params.require(grantField) as GrantId);
  if (grant?.subject === user.user.userId) await withdrawAccess(grant.grantId, 'revoked by the user', services);
  return finished('revoked', services);
}

function finished(action: DoneAction, { paths }: IdentityServices): Response {
  return seeOther(`${paths.account}?done=${action}`);
}
