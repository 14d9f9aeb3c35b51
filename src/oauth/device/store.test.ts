import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addClient,
  clientNamed,
  countOf,
  grantNamed,
  openSchema,
  refreshTokenFor,
  start,
} from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { sql } from '../../core/database.ts';
import type { ClientId, ResourceUri, SecretHash } from '../../core/ids.ts';
import type { DeviceAuthorization, Grant } from '../../core/records.ts';
import { retentionRules, tasksFor } from '../../operations/retention/rules.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { ClientStore } from '../register/store.ts';
import { DeviceCodeStore } from './store.ts';

const minute = 60_000;
const client = 'client' as ClientId;
const stranger = 'stranger' as ClientId;
const browser = 'browser' as SecretHash;
const always = sql('1 = 1');
const key = new Uint8Array(32).fill(7);
const code = 'WDJBMJHT';

let database: DatabaseWithDialect;
let clock: ManualClock;
let store: DeviceCodeStore;

beforeEach(async () => {
  database = await openSchema();
  clock = new ManualClock();
  store = new DeviceCodeStore(database, clock, key);
  await addClient(database);
});
afterEach(() => database.close());

function device(changes: Partial<DeviceAuthorization> = {}): DeviceAuthorization {
  return {
    hash: 'device' as SecretHash,
    userCode: code,
    clientId: client,
    scopes: ['read', 'write'],
    resource: 'https://mcp.example.com/mcp' as ResourceUri,
    clientAddress: '192.0.2.7',
    createdAt: clock.now(),
    expiresAt: clock.now() + 10 * minute,
    interval: 5000,
    ...changes,
  };
}

async function shown(userCode = code) {
  const waiting = await store.show(userCode, browser);
  if (waiting === undefined) throw new Error(`nothing waits for ${userCode}`);
  return waiting;
}

async function approved(grant: Grant = grantNamed('grant')): Promise<Grant> {
  expect(await store.decide(await shown(), grant, always)).toBe(true);
  return grant;
}

const poll = (clientId = client) => store.poll(clientId, 'device' as SecretHash);

describe('asking', () => {
  it('is kept without the user code, in the clear or as a hash that anybody could compute [RFC8628-14]', async () => {
    expect(await store.add(device(), 10)).toBe('added');
    const [row] = await database.read('SELECT * FROM device_codes');
    expect(JSON.stringify(row)).not.toContain(code);
    const other = new DeviceCodeStore(database, clock, new Uint8Array(32).fill(8));
    expect(await other.show(code, browser)).toBeUndefined();
    expect(await store.show(code, browser)).toMatchObject({ userCode: code, clientAddress: '192.0.2.7' });
    expect(() => new DeviceCodeStore(database, clock, new Uint8Array(31))).toThrow(TypeError);
  });

  it('no user code is handed out twice, whatever became of the first [RFC8628-17]', async () => {
    await store.add(device(), 10);
    expect(await store.add(device({ hash: 'other' as SecretHash }), 10)).toBe('taken');
    await store.decide(await shown(), 'denied', always);
    clock.advance(11 * minute);
    expect(await store.add(device({ hash: 'other' as SecretHash }), 10)).toBe('taken');
  });

  it('no more wait than the maximum; decided and expired ones do not count', async () => {
    await store.add(device(), 1);
    const next = (userCode: string) => store.add(device({ hash: userCode as SecretHash, userCode }), 1);
    expect(await next('BBBBBBBB')).toBe('full');
    await store.decide(await shown(), 'denied', always);
    expect(await next('BBBBBBBB')).toBe('added');
    expect(await next('CCCCCCCC')).toBe('full');
    clock.advance(10 * minute);
    expect(await next('CCCCCCCC')).toBe('added');
  });

  it('what a removed client asked for goes with it, and nothing more is kept for it', async () => {
    await store.add(device(), 10);
    await new ClientStore({ database }).delete(client);
    expect(await countOf(database, 'device_codes')).toBe(0);
    expect(await store.add(device(), 10)).not.toBe('added');
  });
});

