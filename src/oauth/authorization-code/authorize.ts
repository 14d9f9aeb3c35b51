import { OAuthError } from '../../core/errors.ts';
import { type RequestContext, redirect } from '../../core/http.ts';
import type { ClientId } from '../../core/ids.ts';
import { failureAnswer } from '../../core/outage.ts';
import { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { requireAdmitted } from '../token/client-authentication.ts';
import { type AuthorizationFailure, redirectWithError } from './failure.ts';
import { requirePushed, sentOrPushed } from './pushed.ts';
import { ValidatedRedirectUri } from './redirect-uri.ts';
import { type AuthorizeRequest, parseAuthorizeRequest } from './request.ts';

/**
 * `GET` or `POST /authorize`, in this order. Until the redirect URI is known to be the client's, errors are shown.
 *
 * | step | an error is |
 * |---|---|
 * | parameters once, well formed | shown |
 * | `client_id` known, or the URL of a document that describes the client | shown |
 * | approved, where an administrator has to | shown |
 * | `request_uri`, where there is one: taken, and its parameters stand for all that were sent | shown |
 * | `redirect_uri` matched | shown |
 * | pushed, where client or server requires it | redirected |
 * | response type, PKCE, scope, resource, prompt, `max_age`, `acr_values` | redirected |
 * | the provider's own `authorize` | redirected |
 *
 * @see OAuth 2.1 §4.1.1, RFC 9126 §4
 */
export async function authorizeEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const outcome = await decide(request, provider, context);
  if (outcome instanceof URL) return redirect(outcome.href);
  provider.report({
    name: 'authorization.refused',
    reason: outcome.error.message,
    error: outcome.error.detail,
    ...context,
  });
  return outcome.show === 'redirect'
    ? redirectWithError(outcome.to, outcome.error, outcome.state, provider.settings.issuer)
    : await provider.authorizationErrorPage(request, outcome.error, context);
}

async function decide(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<URL | AuthorizationFailure> {
  let sent: Params;
  let params: Params;
  let client: Client;
  let redirectUri: ValidatedRedirectUri;
  try {
    sent = await authorizationParams(request);
    client = await knownClient(sent, provider, context);
    params = await sentOrPushed(sent, client, provider);
    redirectUri = ValidatedRedirectUri.match(client, params.get('redirect_uri'));
  } catch (error) {
    return { show: 'page', error: asOAuthError(error, provider, context) };
  }
  const state = params.get('state');
  try {
    if (params === sent) requirePushed(client, provider);
    const authorizeRequest = parseAuthorizeRequest(params, client, redirectUri, provider);
    await provider.metadataDocuments.accept(client);
    const next = await provider.authorize(client, authorizeRequest);
    return completed(next, authorizeRequest, provider);
  } catch (error) {
    return {
      show: 'redirect',
      to: redirectUri,
      error: asOAuthError(error, provider, context),
      ...(state === undefined ? {} : { state }),
    };
  }
}

async function authorizationParams(request: Request): Promise<Params> {
  if (request.method === 'POST') return Params.ofForm(request);
  const query = request.url.indexOf('?');
  return Params.parse(query === -1 ? '' : request.url.slice(query + 1));
}

async function knownClient(params: Params, provider: OAuthProvider, context: RequestContext): Promise<Client> {
  const clientId = params.require('client_id') as ClientId;
  const client = await provider.resolveClient(clientId, context);
  if (client === undefined) {
    throw new OAuthError('invalid_request', `client_id '${clientId.slice(0, 200)}' is not registered here`, {
      parameter: 'client_id',
      hint: 'The client may hold a registration from a database that is gone: remove its stored credentials and let it register again.',
    });
  }
  mayAuthorize(client);
  return client;
}

/** @throws OAuthError `unauthorized_client` where the client waits for approval, or is not registered for the code grant */
export function mayAuthorize(client: Client): void {
  requireAdmitted(client);
  if (!client.grantTypes.includes('authorization_code'))
    throw new OAuthError('unauthorized_client', "the client is not registered for grant type 'authorization_code'");
}

/** Sees to it that a response sent straight to the client carries the `state` and `iss` that it must. */
function completed(next: URL, request: AuthorizeRequest, provider: OAuthProvider): URL {
  const target = new URL(request.redirectUri.toString());
  const goesToClient =
    next.protocol === target.protocol && next.host === target.host && next.pathname === target.pathname;
  if (!goesToClient || !(next.searchParams.has('code') || next.searchParams.has('error'))) return next;
  // Appended as text: a change through `searchParams` would rewrite the query that is there.
  const missing = new URLSearchParams();
  if (request.state !== undefined && !next.searchParams.has('state')) missing.set('state', request.state);
  if (!next.searchParams.has('iss')) missing.set('iss', provider.settings.issuer);
  if (missing.size > 0) next.search += `&${missing}`;
  return next;
}

function asOAuthError(error: unknown, provider: OAuthProvider, context: RequestContext): OAuthError {
  if (error instanceof OAuthError) return error;
  provider.report({ name: 'server.error', reason: 'the authorization endpoint failed', error, ...context });
  return failureAnswer(error);
}
