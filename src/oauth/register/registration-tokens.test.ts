import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clientNamed, countOf, openSchema, start } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import type { SecretHash } from '../../core/ids.ts';
import { retentionRules, tasksFor } from '../../operations/retention/rules.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { RegistrationTokens } from './registration-tokens.ts';
import { ClientStore, pendingTerms } from './store.ts';

let directory: string;
let path: string;
let database: DatabaseWithDialect;
let tokens: RegistrationTokens;
let clients: ClientStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-tokens-'));
  path = join(directory, 'a.db');
  database = await openSchema(path);
  tokens = new RegistrationTokens(database);
  clients = new ClientStore({ database });
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const hash = 'hash' as SecretHash;
const token = { tokenId: 'token', usesLeft: 5, createdAt: start, expiresAt: start + 1000 };

it('of two hundred racers in four processes, as many get in as the token has uses [RFC7591-20]', async () => {
  await tokens.add({ ...token, label: 'Laptops' }, hash);
  const modules = ['storage/sqlite.ts', 'oauth/register/store.ts', 'oauth/register/registration-tokens.ts'].map(
    (file) => new URL(`../../${file}`, import.meta.url).href,
  );
  const code = (racer: number) => `
    const { openSqlite } = await import('${modules[0]}');
    const { ClientStore } = await import('${modules[1]}');
    const { RegistrationTokens } = await import('${modules[2]}');
    const database = openSqlite(${JSON.stringify(path)});
    const clients = new ClientStore({ database });
    const tokens = new RegistrationTokens(database);
    const attempt = (n) => {
      const client = { ...${JSON.stringify(clientNamed('x', { admission: 'invited' }))}, clientId: 'c${racer}-' + n };
      return clients.addDynamic(client, 1000, tokens.termsOf('hash', client.clientId, ${start}));
    };
    const won = await Promise.all(Array.from({ length: 50 }, (_, n) => attempt(n)));
    console.log(won.filter(Boolean).length);
    await database.close();`;
  const racers = [1, 2, 3, 4].map((racer) =>
    spawn(process.execPath, ['--input-type=module', '-e', code(racer)], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const won = await Promise.all(racers.map((racer) => text(racer.stdout)));
  expect(won.map(Number).reduce((sum, count) => sum + count, 0)).toBe(5);
  expect(await countOf(database, 'clients')).toBe(5);
  expect(await tokens.list(start)).toEqual([{ ...token, label: 'Laptops', usesLeft: 0, lastUsedAt: start }]);
});

it('where there is no room, no use is counted, and nothing is stored', async () => {
  await tokens.add(token, hash);
  const add = (id: string) => {
    const client = clientNamed(id, { admission: 'invited' });
    return clients.addDynamic(client, 1, tokens.termsOf(hash, client.clientId, start));
  };
  expect([await add('a'), await add('b')]).toEqual([true, false]);
  expect(await tokens.list(start)).toMatchObject([{ usesLeft: 4 }]);
  expect(await tokens.isUsable(hash, start)).toBe(true);
  expect(await tokens.isUsable(hash, start + 1000)).toBe(false);
});

it('a revoked token lets nobody in, and expired ones are removed [PITFALL-23]', async () => {
  await tokens.add(token, hash);
  await tokens.add({ ...token, tokenId: 'other', expiresAt: start + 2 * 86_400_000 }, 'other' as SecretHash);
  expect([await tokens.revoke('nobody'), await tokens.isUsable(hash, start)]).toEqual([false, true]);
  expect([await tokens.revoke('token'), await tokens.isUsable(hash, start)]).toEqual([true, false]);
  const clock = new ManualClock(start + 3 * 86_400_000);
  for (const task of tasksFor(retentionRules, database, clock)) await task.remove(10);
  expect(await countOf(database, 'registration_tokens')).toBe(1);
  clock.advance(1);
  for (const task of tasksFor(retentionRules, database, clock)) await task.remove(10);
  expect(await countOf(database, 'registration_tokens')).toBe(0);
});

it('clients that nobody approved are removed, those that an administrator approved are not [RFC7591-21, PITFALL-15]', async () => {
  const pending = (id: string, issuedAt: number) => clientNamed(id, { admission: 'pending', issuedAt });
  for (const client of [pending('old', start), pending('let-in', start), pending('new', start + 10)])
    expect(await clients.addDynamic(client, 100, pendingTerms(3))).toBe(true);
  expect(await clients.addDynamic(pending('more', start), 100, pendingTerms(3))).toBe(false);
  expect(await clients.approve('let-in' as never)).toBe(true);
  expect(await clients.deletePending(start + 10, 10)).toBe(1);
  expect((await clients.list()).map(({ client }) => [client.clientId, client.admission])).toEqual([
    ['let-in', 'approved'],
    ['new', 'pending'],
  ]);
  expect([await clients.deny('let-in' as never), await clients.deny('new' as never)]).toEqual([false, true]);
});

it('an update that was made before the secret was replaced does not bring the old one back [RFC7592-10]', async () => {
  const before = clientNamed('client', {
    tokenEndpointAuthMethod: 'client_secret_post',
    clientSecretHash: 'one' as SecretHash,
    registrationTokenHash: 'manage' as SecretHash,
  });
  await clients.addDynamic(before, 10);
  await clients.replaceSecret(before.clientId, { hash: 'two' as SecretHash }, start);
  expect(await clients.replace({ ...before, clientName: 'Stale' }, before, start)).toBe(false);
  const now = (await clients.get(before.clientId)) ?? before;
  expect(now).toMatchObject({ clientSecretHash: 'two', clientName: 'Client client' });
  expect(await clients.replace({ ...now, clientName: 'Fresh' }, now, start)).toBe(true);
  expect(await clients.replace(now, { ...now, registrationTokenHash: 'x' as SecretHash }, start)).toBe(false);
});