describe('polling', () => {
  beforeEach(() => store.add(device(), 10));

  it('half a second too early is in time: networks delay one request more than the next [RFC8628-11]', async () => {
    expect(await poll()).toEqual({ kind: 'pending' });
    clock.advance(4500);
    expect(await poll()).toEqual({ kind: 'pending' });
    clock.advance(4499);
    expect(await poll()).toEqual({ kind: 'too_soon' });
  });

  it('a poll that comes too soon is told so in the last seconds of a code, too [RFC8628-11]', async () => {
    clock.advance(10 * minute - 3000);
    expect(await poll()).toEqual({ kind: 'pending' });
    expect(await poll()).toEqual({ kind: 'too_soon' });
    clock.advance(2000);
    expect(await poll()).toEqual({ kind: 'too_soon' });
  });

  it('a flood ends in answers without writes, and changes nothing for other clients [RFC8628-11]', async () => {
    await addClient(database, clientNamed(stranger));
    for (let count = 0; count < 200; count += 1) {
      expect(await poll(stranger)).toBeUndefined();
      expect((await poll())?.kind).toBe(count === 0 ? 'pending' : 'too_soon');
    }
    const [row] = await database.read('SELECT poll_wait, next_poll_at, expires_at FROM device_codes');
    expect(row?.['poll_wait']).toBe(10 * minute + 5000);
    expect(Number(row?.['next_poll_at'])).toBeGreaterThan(Number(row?.['expires_at']));
    const grant = await approved();
    expect(await poll()).toMatchObject({ kind: 'device_code', grant });
  });

  it('tells what became of it: denied, approved, spent, revoked, expired', async () => {
    const grant = await approved();
    const record = { kind: 'device_code', hash: 'device', grant, expiresAt: start + 10 * minute };
    expect(await poll()).toEqual(record);
    expect(await store.redeem({ hash: 'device' as SecretHash, grant }, 'one', undefined, start, start)).toBe(true);
    expect(await poll()).toEqual({ ...record, spentAt: start });
    await database.write(sql('UPDATE grants SET revoked_at = 1'));
    expect(await poll()).toBeUndefined();
    const other = { hash: 'other' as SecretHash, userCode: 'BBBBBBBB' };
    await store.add(device(other), 10);
    clock.advance(10 * minute);
    expect(await store.poll(client, other.hash)).toEqual({ kind: 'expired' });
  });
});

describe('deciding', () => {
  beforeEach(() => store.add(device(), 10));

  it('is for the browser that saw it last, and for no other', async () => {
    const first = await shown();
    const second = await store.show(code, 'another' as SecretHash);
    expect(await store.decide(first, grantNamed('grant'), always)).toBe(false);
    expect(await store.find(code, browser)).toBeUndefined();
    expect(await store.find(code, 'another' as SecretHash)).toEqual(second);
    expect(second && (await store.decide(second, grantNamed('grant'), always))).toBe(true);
  });

  it('happens once, of any number of attempts to allow and to deny at the same moment [RFC8628-17]', async () => {
    const waiting = await shown();
    const attempts = Array.from({ length: 100 }, (_, index) =>
      store.decide(waiting, index % 2 === 0 ? grantNamed(`grant ${index}`) : 'denied', always),
    );
    expect((await Promise.all(attempts)).filter((won) => won)).toHaveLength(1);
    expect(await countOf(database, 'grants')).toBe((await poll())?.kind === 'denied' ? 0 : 1);
  });

  it('leaves nothing behind where the condition does not hold, or it has expired', async () => {
    const waiting = await shown();
    expect(await store.decide(waiting, grantNamed('grant'), sql('1 = 0'))).toBe(false);
    clock.advance(10 * minute);
    expect(await store.decide(waiting, grantNamed('grant'), always)).toBe(false);
    expect(await store.show(code, browser)).toBeUndefined();
    expect(await countOf(database, 'grants')).toBe(0);
  });

  it('ends the user code: nobody sees the request again [RFC8628-17]', async () => {
    await approved();
    expect(await store.show(code, browser)).toBeUndefined();
    expect(await store.find(code, browser)).toBeUndefined();
  });
});

it('of any number of redemptions one wins, and the losers leave nothing behind [PITFALL-03, PITFALL-35]', async () => {
  await store.add(device(), 10);
  const grant = await approved();
  const calls = Array.from({ length: 200 }, (_, index) =>
    store.redeem(
      { hash: 'device' as SecretHash, grant },
      `racer ${index}`,
      refreshTokenFor(grant, `r ${index}`),
      start,
      start,
    ),
  );
  expect((await Promise.all(calls)).filter((won) => won)).toHaveLength(1);
  expect(await countOf(database, 'refresh_tokens')).toBe(1);
});

it('a code outlives its expiry by a day, so that a replay is recognised [PITFALL-23]', async () => {
  await store.add(device(), 10);
  const remove = async () => {
    for (const task of tasksFor(retentionRules, database, clock)) await task.remove(10);
    return countOf(database, 'device_codes');
  };
  clock.advance(10 * minute + 86_400_000);
  expect(await remove()).toBe(1);
  clock.advance(1);
  expect(await remove()).toBe(0);
});
