import { OAuthError } from '../../core/errors.ts';
import { hashSecret, secretMatches } from '../../core/hash.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import type { ClientId } from '../../core/ids.ts';
import { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { bearerRefusal, bearerTokenOf } from '../register/bearer-token.ts';
import { jsonBody } from '../register/json-body.ts';
import { managementMembers } from '../register/management-members.ts';
import { registrationResponse } from '../register/register.ts';
import { changedClient } from './change.ts';

/** A client that has shown its registration access token. */
interface Manager {
  readonly client: Client;
  readonly token: string;
}

/**
 * `GET`: the registration as it is. Secrets are kept as hashes, so the client secret is not in it.
 * @see RFC 7592 §2.1
 */
export async function readRegistration(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const { client, token } = await authorized(request, provider, context);
  return information(client, token, undefined, provider);
}

/**
 * `PUT`, in this order: registration access token → not waiting for approval → JSON body → the members that must match →
 * software statement and metadata judged by the rules of today, as at registration → stored in place of the old, in one step → answered.
 * @see RFC 7592 §2.2
 */
export async function changeRegistration(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const { client, token } = await authorized(request, provider, context);
  // RFC 7592 §2.2: 403. What an administrator looks at must not change under their eyes.
  if (client.admission === 'pending')
    throw new OAuthError('access_denied', 'the registration cannot be changed until an administrator has approved it');
  const { changed, secret } = await changedClient(client, await jsonBody(request), provider);
  if ((await provider.replaceRegistration?.(changed, client)) !== true) throw changedMeanwhile();
  const { clientId, admission } = changed;
  provider.report({
    name: 'client.changed',
    clientId,
    ...(admission === undefined ? {} : { outcome: admission }),
    ...context,
  });
  return information(changed, token, secret, provider);
}

/**
 * `DELETE`: the client ends, with its codes, grants and tokens.
 * @see RFC 7592 §2.3
 */
export async function endRegistration(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const { client } = await authorized(request, provider, context);
  if ((await provider.endRegistration?.(client)) !== true) throw refusal();
  provider.report({ name: 'client.deleted', clientId: client.clientId, reason: 'by itself', ...context });
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } });
}

/**
 * The client that the address names, where the token is its own. Whatever is wrong, the answer is one and the same, so that
 * nobody learns which ids exist; and guessing is slowed as it is for what clients authenticate with, apart from that.
 * @throws OAuthError `invalid_token`; `temporarily_unavailable` (429) with `Retry-After` after too many failures
 */
async function authorized(request: Request, provider: OAuthProvider, context: RequestContext): Promise<Manager> {
  const token = bearerTokenOf(request);
  const query = request.url.indexOf('?');
  const named = Params.parse(query === -1 ? '' : request.url.slice(query + 1)).get('client_id');
  if (token === undefined || named === undefined) throw refusal();
  const presented = { clientId: `registration of ${named}` as ClientId, familiar: token };
  const attempt = await provider.clientThrottle.begin(presented, context);
  if (!attempt.allowed) throw tooManyFailures(attempt.retryAfterSeconds, named, provider, context);
  try {
    const manager = await managerOf(named, token, provider, context);
    await attempt.succeeded();
    return manager;
  } catch (error) {
    // What nobody is to blame for does not count.
    if (error instanceof OAuthError) attempt.failed();
    else await attempt.cancelled();
    throw error;
  }
}

async function managerOf(
  named: string,
  token: string,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Manager> {
  const client = await provider.getClient(named as ClientId);
  // Compared in any case: an id that is unknown takes as long as a wrong token.
  const isOwn = secretMatches(token, client?.registrationTokenHash ?? hashSecret(''));
  if (client?.registrationTokenHash === undefined || !isOwn) {
    provider.report({
      name: 'client.registration_refused',
      reason: 'wrong registration access token',
      ...(client === undefined ? {} : { clientId: client.clientId }),
      ...context,
    });
    throw refusal();
  }
  return { client, token };
}

function tooManyFailures(seconds: number, named: string, provider: OAuthProvider, context: RequestContext): OAuthError {
  provider.report({
    name: 'request.rate_limited',
    clientId: named.slice(0, 200),
    reason: 'too many wrong registration access tokens',
    ...context,
  });
  return new OAuthError(
    'temporarily_unavailable',
    `wrong registration access tokens were sent too often; try again in ${seconds} seconds`,
    { status: 429, headers: { 'retry-after': String(seconds) } },
  );
}

function changedMeanwhile(): OAuthError {
  return new OAuthError(
    'temporarily_unavailable',
    'the registration has been changed or ended meanwhile: read it again',
  );
}

function refusal(): OAuthError {
  return bearerRefusal(
    'the registration access token is not that of this client, or the client is gone: use registration_client_uri and registration_access_token as they were issued, or register again',
  );
}

function information(client: Client, token: string, secret: string | undefined, provider: OAuthProvider): Response {
  return privateJson({
    ...registrationResponse(client, secret),
    ...managementMembers(client, token, provider),
  });
}
