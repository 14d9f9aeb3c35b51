import assert from 'node:assert/strict';
import type { PreparedAuthorization, TestClient } from '../../../src/testing/test-client.ts';
import { newest } from './presenting.ts';
import { at, type Reference } from './reference.ts';
import { acr as knownAcr, origin, resources } from './rules.ts';
import type { Action } from './steps.ts';
import type { Cast, Decision } from './world.ts';

type Authorization = Extract<Action, { readonly do: 'authorize' }>;

/** An authorization request, pushed or not, from the client to the code or the error that comes back. */
export async function authorize(action: Authorization, reference: Reference, cast: Cast): Promise<string> {
  const index = newest(reference.clients, action.client);
  const client = at(cast.clients, index);
  const { user, resource, key, prompt } = action;
  const scopes = action.acr === 'unknown' ? undefined : reference.scopesAskedFor(index, resource, action.scopes);
  const who = `user ${user} for client ${index} at ${resource}`;
  if (action.pushed || scopes !== undefined) reference.introduce(index);
  const prepared = await prepare(action, client, scopes !== undefined, cast);
  if (prepared === undefined) return `${who}: the push is refused`;
  const decision = decisionOf(action, scopes);
  const { asked, signedIn, redirect } = await cast.world.decide(user, prepared.url, decision);
  if (signedIn) reference.signIn(user);
  const code = redirect?.searchParams.get('code') ?? undefined;
  const isActive = at(reference.users, user).state === 'active';
  if (scopes === undefined || !isActive) {
    assert.equal(code, undefined, 'a code was issued where none may be');
    return `${who}: refused`;
  }
  const wasApproved = reference.wasApproved(user, index, resource, scopes);
  if (!asked && code !== undefined)
    assert.ok(wasApproved && prompt !== 'consent', 'a code was issued without asking the user');
  const maxAge = prompt === 'login' ? 0 : action.maxAge && action.maxAge * 1000;
  if (code !== undefined)
    assert.ok(reference.isSignInRecent(user, scopes, maxAge), 'a code was issued for a sign-in of too long ago');
  if (asked && cast.world.isAdministered) assert.notEqual(prompt, 'none', 'prompt=none led to a page');
  if (asked) assert.equal(code === undefined, action.decision === 'deny', 'the decision is not what came of it');
  if (!asked && code === undefined) assert.equal(prompt, 'none', `an active user was not asked: ${redirect}`);
  if (code === undefined || redirect === undefined) return `${who}: no code`;
  assert.deepEqual([redirect.searchParams.get('state'), redirect.searchParams.get('iss')], [prepared.state, origin]);
  const granted = asked && typeof decision !== 'string' ? [decision.only] : scopes;
  const asksForAcr = action.acr !== undefined;
  const number = reference.approve(user, index, resource, granted, { key, asksForAcr });
  assert.equal(cast.codes.push({ code, prepared }) - 1, number);
  return `${who}, ${granted.join(' ')}: code ${number}`;
}

async function prepare(
  { resource, scopes, prompt, key, pushed, maxAge, acr }: Authorization,
  client: TestClient,
  isGood: boolean,
  cast: Cast,
): Promise<PreparedAuthorization | undefined> {
  const prepared = client.prepareAuthorization({
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    // What is left out is the default one.
    ...(resource === 'notes' ? {} : { resource: resources[resource].uri }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(acr === undefined ? {} : { acr_values: `urn:example:retina ${acr === 'known' ? knownAcr : ''}`.trim() }),
    ...(key === undefined ? {} : { dpop_jkt: cast.thumbprint(key) }),
  });
  if (!pushed) return prepared;
  const answer = await client.push(prepared);
  assert.equal(answer.status === 201, isGood, `a pushed request got ${answer.status}: ${answer.text}`);
  const { request_uri: requestUri } = answer.body;
  if (typeof requestUri !== 'string') return undefined;
  const query = new URLSearchParams({ client_id: client.clientId, request_uri: requestUri });
  return { ...prepared, url: new URL(`${prepared.url.origin}${prepared.url.pathname}?${query}`) };
}

export function decisionOf(
  { decision }: Pick<Authorization, 'decision'>,
  scopes: readonly string[] | undefined,
): Decision {
  return decision === 'allow the first scope' ? { only: scopes?.[0] ?? '' } : decision;
}
