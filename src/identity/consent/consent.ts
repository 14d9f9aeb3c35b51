import { OAuthError } from '../../core/errors.ts';
import { hashSecret } from '../../core/hash.ts';
import type { Params } from '../../core/params.ts';
import { hasDocument } from '../../core/records.ts';
import { unmetRequirements } from '../../oauth/authorization-code/sign-in.ts';
import { describeDestination } from '../../web/destination.ts';
import { type ConsentScope, consentFields, consentPage, readConsentForm } from '../../web/pages/consent.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import { page, postedForm, queryParams, siteOf } from '../page.ts';
import { resourceName } from '../resource-name.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { shownClient } from '../shown-client.ts';
import { signOutPurpose } from '../sign-in/sign-out.ts';
import { Approval } from './approval.ts';
import { approve, refuse } from './decide.ts';
import { offeredScopes } from './offered-scopes.ts';
import { finishedOrExpired, type OpenRequest, openRequest } from './open-request.ts';
import type { PendingRequest } from './pending-requests.ts';
import { judgeSignIn } from './suitable-sign-in.ts';

/** Name of the hidden field that proves which scopes the page showed as required. */
const shownField = 'shown';

/**
 * `GET /consent`: brings one authorization request to its decision, in this order: request alive → this browser's → user
 * signed in, as recently and as strongly as the request wants → user may grant what is required → remembered, so no
 * question → asked. Whoever signs in in place of the user who was asked to do so again is asked in any case. A site whose client the user has allowed nothing hears with `prompt=none` that nobody is signed in, whether somebody is or not.
 * @see OAuth 2.1 §4.1.2, OpenID Connect Core §3.1.2.1 on `prompt`
 */
export const showConsent = page(async (request, services) => {
  const open = await openRequest(queryParams(request).get(consentFields.request) ?? '', request, services);
  const { pending, setCookies } = open;
  const { prompt } = pending.request;
  const refused = async (error: OAuthError) => finish(open, await refuse(pending, error, services), services);
  const notSignedIn = () => refused(new OAuthError('login_required', 'the user is not signed in'));

  const user = await services.sessions.authenticate(request);
  const verdict = user === undefined ? 'again' : judgeSignIn(pending, user, services);
  if (verdict === 'never') return refused(unmetRequirements());
  if (user === undefined || verdict === 'again') {
    if (prompt.includes('none')) return notSignedIn();
    if (user !== undefined) await services.requests.noteAsked(pending, user.user.userId);
    return seeOther(signInAddress(pending, user, services), { setCookies });
  }
  const scopes = await offeredScopes(pending, user.user, services);
  const isKnown = openedByThePerson(request) || scopes?.some(({ alreadyAllowed }) => alreadyAllowed) === true;
  if (prompt.includes('none') && !isKnown) return notSignedIn();
  if (scopes === undefined) {
    return refused(new OAuthError('access_denied', 'the signed-in user may not grant what the application needs'));
  }
  const isAnother = pending.askedUserId !== undefined && pending.askedUserId !== user.user.userId;
  const remembered = !isAnother && scopes.length > 0 && scopes.every((scope) => scope.alreadyAllowed);
  if (remembered && isWhoItWas(pending) && !prompt.includes('consent') && openedByThePerson(request)) {
    return allow(
      open,
      user,
      scopes.map((scope) => scope.name),
      services,
    );
  }
  if (prompt.includes('none')) return refused(new OAuthError('consent_required', 'the user has not consented yet'));
  return askConsent(request, open, user, scopes, services);
});

/**
 * `POST /consent`: the user's decision, in this order: the form is the one shown to this user in this browser → request
 * alive → this browser's → user signed in recently enough → user may grant what is required → the page showed what may
 * not be unticked → decided.
 */
