import { afterEach, beforeEach, expect, it } from 'vitest';
import { addClient, clientNamed, countOf, openSchema, start } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { PushedRequest } from '../../core/records.ts';
import { retentionRules, tasksFor } from '../../operations/retention/rules.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { ClientStore } from '../register/store.ts';
import { PushedRequestStore } from './store.ts';

let database: DatabaseWithDialect;
let store: PushedRequestStore;
beforeEach(async () => {
  database = await openSchema();
  await addClient(database);
  store = new PushedRequestStore(database);
});
afterEach(() => database.close());

const client = 'client' as ClientId;
const stranger = 'stranger' as ClientId;

function pushed(hash: string, changes: Partial<PushedRequest> = {}): PushedRequest {
  return {
    hash: hash as SecretHash,
    clientId: client,
    parameters: 'scope=read&state=%C3%A9',
    expiresAt: start + 60_000,
    ...changes,
  };
}

it('a pushed request is handed out once, of any number of concurrent attempts [RFC9126-09]', async () => {
  const request = pushed('a');
  expect(await store.add(request, 10, start)).toBe(true);
  const taken = await Promise.all(Array.from({ length: 200 }, () => store.take(client, request.hash)));
  expect(taken.filter((found) => found !== undefined)).toEqual([request]);
  expect(await countOf(database, 'pushed_requests')).toBe(0);
});

it('a pushed request is nobody else’s, and nobody else spends it [RFC9126-07, PITFALL-04]', async () => {
  await addClient(database, clientNamed(stranger));
  const request = pushed('a');
  await store.add(request, 10, start);
  expect(await store.take(stranger, request.hash)).toBeUndefined();
  expect(await store.take(client, 'b' as SecretHash)).toBeUndefined();
  expect(await store.take(client, request.hash)).toEqual(request);
});

it('no more wait than the maximum; those that have expired do not count', async () => {
  const soon = start + 1000;
  expect(await store.add(pushed('a', { expiresAt: soon }), 2, start)).toBe(true);
  expect(await store.add(pushed('b'), 2, start)).toBe(true);
  expect(await store.add(pushed('c'), 2, start)).toBe(false);
  expect(await store.add(pushed('c'), 2, soon)).toBe(true);
  await store.take(client, 'b' as SecretHash);
  expect(await store.add(pushed('d'), 2, soon)).toBe(true);
});

it('requests of a client that is removed go with it, and no more are kept for it [RFC9126-16]', async () => {
  await store.add(pushed('a'), 10, start);
  await new ClientStore({ database }).delete(client);
  expect(await countOf(database, 'pushed_requests')).toBe(0);
  expect(await store.add(pushed('b'), 10, start)).toBe(false);
});

it('what nobody came for is removed as soon as it has expired [PITFALL-23]', async () => {
  await store.add(pushed('lapsed'), 10, start);
  await store.add(pushed('alive', { expiresAt: start + 60_001 }), 10, start);
  const clock = new ManualClock(start + 60_001);
  for (const task of tasksFor(retentionRules, database, clock)) await task.remove(10);
  expect(await database.read('SELECT request_hash FROM pushed_requests')).toEqual([{ request_hash: 'alive' }]);
});
