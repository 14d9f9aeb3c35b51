import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addClient,
  addCode,
  clientNamed,
  codeFor,
  grantNamed,
  openSchema,
  start,
} from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { sql } from '../../core/database.ts';
import type { ClientId, GrantId, Subject } from '../../core/ids.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { GrantStore, grantColumns, grantOf } from './grant-store.ts';

let directory: string;
let database: DatabaseWithDialect;
let clock: ManualClock;
let grants: GrantStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-grants-'));
  database = await openSchema(join(directory, 'test.db'));
  clock = new ManualClock();
  grants = new GrantStore(database, clock);
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const id = (name: string) => name as GrantId;

/** A grant whose code was redeemed. */
async function add(name: string, changes: Parameters<typeof grantNamed>[1] = {}, approvedAt = start): Promise<void> {
  await addCode(database, codeFor(grantNamed(name, { approvedAt, ...changes }), `code ${name}`));
  await database.write(
    sql(
      'UPDATE grants SET redeemed_at = ?, last_used_at = ?, expires_at = ? WHERE grant_id = ?',
      start,
      start + 5,
      start + 1000,
      name,
    ),
  );
}

describe('a grant', () => {
  it('is alive until it is revoked, once', async () => {
    await add('a');
    await add('b');
    expect(await grants.isAlive(id('a'))).toBe(true);
    expect(await grants.revoke(id('a'), 'because')).toBe(true);
    expect(await grants.isAlive(id('a'))).toBe(false);
    expect(await grants.revoke(id('a'), 'again')).toBe(false);
    expect(await grants.isAlive(id('b'))).toBe(true);
    expect(await database.read("SELECT revoked_at, revoked_because FROM grants WHERE grant_id = 'a'")).toEqual([
      { revoked_at: start, revoked_because: 'because' },
    ]);
  });

  it('that is unknown is dead', async () => {
    expect(await grants.isAlive(id('unknown'))).toBe(false);
    expect(await grants.revoke(id('unknown'), 'because')).toBe(false);
  });

  it('dies with its client', async () => {
    await add('a');
    await database.write(sql('DELETE FROM clients'));
    expect(await grants.isAlive(id('a'))).toBe(false);
  });

  it('that another process revoked is dead at the next question', async () => {
    await add('a');
    expect(await grants.isAlive(id('a'))).toBe(true);
    const elsewhere = await openSchema(join(directory, 'test.db'));
    await new GrantStore(elsewhere, clock).revoke(id('a'), 'elsewhere');
    expect(await grants.isAlive(id('a'))).toBe(false);
    await elsewhere.close();
  });

  it('of many revocations at once is revoked by one', async () => {
    await add('a');
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => grants.revoke(id('a'), 'because')));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });
});

describe('what was looked up before a revocation', () => {
  it('is known to be out of date once the revocation is acknowledged', async () => {
    await add('a');
    const before = grants.revocations;
    await grants.revoke(id('a'), 'because');
    expect(grants.revocations).toBeGreaterThan(before);
    const between = grants.revocations;
    grants.noteRevocation();
    expect(grants.revocations).toBeGreaterThan(between);
  });
});

describe('the list', () => {
  it('has the live grants of one user, the newest first, with what people want to know of them', async () => {
    await addClient(database, clientNamed('second', { registeredBy: 'administrator' }));
    const { clientName: _, ...nameless } = clientNamed('nameless');
    await addClient(database, nameless);
    await add('old', { clientId: 'client' as ClientId, scopes: ['read', 'write'], approvedAt: start - 10 });
    await add('new', { clientId: 'second' as ClientId });
    await add('newest', { clientId: 'nameless' as ClientId, approvedAt: start + 10 });
    await add('of another user', { subject: 'other' as Subject });
    const list = await grants.listForSubject('user' as Subject);
    expect(list).toEqual([
      expect.not.objectContaining({ clientName: expect.anything() }),
      expect.objectContaining({
        grantId: 'new',
        clientId: 'second',
        clientName: 'Client second',
        registeredBy: 'administrator',
      }),
      {
        grantId: 'old',
        clientId: 'client',
        clientName: 'Client client',
        registeredBy: 'dynamic',
        subject: 'user',
        scopes: ['read', 'write'],
        resource: 'https://mcp.example.com/mcp',
        approvedAt: start - 10,
        lastUsedAt: start + 5,
      },
    ]);
    expect((await grants.list(2)).map(({ grantId }) => grantId)).toEqual(['newest', 'new']);
    expect(await grants.list(10)).toHaveLength(4);
  });

  it('leaves out what is revoked, expired, or whose code was never redeemed', async () => {
    for (const name of ['alive', 'revoked', 'expired', 'not redeemed']) await add(name);
    await grants.revoke(id('revoked'), 'because');
    await database.write(
      sql("UPDATE grants SET expires_at = ? WHERE grant_id = 'expired'", start),
      sql("UPDATE grants SET redeemed_at = NULL WHERE grant_id = 'not redeemed'"),
    );
    expect((await grants.listForSubject('user' as Subject)).map(({ grantId }) => grantId)).toEqual(['alive']);
    clock.advance(1000);
    expect(await grants.listForSubject('user' as Subject)).toEqual([]);
  });
});

describe('a grant without a code', () => {
  it('is stored with its details while its client is there and the condition holds', async () => {
    await addClient(database, clientNamed('client'));
    const grant = grantNamed('direct', { acr: 'high', keyThumbprint: 'jkt', actor: { sub: 'other' } });
    expect(await grants.add(grant, start + 1000, sql('1 = ?', 2))).toBe(false);
    expect(await grants.add({ ...grant, clientId: 'gone' as ClientId }, start + 1000, sql('1 = 1'))).toBe(false);
    expect(await grants.isAlive(id('direct'))).toBe(false);
    expect(await grants.add(grant, start + 1000, sql('1 = ?', 1))).toBe(true);
    expect(await grants.isAlive(id('direct'))).toBe(true);
    expect(await grants.find(id('direct'))).toMatchObject({ grantId: 'direct', lastUsedAt: start });
    const [row] = await database.read(`SELECT ${grantColumns} FROM grants g WHERE g.grant_id = 'direct'`);
    expect(row && grantOf(row)).toEqual(grant);
  });
});
