import type { Params } from '../../core/params.ts';
import type { FieldErrors } from '../../web/forms.ts';
import { type SetupField, setupFields, setupPage } from '../../web/pages/setup.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import { page, postedForm, queryParams, siteOf } from '../page.ts';
import type { IdentityServices } from '../services.ts';
import { UserError } from '../users/user.ts';
import type { SetupLinkState } from './setup-links.ts';

const purpose = 'set-up';
const tokenField = 'token';

/** `GET /setup?token=…`: the form behind the one-time link, or why the link does nothing any more. */
export const showSetup = page(async (request, services) => {
  const token = queryParams(request).get(tokenField) ?? '';
  const state = await services.setupLinks.state(token);
  return state === 'open' ? openPage(request, services, token) : closedPage(state, services);
});

/**
 * `POST /setup`, in this order: the form is ours → the link is good → name and password fit → link spent and administrator
 * made → signed in.
 */
export const setUp = page(async (request, services, context) => {
  const { paths, passwords, sessions, setupLinks, throttle } = services;
  const params = await postedForm(request, services, { purpose, page: (form) => addressOf(form, services) });
  const token = params.get(tokenField) ?? '';
  const state = await setupLinks.state(token);
  if (state !== 'open') return closedPage(state, services);

  const input = inputOf(params);
  const errors = passwordErrors(params, services);
  if (Object.keys(errors).length > 0) return openPage(request, services, token, params, errors);
  try {
    const passwordHash = await passwords.hash(params.get(setupFields.password) ?? '');
    const user = await setupLinks.createAdministrator(token, { ...input, passwordHash });
    if (typeof user === 'string') return closedPage(user, services);
    const session = await sessions.start(user, request, context);
    if (session === undefined) return seeOther(paths.signIn);
    return seeOther(paths.account, { setCookies: [session, throttle.remember(user.userName, request)] });
  } catch (error) {
    if (!(error instanceof UserError) || error.field === undefined) throw error;
    return openPage(request, services, token, params, { [error.field]: error.message });
  }
});

function inputOf(params: Params): { userName: string; displayName?: string; email?: string } {
  const displayName = params.get(setupFields.displayName);
  const email = params.get(setupFields.email);
  return {
    userName: params.get(setupFields.username) ?? '',
    ...(displayName === undefined ? {} : { displayName }),
    ...(email === undefined ? {} : { email }),
  };
}

function passwordErrors(params: Params, { passwords, siteName }: IdentityServices): FieldErrors<SetupField> {
  const password = params.get(setupFields.password) ?? '';
  const problem = passwords.check(password, { userName: params.get(setupFields.username) ?? '', siteName });
  if (problem !== undefined) return { password: problem };
  return password === params.get(setupFields.passwordAgain) ? {} : { password_again: 'The two passwords differ.' };
}

function openPage(
  request: Request,
  services: IdentityServices,
  token: string,
  params?: Params,
  errors: FieldErrors<SetupField> = {},
): Response {
  const issued = services.csrf.issue(request, purpose);
  const body = setupPage({
    state: 'open',
    site: siteOf(services),
    form: { action: services.paths.setup, csrfToken: issued.token, hidden: { [tokenField]: token } },
    values: {
      username: params?.get(setupFields.username),
      displayName: params?.get(setupFields.displayName),
      email: params?.get(setupFields.email),
    },
    errors,
    minimumPasswordLength: services.passwords.minimumLength,
  });
  return htmlResponse(body, {
    status: params === undefined ? 200 : 400,
    setCookies: issued.setCookie === undefined ? [] : [issued.setCookie],
  });
}

function closedPage(state: Exclude<SetupLinkState, 'open'>, services: IdentityServices): Response {
  const body = setupPage({ state, site: siteOf(services), signInUrl: services.paths.signIn });
  return htmlResponse(body, { status: state === 'used' ? 410 : 404 });
}

function addressOf(params: Params, { paths }: IdentityServices): string {
  return `${paths.setup}?${new URLSearchParams({ token: params.get(tokenField) ?? '' })}`;
}
