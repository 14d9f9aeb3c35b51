import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addCode,
  clientNamed,
  codeFor,
  countOf,
  grantNamed,
  openSchema,
  start,
} from '../../../test/support/database.ts';
import { sql } from '../../core/database.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { Client } from '../../core/records.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { ClientStore } from './store.ts';

const day = 86_400_000;
const lapsed = { neverUsedFor: 7 * day, unusedFor: 180 * day, now: start };
const id = (name: string) => name as ClientId;

let directory: string;
let database: DatabaseWithDialect;
let clients: ClientStore;
let deletions: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-clients-'));
  database = await openSchema(join(directory, 'test.db'));
  deletions = 0;
  clients = new ClientStore({
    database,
    onDeleted: () => {
      deletions += 1;
    },
  });
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function names(): Promise<string[]> {
  return (await clients.list()).map(({ client }) => client.clientId);
}

async function use(name: string, at: number): Promise<void> {
  await database.write(sql('UPDATE clients SET last_used_at = ? WHERE client_id = ?', at, name));
}

describe('a stored client', () => {
  it('is found again with everything that it registered', async () => {
    const full: Client = clientNamed('full', {
      clientSecretHash: 'hash' as SecretHash,
      clientSecretExpiresAt: start + 1,
      tokenEndpointAuthMethod: 'client_secret_basic',
      applicationType: 'native',
      clientName: 'Ünïcode "quotes" \u{1f600}',
      contacts: ['a@example.com'],
      softwareVersion: '1',
    });
    const bare = clientNamed('bare');
    for (const client of [full, bare]) await clients.add(client);
    for (const client of [full, bare]) expect(await new ClientStore({ database }).get(client.clientId)).toEqual(client);
    expect(await clients.list()).toEqual([
      { client: bare, lastUsedAt: undefined },
      { client: full, lastUsedAt: undefined },
    ]);
  });

  it('is looked up once and then remembered', async () => {
    await clients.add(clientNamed('a'));
    const first = await clients.get(id('a'));
    expect(await clients.get(id('a'))).toBe(first);
  });

  it('is gone for this process as soon as it is deleted here, and everything that hung on it', async () => {
    await addCode(database, codeFor(grantNamed('grant', { clientId: id('a') }), 'code'));
    expect(await clients.get(id('a'))).toBeDefined();
    expect(await clients.delete(id('a'))).toBe(true);
    expect(await clients.get(id('a'))).toBeUndefined();
    expect(await countOf(database, 'grants')).toBe(0);
    expect(await countOf(database, 'authorization_codes')).toBe(0);
    expect(deletions).toBe(1);
    expect(await clients.delete(id('a'))).toBe(false);
    expect(deletions).toBe(1);
  });

  it('is gone for this process at its very next look-up where another process deleted it', async () => {
    await clients.add(clientNamed('a'));
    await clients.add(clientNamed('b'));
    expect(await clients.get(id('a'))).toBeDefined();
    const elsewhere = await openSchema(join(directory, 'test.db'));
    await new ClientStore({ database: elsewhere }).delete(id('a'));
    expect(await clients.get(id('a'))).toBeUndefined();
    expect(await clients.get(id('b'))).toBeDefined();
    await elsewhere.close();
  });

  it('does not come back from a look-up that began before it was deleted', async () => {
    await clients.add(clientNamed('a'));
    const slow: { resume: () => void } = { resume: () => {} };
    const held = new Promise<void>((resolve) => {
      slow.resume = resolve;
    });
    const slowly = new ClientStore({
      database: {
        ...wrapped(database),
        read: async (text, ...values) => {
          const rows = await database.read(text, ...values);
          await held;
          return rows;
        },
      },
    });
    const looking = slowly.get(id('a'));
    await slowly.delete(id('a'));
    slow.resume();
    expect(await looking).toBeDefined();
    expect(await slowly.get(id('a'))).toBeUndefined();
  });
});

