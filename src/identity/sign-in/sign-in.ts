import { hashSecret } from '../../core/hash.ts';
import type { RequestContext } from '../../core/http.ts';
import type { Params } from '../../core/params.ts';
import { type SignInPageProps, signInFields, signInPage } from '../../web/pages/sign-in.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import { finishedOrExpired } from '../consent/open-request.ts';
import type { PendingRequest } from '../consent/pending-requests.ts';
import { page, postedForm, queryParams, siteOf } from '../page.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { addressAfterSignIn, leadsToDevice, signInAddress, signInDestination } from './destination.ts';
import { signOutPurpose } from './sign-out.ts';
import { verifyPassword } from './verify.ts';

const purpose = 'sign-in';
const againField = 'again';

/**
 * `GET /sign-in`, alone, with the `request` that waits for it, or on the way to the code of a device. Whoever is signed in goes on at once, unless `again=1`
 * asks for the password again.
 */
export const showSignIn = page(async (request, services) => {
  const params = queryParams(request);
  const user = await services.sessions.authenticate(request);
  if (user !== undefined && !asksAgain(params)) return seeOther(next(params, services));
  return signInResponse(request, services, params, user, {});
});

/**
 * `POST /sign-in`, in this order: the form is ours → throttle → user and password → a new session → on to the consent page
 * of the request, the page for the code of a device, or the account page, and nowhere else.
 */
export const signInWithPassword = page(async (request, services, context) => {
  const params = await postedForm(request, services, { purpose, page: (form) => addressOf(form, services) });
  const userName = params.get(signInFields.username) ?? '';
  const verified = await verifyPassword(userName, params.get(signInFields.password) ?? '', request, services, context);
  switch (verified.outcome) {
    case 'wait':
      return refused(request, services, params, { retryAfterSeconds: verified.retryAfterSeconds });
    case 'wrong':
      return refused(request, services, params, {});
    case 'verified':
      return startSession(verified, request, services, params, context);
  }
});

async function startSession(
  verified: { readonly user: AuthenticatedUser['user']; readonly knownBrowser: string },
  request: Request,
  services: IdentityServices,
  params: Params,
  context: RequestContext,
): Promise<Response> {
  const waiting = params.get(signInFields.request);
  const startedFor = waiting === undefined ? undefined : hashSecret(waiting);
  const session = await services.sessions.start(verified.user, request, context, startedFor);
  if (session === undefined) return refused(request, services, params, {});
  return seeOther(next(params, services), { setCookies: [session, verified.knownBrowser] });
}

async function refused(
  request: Request,
  services: IdentityServices,
  params: Params,
  problem: { readonly retryAfterSeconds?: number },
): Promise<Response> {
  const user = asksAgain(params) ? await services.sessions.authenticate(request) : undefined;
  const username = params.get(signInFields.username);
  if (problem.retryAfterSeconds !== undefined) {
    return signInResponse(request, services, params, user, { username, retryAfterSeconds: problem.retryAfterSeconds });
  }
  return signInResponse(request, services, params, user, {
    username,
    error: 'The user name or the password is wrong.',
  });
}

async function signInResponse(
  request: Request,
  services: IdentityServices,
  params: Params,
  user: AuthenticatedUser | undefined,
  outcome: Pick<SignInPageProps, 'username' | 'error' | 'retryAfterSeconds'>,
): Promise<Response> {
  const { csrf, paths } = services;
  const pending = await pendingRequest(params, services);
  const destination = signInDestination(params);
  const issued = csrf.issue(request, purpose);
  const body = signInPage({
    site: siteOf(services),
    form: {
      action: paths.signIn,
      csrfToken: issued.token,
      hidden: { ...destination, ...(user === undefined ? {} : { [againField]: '1' }) },
    },
    isForDevice: leadsToDevice(destination),
    client: pending === undefined ? undefined : { name: pending.request.client.clientName },
    ...outcome,
    username: outcome.username ?? pending?.request.loginHint,
    reauthenticate: user && {
      username: user.user.userName,
      displayName: user.user.displayName,
      withinSeconds: (pending?.request.maxAge ?? 0) / 1000,
      switchUser: {
        action: paths.signOut,
        csrfToken: csrf.issue(request, signOutPurpose).token,
        hidden: destination,
      },
    },
  });
  const failed = outcome.error !== undefined;
  return htmlResponse(body, {
    status: outcome.retryAfterSeconds !== undefined ? 429 : failed ? 400 : 200,
    headers: outcome.retryAfterSeconds === undefined ? {} : { 'retry-after': String(outcome.retryAfterSeconds) },
    setCookies: issued.setCookie === undefined ? [] : [issued.setCookie],
    // A remembered consent sends the browser from this form on to the client.
    ...(pending === undefined ? {} : { formAction: 'unrestricted' as const }),
  });
}

async function pendingRequest(params: Params, services: IdentityServices): Promise<PendingRequest | undefined> {
  const id = params.get(signInFields.request);
  if (id === undefined) return undefined;
  const pending = await services.requests.find(id);
  if (pending !== undefined) return pending;
  throw finishedOrExpired(services);
}

function asksAgain(params: Params): boolean {
  return params.get(againField) === '1';
}

function addressOf(params: Params, { paths }: IdentityServices): string {
  return signInAddress(signInDestination(params), paths);
}

function next(params: Params, { paths }: IdentityServices): string {
  return addressAfterSignIn(signInDestination(params), paths);
}
