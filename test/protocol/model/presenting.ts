import assert from 'node:assert/strict';
import type { Answer } from '../../../src/testing/test-client.ts';
import type { Outcome } from './records.ts';
import { at, type Reference } from './reference.ts';
import { type ResourceName, resourceNames } from './rules.ts';
import type { Sending } from './steps.ts';
import type { Cast } from './world.ts';

/** Who sends what with a code or refresh token. */
export interface Sent {
  readonly by: number;
  readonly key: number | undefined;
  readonly resource: ResourceName | undefined;
}

/** How its holder presents something. */
export const asItShould: Sending = { by: 'its client', key: 'its key', resource: 'none' };

/** Works out who sends what with a code or refresh token. */
export function sendingOf(
  items: readonly { readonly grant: number; readonly key: number | undefined }[],
  index: number,
  { by, key, resource: named }: Sending,
  reference: Reference,
): Sent {
  const { grant, key: own } = at(items, index);
  const { client, resource } = at(reference.grants, grant);
  assert.ok(typeof client === 'number');
  return sendingOfClient({ client, resource, key: own }, { by, key, resource: named }, reference);
}

/** The same for what is not a grant's yet. */
export function sendingOfClient(
  own: { readonly client: number; readonly resource: ResourceName; readonly key: number | undefined },
  { by, key, resource }: Sending,
  reference: Reference,
): Sent {
  const keys = { 'its key': own.key, 'no key': undefined, 0: 0, 1: 1 };
  const named = {
    none: undefined,
    'its resource': own.resource,
    'another resource': resourceNames.find((name) => name !== own.resource),
  };
  return {
    by: by === 'its client' ? own.client : (own.client + 1) % reference.clients.length,
    key: keys[key],
    resource: named[resource],
  };
}

/** An index into a list, counted back from its end and around. */
export function newest(items: readonly unknown[], back: number): number {
  return items.length - 1 - (back % items.length);
}

/** Holds an answer of the token endpoint against what was expected, and keeps its tokens. */
export function settle(answer: Answer, expected: Outcome, reference: Reference, cast: Cast): string {
  if (typeof expected === 'string') {
    assert.ok(answer.status >= 400 && answer.status < 500, `to be refused, and got ${answer.status}: ${answer.text}`);
    if (expected !== 'refused') assert.equal(answer.body['error'], expected, answer.text);
    return `refused, ${String(answer.body['error'])}`;
  }
  assert.equal(answer.status, 200, `to be granted, and got ${answer.status}: ${answer.text}`);
  const { key } = at(reference.accessTokens, expected.access);
  assert.equal(answer.body['token_type'], key === undefined ? 'Bearer' : 'DPoP');
  assert.equal(cast.accessTokens.push(String(answer.body['access_token'])) - 1, expected.access);
  assert.equal(typeof answer.body['refresh_token'] === 'string', expected.refresh !== undefined, 'a refresh token');
  if (expected.refresh === undefined) return `access token ${expected.access}`;
  assert.equal(cast.refreshTokens.push(String(answer.body['refresh_token'])) - 1, expected.refresh);
  return `access token ${expected.access} and refresh token ${expected.refresh}`;
}
