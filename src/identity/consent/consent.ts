import { OAuthError } from '../../core/errors.ts';
import { mediaType, readBody, type RequestContext } from '../../core/http.ts';
import { hashSecret } from '../../core/hash.ts';
import type { SecretHash } from '../../core/ids.ts';
import { Params } from '../../core/params.ts';
import { randomSecret } from '../../core/random.ts';
import { createCookies } from '../../web/cookies.ts';
import { consentPage, type ConsentScope, readConsentForm } from '../../web/pages/consent.ts';
import { errorPage } from '../../web/pages/error.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { Approval } from './approval.ts';
import { approve, consentKeyOf, refuse } from './decide.ts';
import type { PendingRequest } from './pending-requests.ts';

/**
 * `GET /consent`: brings one authorization request to its decision, in this order: request alive → this browser's → user
 * signed in (recently enough for `prompt`) → user may grant what is required → remembered, so no question → asked.
 * @see OAuth 2.1 §4.1.2, OpenID Connect Core §3.1.2.1 on `prompt`
 */
export async function showConsent(request: Request, services: IdentityServices, context: RequestContext): Promise<Response> {
  const found = await openRequest(new URL(request.url).searchParams.get('request') ?? '', request, services, context);
  if (found instanceof Response) return found;
  const { pending, browserHash, setCookies } = found;
  const { prompt } = pending.request;

  const user = await services.sessions.authenticate(request);
  if (user === undefined || mustSignInAgain(pending, user)) {
    if (prompt.includes('none')) return finish(await refuse(pending, new OAuthError('login_required', 'the user is not signed in'), services), services, context);
    return seeOther(signInAddress(pending, user, services), { setCookies });
  }

  const scopes = await offeredScopes(pending, user, services);
  if (scopes === undefined) {
    const error = new OAuthError('access_denied', 'the signed-in user may not grant what the application needs');
    return finish(await refuse(pending, error, services), services, context);
  }
  const remembered = scopes.length > 0 && scopes.every((scope) => scope.alreadyAllowed);
  if (remembered && !prompt.includes('consent') && openedByThePerson(request)) {
    const approval = Approval.of(pending, user, browserHash, scopes.map((scope) => scope.name));
    return finish(approval && (await approve(approval, services)), services, context);
  }
  if (prompt.includes('none')) return finish(await refuse(pending, new OAuthError('consent_required', 'the user has not consented yet'), services), services, context);
  return askConsent(request, pending, user, scopes, setCookies, services);
}

/** `POST /consent`: the user's decision. The same order, and the form must be the one shown to this user in this browser. */
export async function decideConsent(request: Request, services: IdentityServices, context: RequestContext): Promise<Response> {
  if (mediaType(request) !== 'application/x-www-form-urlencoded') throw new OAuthError('invalid_request', 'send the form as application/x-www-form-urlencoded');
  const params = Params.parse(await readBody(request, 64 * 1024));
  const found = await openRequest(params.get('request') ?? '', request, services, context);
  if (found instanceof Response) return found;
  const { pending, browserHash } = found;
  const user = await services.sessions.authenticate(request);
  if (user === undefined || mustSignInAgain(pending, user)) return seeOther(signInAddress(pending, user, services));

  const verdict = services.csrf.check(request, params, csrfPurpose(pending, user));
  if (verdict !== 'ok') return problem(services, context, 403, 'This page cannot be used any more', 'The form did not come from the page that this server showed you in this browser.', 'Go back to the app and connect again.');
  const scopes = await offeredScopes(pending, user, services);
  const decision = readConsentForm(params, scopes ?? []);
  if (decision === undefined) return problem(services, context, 400, 'No decision was sent', 'The form was sent without a choice.', 'Go back and choose Allow or Deny.');
  if (decision.decision === 'deny' || scopes === undefined) {
    return finish(await refuse(pending, new OAuthError('access_denied', 'the user denied the request'), services), services, context);
  }
  const approval = Approval.of(pending, user, browserHash, decision.scopes);
  return finish(approval && (await approve(approval, services)), services, context);
}

interface OpenRequest {
  readonly pending: PendingRequest;
  readonly browserHash: SecretHash;
  readonly setCookies: readonly string[];
}

