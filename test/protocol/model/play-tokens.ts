import assert from 'node:assert/strict';
import type { Answer } from '../../../src/testing/test-client.ts';
import { authorize } from './play-authorization.ts';
import { asItShould, newest, type Sent, sendingOf, settle } from './presenting.ts';
import type { Outcome } from './records.ts';
import { at, type Reference } from './reference.ts';
import { exchanges, machine, resources, tools } from './rules.ts';
import type { Action, AskedScopes } from './steps.ts';
import type { Cast } from './world.ts';

export async function redeem(
  index: number,
  verifier: 'right' | 'wrong',
  sent: Sent,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const expected = reference.redeem(index, sent, verifier);
  const outcome = settle(await sendCode(index, verifier, sent, cast), expected, reference, cast);
  return `code ${index} of client ${sent.by}: ${outcome}`;
}

/** What happens most: a user who agrees, a client that redeems the code at once. */
export async function connect(
  { client, user, resource, key }: Extract<Action, { readonly do: 'connect' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const usual = {
    scopes: [],
    decision: 'allow',
    prompt: undefined,
    key: undefined,
    pushed: false,
    maxAge: undefined,
    acr: undefined,
  } as const;
  const before = reference.codes.length;
  const authorized = await authorize({ do: 'authorize', client, user, resource, ...usual }, reference, cast);
  if (reference.codes.length === before) return authorized;
  const sent = sendingOf(reference.codes, before, asItShould, reference);
  return `${authorized}; ${await redeem(before, 'right', { ...sent, key }, reference, cast)}`;
}

function sendCode(index: number, verifier: 'right' | 'wrong', sent: Sent, cast: Cast): Promise<Answer> {
  const client = at(cast.clients, sent.by);
  const { code, prepared } = at(cast.codes, index);
  const received = { ...prepared, code, ...(verifier === 'wrong' ? { verifier: 'w'.repeat(43) } : {}) };
  return client.redeem(received, resourceParameter(sent), cast.proof(sent.key));
}

export async function redeemAtOnce(index: number, times: number, reference: Reference, cast: Cast): Promise<string> {
  const sent = sendingOf(reference.codes, index, asItShould, reference);
  const outcomes = Array.from({ length: times }, () => reference.redeem(index, sent, 'right'));
  const answers = await Promise.all(outcomes.map(() => sendCode(index, 'right', sent, cast)));
  return `code ${index}: ${settleAll(answers, outcomes, reference, cast)}`;
}

export async function refresh(
  index: number,
  asked: AskedScopes,
  sent: Sent,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const { scopes: granted } = at(reference.grants, at(reference.refreshTokens, index).grant);
  const scopes = scopesOf(asked, granted);
  const expected = reference.refresh(index, sent, scopes);
  const outcome = settle(await sendRefreshToken(index, scopes, sent, cast), expected, reference, cast);
  return `refresh token ${index} of client ${sent.by}: ${outcome}`;
}

export function sendRefreshToken(
  index: number,
  scopes: readonly string[] | undefined,
  sent: Sent,
  cast: Cast,
): Promise<Answer> {
  const parameters = { ...resourceParameter(sent), ...(scopes === undefined ? {} : { scope: scopes.join(' ') }) };
  return at(cast.clients, sent.by).refresh(at(cast.refreshTokens, index), parameters, cast.proof(sent.key));
}

export async function refreshAtOnce(index: number, times: number, reference: Reference, cast: Cast): Promise<string> {
  const sent = sendingOf(reference.refreshTokens, index, asItShould, reference);
  const outcomes = Array.from({ length: times }, () => reference.refresh(index, sent));
  const answers = await Promise.all(outcomes.map(() => sendRefreshToken(index, undefined, sent, cast)));
  return `refresh token ${index}: ${settleAll(answers, outcomes, reference, cast)}`;
}

// Whoever comes first, as many win as if they had come one after another, and what they win is alike.
export function settleAll(
  answers: readonly Answer[],
  outcomes: readonly Outcome[],
  reference: Reference,
  cast: Cast,
): string {
  const won = (answer: Answer) => answer.status === 200;
  const inOrder = [...answers.filter(won), ...answers.filter((answer) => !won(answer))];
  const expected = [...outcomes].sort((a, b) => Number(typeof a === 'string') - Number(typeof b === 'string'));
  return expected.map((outcome, number) => settle(at(inOrder, number), outcome, reference, cast)).join('; ');
}

/** A machine that asks for a token of its own. */
export async function actForItself(
  { resource, scopes, key }: Extract<Action, { readonly do: 'act for itself' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const expected = reference.issueToMachine(resource, scopes, key);
  const parameters = {
    grant_type: 'client_credentials',
    // What is left out is the default one.
    ...(resource === 'notes' ? {} : { resource: resources[resource].uri }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  };
  const answer = await cast.asServer(machine.name, 'token', parameters, cast.proof(key));
  return `at ${resource}: ${settle(answer, expected, reference, cast)}`;
}

/** A tool is called, which may want a sign-in of late. */
export async function callTool(
  { token, tool }: Extract<Action, { readonly do: 'call' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const index = newest(reference.accessTokens, token);
  const expected = reference.call(index, tool);
  const { key } = at(reference.accessTokens, index);
  const { maxAge, resource } = tools[tool];
  const message = { method: 'tools/call', params: { name: tool } };
  const response = await cast.atGate(at(cast.accessTokens, index), resource, message, key);
  const challenge = response?.headers.get('www-authenticate') ?? '';
  const got = response === undefined ? 'passes' : (/error="(\w+)"/.exec(challenge)?.[1] ?? String(response.status));
  assert.equal(got, expected, `${tool} with access token ${index}`);
  if (got === 'insufficient_user_authentication') assert.match(challenge, new RegExp(`max_age="${maxAge / 1000}"`));
  return `${tool} with access token ${index}: ${got}`;
}

export async function exchange(
  { token, path, scopes, key }: Extract<Action, { readonly do: 'exchange' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const index = newest(reference.accessTokens, token);
  const rules = at(exchanges, path);
  const wanted = scopesOf(scopes, Object.keys(rules.scopes));
  const expected = reference.exchange(index, rules, wanted, key);
  const subject = at(cast.accessTokens, index);
  const answer = await cast.exchange(rules.server, subject, resources[rules.to].uri, wanted, key);
  return `access token ${index} by ${rules.server}: ${settle(answer, expected, reference, cast)}`;
}

function scopesOf(asked: AskedScopes, usual: readonly string[]): readonly string[] | undefined {
  switch (asked) {
    case 'none':
      return undefined;
    case 'all':
      return usual;
    case 'the first':
      return usual.slice(0, 1);
    case 'one too many':
      return [...usual, ['write', 'read', 'search'].find((scope) => !usual.includes(scope)) ?? 'search'];
  }
}

export async function revoke(
  { what, token, by }: Extract<Action, { readonly do: 'revoke' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const items: readonly { readonly grant: number }[] =
    what === 'access' ? reference.accessTokens : reference.refreshTokens;
  const secrets = what === 'access' ? cast.accessTokens : cast.refreshTokens;
  const index = newest(items, token);
  const { client } = at(reference.grants, at(items, index).grant);
  const other = typeof client === 'number' ? (client + 1) % reference.clients.length : 0;
  const sender = by === 'its client' ? client : other;
  reference.revoke(what, index, sender);
  const secret = at(secrets, index);
  const answer = await (typeof sender === 'number'
    ? at(cast.clients, sender).revoke(secret)
    : cast.asServer(sender, 'revoke', { token: secret }));
  const isGone =
    typeof sender === 'number'
      ? at(reference.clients, sender).gone
      : sender === machine.name && reference.isMachineGone;
  assert.equal(answer.status, isGone ? 401 : 200, answer.text);
  return `${what} token ${index} by ${typeof sender === 'number' ? `client ${sender}` : sender}`;
}

export function resourceParameter({ resource }: Sent): { resource?: string } {
  return resource === undefined ? {} : { resource: resources[resource].uri };
}
