import type { RequestContext } from '../../core/http.ts';
import type { WaitingDevice } from '../../oauth/device/store.ts';
import { parseUserCode, shownUserCode } from '../../oauth/device/user-code.ts';
import { type DeviceOutcome, deviceDonePage, userCodeField, userCodePage } from '../../web/pages/device.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import { followsOwnForm, page, postedForm, queryParams, siteOf } from '../page.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { addressAfterSignIn, signInAddress, towardsDevice } from '../sign-in/destination.ts';
import { signOutPurpose } from '../sign-in/sign-out.ts';
import { askedOf, askOnDevice, signInFirst } from './ask.ts';

const doneField = 'done';

/**
 * `GET /device`: the form for the code that a device shows, for whoever is signed in. A code in the address is filled in and
 * not looked up: that takes the user's own hand.
 * @see RFC 8628 §3.3, §3.3.1
 */
export const showDevice = page(async (request, services) => {
  const params = queryParams(request);
  const done = params.get(doneField);
  if (followsOwnForm(request) && isOutcome(done))
    return htmlResponse(deviceDonePage({ site: siteOf(services), outcome: done, accountUrl: services.paths.account }));
  const userCode = parseUserCode(params.get(userCodeField) ?? '');
  const user = await services.sessions.authenticate(request);
  if (user === undefined) return seeOther(signInAddress(towardsDevice(userCode), services.paths));
  return codeResponse(request, user, services, { typed: userCode && shownUserCode(userCode) });
});

/**
 * `POST /device`, in this order: user signed in → the form is from this session's page → no delay after wrong codes → a
 * device waits with this code, and is this browser's from now on → its client and this user may → signed in as its scopes
 * demand → asked.
 */
export const enterUserCode = page(async (request, services, context) => {
  const user = await services.sessions.authenticate(request);
  if (user === undefined) return seeOther(signInAddress(towardsDevice(undefined), services.paths));
  const params = await postedForm(request, services, {
    purpose: entryPurpose(user),
    page: (form) => addressAfterSignIn(towardsDevice(parseUserCode(form.get(userCodeField) ?? '')), services.paths),
  });
  const typed = params.get(userCodeField) ?? '';
  const found = await lookUp(typed, user, services, context);
  switch (found.outcome) {
    case 'found':
      return askOf(request, user, found.device, services);
    case 'unknown':
      return codeResponse(request, user, services, { typed, problem: 'unknown' });
    case 'wait':
      return codeResponse(request, user, services, { typed, retryAfterSeconds: found.retryAfterSeconds });
  }
});

async function askOf(
  request: Request,
  user: AuthenticatedUser,
  device: WaitingDevice,
  services: IdentityServices,
): Promise<Response> {
  const asked = await askedOf(user, device, services);
  return signInFirst(asked, services) ?? askOnDevice(request, asked, services);
}

/** Where a decision leads: the same page, which then says what happens next. */
export function doneAddress(outcome: DeviceOutcome, { paths }: IdentityServices): string {
  return `${paths.device}?${new URLSearchParams({ [doneField]: outcome })}`;
}

type LookedUp =
  | { readonly outcome: 'found'; readonly device: WaitingDevice }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'wait'; readonly retryAfterSeconds: number };

/**
 * Counted before it is looked up, unless it cannot be a code. One that is right takes back only its own count: otherwise
 * somebody who starts devices of their own could forget wrong guesses by entering right codes in between.
 */
async function lookUp(
  typed: string,
  user: AuthenticatedUser,
  { deviceCodes, provider, userCodeThrottle }: IdentityServices,
  context: RequestContext,
): Promise<LookedUp> {
  const userCode = parseUserCode(typed);
  if (userCode === undefined) return { outcome: 'unknown' };
  const attempt = await userCodeThrottle.begin(user, context);
  const subject = user.user.userId;
  if (!attempt.allowed) {
    provider.report({ name: 'request.rate_limited', subject, reason: 'too many wrong codes of devices', ...context });
    return { outcome: 'wait', retryAfterSeconds: attempt.retryAfterSeconds };
  }
  const device = await deviceCodes.show(userCode, user.sessionHash);
  if (device === undefined) {
    provider.report({ name: 'authorization.device_code_wrong', subject, ...context });
    return { outcome: 'unknown' };
  }
  await attempt.cancelled();
  return { outcome: 'found', device };
}

function codeResponse(
  request: Request,
  user: AuthenticatedUser,
  services: IdentityServices,
  outcome: { readonly typed?: string | undefined; readonly problem?: 'unknown'; readonly retryAfterSeconds?: number },
): Response {
  const { csrf, paths } = services;
  const { problem, retryAfterSeconds, typed } = outcome;
  const issued = csrf.issue(request, entryPurpose(user));
  const body = userCodePage({
    site: siteOf(services),
    form: { action: paths.device, csrfToken: issued.token },
    user: { username: user.user.userName, displayName: user.user.displayName },
    switchUser: {
      action: paths.signOut,
      csrfToken: csrf.issue(request, signOutPurpose).token,
      hidden: towardsDevice(parseUserCode(typed ?? '')),
    },
    typed,
    isUnknown: problem === 'unknown',
    retryAfterSeconds,
  });
  return htmlResponse(body, {
    status: retryAfterSeconds !== undefined ? 429 : problem === undefined ? 200 : 400,
    headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    setCookies: issued.setCookie === undefined ? [] : [issued.setCookie],
  });
}

function entryPurpose({ sessionHash }: AuthenticatedUser): string {
  return `device code:${sessionHash}`;
}

function isOutcome(value: string | undefined): value is DeviceOutcome {
  return value === 'allowed' || value === 'denied';
}
