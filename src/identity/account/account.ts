import type { FieldErrors } from '../../web/forms.ts';
import { accountPage } from '../../web/pages/account.ts';
import type { ConnectedApp } from '../../web/pages/account-apps.ts';
import type { ChangePasswordField } from '../../web/pages/account-password.ts';
import type { AccountSession } from '../../web/pages/account-sessions.ts';
import { type HtmlResponseOptions, htmlResponse, seeOther } from '../../web/response.ts';
import { followsOwnForm, page, queryParams, siteOf } from '../page.ts';
import { resourceName } from '../resource-name.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { shownClient } from '../shown-client.ts';
import { signOutPurpose } from '../sign-in/sign-out.ts';
import { type AccountAction, actionField, done } from './actions.ts';

/** `GET /account`: the signed-in user's own page. */
export const showAccount = page(async (request, services) => {
  const user = await services.sessions.authenticate(request);
  if (user === undefined) return seeOther(services.paths.signIn);
  const action = queryParams(request).get('done');
  return accountResponse(request, services, user, { notice: followsOwnForm(request) ? done(action) : undefined });
});

/** What the CSRF tokens of the account page are issued for: this session and no other. */
export function accountPurpose(user: AuthenticatedUser): string {
  return `account:${user.sessionHash}`;
}

/** The account page, after an action with its outcome. */
export async function accountResponse(
  request: Request,
  services: IdentityServices,
  user: AuthenticatedUser,
  outcome: { readonly notice?: string | undefined; readonly errors?: FieldErrors<ChangePasswordField> },
  options: Pick<HtmlResponseOptions, 'status' | 'headers'> = {},
): Promise<Response> {
  const { csrf, passwords, paths, provider } = services;
  const issued = csrf.issue(request, accountPurpose(user));
  const signOut = { action: paths.signOut, csrfToken: csrf.issue(request, signOutPurpose).token };
  const form = (action: AccountAction) => ({
    action: paths.account,
    csrfToken: issued.token,
    hidden: { [actionField]: action },
  });
  const { userName, displayName, email, role, createdAt, passwordChangedAt } = user.user;
  const body = accountPage({
    site: siteOf(services),
    now: provider.clock.now(),
    user: { username: userName, displayName, email, role, createdAt },
    notice: outcome.notice,
    signOut,
    password: {
      form: form('change-password'),
      minimumLength: passwords.minimumLength,
      changedAt: passwordChangedAt === createdAt ? undefined : passwordChangedAt,
      errors: outcome.errors ?? {},
    },
    sessions: {
      list: await sessionsOf(user, services),
      signOut: form('end-session'),
      signOutElsewhere: form('end-other-sessions'),
    },
    apps: { list: await appsOf(user, services), revoke: form('revoke') },
  });
  return htmlResponse(body, { ...options, setCookies: issued.setCookie === undefined ? [] : [issued.setCookie] });
}

async function sessionsOf(user: AuthenticatedUser, { sessions }: IdentityServices): Promise<AccountSession[]> {
  const list = await sessions.list(user.user.userId);
  return list.map((session) => ({
    id: session.sessionHash,
    current: session.sessionHash === user.sessionHash,
    userAgent: session.userAgent,
    address: session.address,
    signedInAt: session.authenticatedAt,
    lastSeenAt: session.lastSeenAt,
  }));
}

async function appsOf(user: AuthenticatedUser, services: IdentityServices): Promise<ConnectedApp[]> {
  const { grants, provider } = services;
  const list = await grants.listForSubject(user.user.userId);
  return list.map((grant) => ({
    grantId: grant.grantId,
    client: shownClient(grant),
    resource: resourceName(grant.resource, services),
    scopeTitles: grant.scopes.map((scope) => provider.resources.get(grant.resource)?.scopes.get(scope)?.title ?? scope),
    grantedAt: grant.approvedAt,
    lastUsedAt: grant.lastUsedAt,
  }));
}