async function openRequest(id: string, request: Request, services: IdentityServices, context: RequestContext): Promise<OpenRequest | Response> {
  const pending = await services.requests.find(id);
  if (pending === undefined) return alreadyFinished(services, context);
  const cookies = createCookies(services.provider.settings.baseUrl);
  const cookieBase = `portcullis-request-${pending.hash.slice(0, 16)}`;
  const sent = cookies.read(request, cookieBase);
  const secret = sent ?? randomSecret(services.provider.random);
  const browserHash = hashSecret(secret);
  const mayBind = request.method === 'GET' || sent !== undefined;
  if (!mayBind || !(await services.requests.bind(pending, browserHash))) {
    return problem(services, context, 403, 'This request belongs to another browser', 'It was started in another browser, or this browser refuses cookies.', 'Go back to the app and connect again, in this browser.');
  }
  const setCookies = sent === undefined ? [cookies.set(cookieBase, secret, { maxAgeSeconds: 3600 })] : [];
  return { pending: { ...pending, browserHash }, browserHash, setCookies };
}

// prompt=login and select_account ask for a sign-in that happened after the request was made.
function mustSignInAgain(pending: PendingRequest, user: AuthenticatedUser): boolean {
  const { prompt } = pending.request;
  return (prompt.includes('login') || prompt.includes('select_account')) && user.authenticatedAt < pending.createdAt;
}

function signInAddress(pending: PendingRequest, user: AuthenticatedUser | undefined, services: IdentityServices): string {
  const query = new URLSearchParams({ request: pending.id });
  if (user !== undefined) query.set('again', '1');
  return `${services.paths.signIn}?${query}`;
}

// A page of another site could start a request and get the remembered answer without the person noticing.
function openedByThePerson(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  return site === 'none' || site === 'same-origin';
}

/** What the page offers, or `undefined` where the user may not grant a required scope, or nothing at all. */
async function offeredScopes(pending: PendingRequest, user: AuthenticatedUser, services: IdentityServices): Promise<ConsentScope[] | undefined> {
  const { provider } = services;
  const requested = pending.request.scopes;
  const grantable = user.user.grantableScopes;
  const required = provider.settings.requiredScopes;
  const offered = requested.filter((scope) => grantable === undefined || grantable.includes(scope));
  if (requested.length > 0 && offered.length === 0) return undefined;
  if (requested.some((scope) => required.includes(scope) && !offered.includes(scope))) return undefined;
  const remembered = await services.consents.remembered(consentKeyOf(pending, user.user.userId));
  return offered.map((name) => {
    const definition = provider.scopes.get(name);
    const optional = definition?.optional ?? (!required.includes(name) && offered.length > 1);
    return {
      name,
      title: definition?.title,
      description: definition?.description,
      tools: definition?.tools ?? [],
      need: optional ? 'optional' : 'required',
      alreadyAllowed: remembered.has(name),
    };
  });
}

function askConsent(request: Request, pending: PendingRequest, user: AuthenticatedUser, scopes: readonly ConsentScope[], setCookies: readonly string[], services: IdentityServices): Response {
  const { provider, csrf, paths, siteName } = services;
  const { client, redirectUri, resource } = pending.request;
  const issued = csrf.issue(request, csrfPurpose(pending, user));
  const signOut = csrf.issue(request, 'sign-out');
  const page = consentPage({
    site: { name: siteName, homeUrl: paths.home },
    form: { action: paths.consent, csrfToken: issued.token },
    request: pending.id,
    client: { name: client.clientName, registeredBy: client.registeredBy },
    redirectUri: redirectUri.toString(),
    resource: { name: siteName, url: resource },
    user: { username: user.user.userName, displayName: user.user.displayName },
    switchUser: { action: paths.signOut, csrfToken: signOut.token, hidden: { request: pending.id } },
    scopes,
    lastsDays: provider.lifetimes.refreshTokenAbsolute / 86_400_000,
    accountUrl: `${new URL(provider.settings.baseUrl).origin}${paths.account}`,
  });
  const cookies = [...setCookies, ...[issued.setCookie].filter((cookie) => cookie !== undefined)];
  return htmlResponse(page, { formAction: 'unrestricted', setCookies: cookies });
}

function csrfPurpose(pending: PendingRequest, user: AuthenticatedUser): string {
  return `consent:${pending.hash}:${user.user.userId}`;
}

function finish(location: string | undefined, services: IdentityServices, context: RequestContext): Response {
  return location === undefined ? alreadyFinished(services, context) : seeOther(location);
}

function alreadyFinished(services: IdentityServices, context: RequestContext): Response {
  return problem(services, context, 400, 'This request is finished or has expired', 'It was answered already, waited too long, or its app is no longer registered.', 'If the app is not connected, go back to it and connect again.');
}

function problem(services: IdentityServices, context: RequestContext, status: number, title: string, message: string, next: string): Response {
  const site = { name: services.siteName, homeUrl: services.paths.home };
  return htmlResponse(errorPage({ site, title, message, next, requestId: context.requestId }), { status });
}