export const decideConsent = page(async (request, services) => {
  const { csrf } = services;
  const user = await services.sessions.authenticate(request);
  const params = await postedForm(request, services, {
    purpose: (form) => consentPurpose(hashSecret(form.get(consentFields.request) ?? ''), user),
    page: (form) => consentAddress(form, services),
  });
  const open = await openRequest(params.get(consentFields.request) ?? '', request, services);
  const { pending } = open;
  if (user === undefined || judgeSignIn(pending, user, services) !== 'suits')
    return seeOther(signInAddress(pending, user, services));

  const scopes = await offeredScopes(pending, user.user, services);
  const decision = readConsentForm(params, scopes ?? []);
  if (decision === undefined) throw new OAuthError('invalid_request', 'the form holds no decision');
  const nothingLeft = decision.scopes.length === 0 && pending.request.scopes.length > 0;
  if (scopes === undefined || decision.decision === 'deny' || nothingLeft) {
    const error = new OAuthError('access_denied', 'the user denied the request');
    return finish(open, await refuse(pending, error, services), services);
  }
  const shown = csrf.check(request, params.get(shownField), shownPurpose(pending, user, scopes));
  if (shown !== 'ok') return askConsent(request, open, user, scopes, services);
  return allow(open, user, decision.scopes, services);
});

async function allow(
  open: OpenRequest,
  user: AuthenticatedUser,
  scopes: readonly string[],
  services: IdentityServices,
): Promise<Response> {
  const approval = Approval.of(open.pending, user, open.browserHash, scopes);
  return finish(open, approval && (await approve(approval, services)), services);
}

function signInAddress(
  pending: PendingRequest,
  user: AuthenticatedUser | undefined,
  { paths }: IdentityServices,
): string {
  const query = new URLSearchParams({ request: pending.id });
  if (user !== undefined) query.set('again', '1');
  return `${paths.signIn}?${query}`;
}

// RFC 8252 §8.6: what was allowed before is allowed again without a question only where nobody else can be the client. The
// id of a metadata document is public; on a person's computer, any program can come with it.
function isWhoItWas({ request: { client, redirectUri } }: PendingRequest): boolean {
  return !hasDocument(client) || describeDestination(redirectUri.toString()).kind === 'website';
}

// A page of another site could start a request, and a browser fetches pages in advance: the person must notice.
function openedByThePerson({ headers }: Request): boolean {
  const site = headers.get('sec-fetch-site');
  return (site === 'none' || site === 'same-origin') && !headers.has('sec-purpose');
}

function askConsent(
  request: Request,
  { pending, setCookies }: OpenRequest,
  user: AuthenticatedUser,
  scopes: readonly ConsentScope[],
  services: IdentityServices,
): Response {
  const { provider, csrf, paths } = services;
  const { client, redirectUri, resource } = pending.request;
  const issued = csrf.issue(request, consentPurpose(pending.hash, user));
  const body = consentPage({
    site: siteOf(services),
    form: {
      action: paths.consent,
      csrfToken: issued.token,
      hidden: { [shownField]: csrf.issue(request, shownPurpose(pending, user, scopes)).token },
    },
    request: pending.id,
    client: shownClient(client),
    from: { kind: 'redirect', redirectUri: redirectUri.toString() },
    resource: { name: resourceName(resource, services), url: resource },
    user: { username: user.user.userName, displayName: user.user.displayName },
    switchUser: {
      action: paths.signOut,
      csrfToken: csrf.issue(request, signOutPurpose).token,
      hidden: { [consentFields.request]: pending.id },
    },
    scopes,
    lastsDays: provider.resources.lifetimesOf(resource).refreshTokenAbsolute / 86_400_000,
    accountUrl: `${new URL(provider.settings.baseUrl).origin}${paths.account}`,
  });
  const cookies = issued.setCookie === undefined ? setCookies : [...setCookies, issued.setCookie];
  return htmlResponse(body, { formAction: 'unrestricted', setCookies: cookies });
}

function consentPurpose(requestHash: string, user: AuthenticatedUser | undefined): string {
  return `consent:${requestHash}:${user?.user.userId ?? ''}`;
}

// What may not be unticked is granted with Allow, so it must be what the page said: an administrator may have changed what
// the user may grant since.
function shownPurpose(pending: PendingRequest, user: AuthenticatedUser, scopes: readonly ConsentScope[]): string {
  const required = scopes.filter(({ need }) => need === 'required').map(({ name }) => name);
  return `shown:${pending.hash}:${user.user.userId}:${required.join(' ')}`;
}

function consentAddress(form: Params, { paths }: IdentityServices): string {
  return `${paths.consent}?${new URLSearchParams({ request: form.get(consentFields.request) ?? '' })}`;
}

/** @throws PageError where another request was first */
function finish({ clearCookies }: OpenRequest, location: string | undefined, services: IdentityServices): Response {
  if (location === undefined) throw finishedOrExpired(services);
  return seeOther(location, { setCookies: clearCookies });
}