describe('the number of self-registered clients', () => {
  it('is limited, whatever administrators add', async () => {
    await clients.add(clientNamed('administrator', { registeredBy: 'administrator' }));
    expect(await clients.addDynamic(clientNamed('a'), 2)).toBe(true);
    expect(await clients.addDynamic(clientNamed('b'), 2)).toBe(true);
    expect(await clients.addDynamic(clientNamed('c'), 2)).toBe(false);
    expect(await names()).toEqual(['a', 'administrator', 'b']);
    await clients.add(clientNamed('another administrator', { registeredBy: 'administrator' }));
  });

  it('is never exceeded by registrations that arrive together', async () => {
    const added = await Promise.all(
      Array.from({ length: 20 }, (_, index) => clients.addDynamic(clientNamed(`c${index}`), 7)),
    );
    expect(added.filter(Boolean)).toHaveLength(7);
    expect(await countOf(database, 'clients')).toBe(7);
  });

  it('makes room at the expense of the oldest that was never used, once it has had an hour [PITFALL-15]', async () => {
    await clients.add(clientNamed('used', { issuedAt: start - 9 * day }));
    await use('used', start - 8 * day);
    await clients.add(clientNamed('administrator', { issuedAt: start - 9 * day, registeredBy: 'administrator' }));
    await addCode(database, codeFor(grantNamed('grant', { clientId: id('approved') }), 'code'));
    await database.write(sql("UPDATE clients SET issued_at = ? WHERE client_id = 'approved'", start - 8 * day));
    await clients.add(clientNamed('old', { issuedAt: start - 3_600_001 }));
    await clients.add(clientNamed('older', { issuedAt: start - 3_600_002 }));
    expect(await clients.get(id('older'))).toBeDefined();
    expect(await clients.addDynamic(clientNamed('new 1'), 4)).toBe(true);
    expect(await clients.get(id('older'))).toBeUndefined();
    expect(await clients.addDynamic(clientNamed('new 2'), 4)).toBe(true);
    expect(await clients.addDynamic(clientNamed('new 3'), 4)).toBe(false);
    expect((await names()).sort()).toEqual(['administrator', 'approved', 'new 1', 'new 2', 'used']);
  });
});

describe('clients that are not used', () => {
  it('are removed once they have lapsed, and only these [PITFALL-15, PITFALL-23]', async () => {
    await clients.add(clientNamed('never used', { issuedAt: start - 7 * day - 1 }));
    await clients.add(clientNamed('never used yet', { issuedAt: start - 7 * day }));
    await clients.add(clientNamed('administrator', { issuedAt: 0, registeredBy: 'administrator' }));
    for (const [name, usedAt] of [
      ['long unused', start - 180 * day - 1],
      ['unused', start - 180 * day],
    ] as const) {
      await clients.add(clientNamed(name, { issuedAt: 0 }));
      await use(name, usedAt);
    }
    await addCode(database, codeFor(grantNamed('grant', { clientId: id('has a grant') }), 'code'));
    await database.write(sql("UPDATE clients SET issued_at = 0 WHERE client_id = 'has a grant'"));
    expect(await clients.get(id('never used'))).toBeDefined();

    expect(await clients.deleteUnused(lapsed, 500)).toBe(2);
    expect((await names()).sort()).toEqual(['administrator', 'has a grant', 'never used yet', 'unused']);
    expect(await clients.get(id('never used'))).toBeUndefined();
  });

  it('are removed so many at a time', async () => {
    for (let index = 0; index < 25; index += 1) await clients.add(clientNamed(`c${index}`, { issuedAt: 0 }));
    expect([
      await clients.deleteUnused(lapsed, 10),
      await clients.deleteUnused(lapsed, 10),
      await clients.deleteUnused(lapsed, 10),
      await clients.deleteUnused(lapsed, 10),
    ]).toEqual([10, 10, 5, 0]);
  });
});

function wrapped(inner: DatabaseWithDialect): Omit<DatabaseWithDialect, 'read'> {
  return {
    ...inner,
    write: (...statements) => inner.write(...statements),
    revision: () => inner.revision(),
    close: () => inner.close(),
  };
}
