import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSchema, openSigningKeys } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { type Database, sql } from '../../core/database.ts';
import { systemRandom } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { encodedHeader, type SigningAlgorithm, signingAlgorithms } from '../../oauth/token/access-token-jwt.ts';
import { MasterKey, masterKeyIdOf } from './master-key.ts';
import { encryptAllAgain } from './rotate-master-key.ts';

const masterKey = new MasterKey([new Uint8Array(32).fill(1)], systemRandom);
let clock = new ManualClock();
beforeEach(() => {
  clock = new ManualClock();
});
const directory = mkdtempSync(join(tmpdir(), 'portcullis-keys-'));
const opened: Database[] = [];

afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function openedSchema(path?: string): Promise<Database> {
  const database = await openSchema(path);
  opened.push(database);
  return database;
}

const open = (database: Database, algorithm: SigningAlgorithm = 'EdDSA', key = masterKey) =>
  openSigningKeys(database, clock, { algorithm, masterKey: key });

it.each(signingAlgorithms)('the first start makes an %s key, and every later one finds it', async (algorithm) => {
  const database = await openedSchema();
  const first = await open(database, algorithm);
  const second = await open(database, algorithm);
  expect(first.current.algorithm).toBe(algorithm);
  expect(second.current.keyId).toBe(first.current.keyId);
  expect(second.publicJwks()).toEqual(first.publicJwks());
  expect(second.byHeader.get(encodedHeader(first.current))?.keyId).toBe(first.current.keyId);
});

it('the published keys have their public halves only [RFC8414-03]', async () => {
  const database = await openedSchema();
  for (const algorithm of signingAlgorithms) await open(database, algorithm);
  const jwks = (await open(database)).publicJwks();
  expect(jwks.map(({ alg, use, kty }) => [alg, use, kty]).sort()).toEqual([
    ['ES256', 'sig', 'EC'],
    ['EdDSA', 'sig', 'OKP'],
    ['RS256', 'sig', 'RSA'],
  ]);
  for (const jwk of jwks)
    expect(Object.keys(jwk).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(member))).toEqual([]);
  expect(new Set(jwks.map(({ kid }) => kid)).size).toBe(3);
});

it('an operator can choose RS256, and tokens signed before the change are still verified [RFC9068-03]', async () => {
  const database = await openedSchema();
  const before = await open(database, 'EdDSA');
  const after = await open(database, 'RS256');
  expect(after.current.algorithm).toBe('RS256');
  expect([...after.byHeader.keys()]).toContain(encodedHeader(before.current));
});

it('processes that start at once agree on one first key', async () => {
  const path = join(directory, 'race.db');
  const databases = [await openedSchema(path), await openedSchema(path), await openedSchema(path)];
  const keys = await Promise.all(databases.flatMap((database) => [open(database), open(database)]));
  expect(new Set(keys.map(({ current }) => current.keyId)).size).toBe(1);
});

it('private keys are encrypted in the database, each for its own row', async () => {
  const database = await openedSchema();
  const { current } = await open(database);
  const [row] = await database.read('SELECT private_key FROM signing_keys');
  const raw = current.privateKey.export({ format: 'der', type: 'pkcs8' });
  expect(row?.['private_key']).toMatch(/^v1\./);
  expect(Buffer.from(String(row?.['private_key']).split('.')[3] ?? '', 'base64url').includes(raw.subarray(-32))).toBe(
    false,
  );
  await database.write(
    sql(
      "INSERT INTO signing_keys (key_id, algorithm, private_key, created_at) SELECT 'other', algorithm, private_key, created_at FROM signing_keys",
    ),
  );
  await expect(open(database)).rejects.toThrow(/damaged or was tampered with/);
});

it('a wrong master key is refused at the start, with what to do about it', async () => {
  const database = await openedSchema();
  await open(database);
  const wrong = new MasterKey([new Uint8Array(32).fill(2)], systemRandom);
  await expect(open(database, 'EdDSA', wrong)).rejects.toThrow(ConfigurationError);
  await expect(open(database, 'EdDSA', wrong)).rejects.toThrow(/restore the right key file/);
});

it('a key that somebody put into the database without the master key is refused', async () => {
  const database = await openedSchema();
  const planted = generateKeyPairSync('ed25519')
    .privateKey.export({ format: 'der', type: 'pkcs8' })
    .toString('base64url');
  for (const value of [planted, `v1.${masterKey.id}.AAAAAAAAAAAAAAAA.${planted}`]) {
    await database.write(
      sql('DELETE FROM signing_keys'),
      sql(
        "INSERT INTO signing_keys (key_id, algorithm, private_key, created_at) VALUES ('planted', 'EdDSA', ?, 1)",
        value,
      ),
    );
    await expect(open(database)).rejects.toThrow(ConfigurationError);
  }
});

describe('rotation', () => {
  const minute = 60_000;
  const day = 86_400_000;

  it('publishes the new key first and signs with it later, and keeps the old one until its last token has expired', async () => {
    const database = await openedSchema();
    const keys = await open(database);
    const old = keys.current;
    const next = await keys.rotate('ahead');
    expect(keys.current.keyId).toBe(old.keyId);
    expect(keys.publicJwks().map(({ kid }) => kid)).toEqual([old.keyId, next.keyId]);
    clock.advance(15 * minute - 1);
    expect(keys.current.keyId).toBe(old.keyId);
    clock.advance(1);
    expect(keys.current.keyId).toBe(next.keyId);
    clock.advance(day + 5 * minute);
    expect(await keys.maintain()).toBe(0);
    expect(keys.byHeader.has(encodedHeader(old))).toBe(true);
    clock.advance(1);
    expect(await keys.maintain()).toBe(1);
    expect(keys.all.map(({ keyId }) => keyId)).toEqual([next.keyId]);
    expect((await open(database)).current.keyId).toBe(next.keyId);
  });

  it('happens by itself when the key is old enough, once however many nodes think of it', async () => {
    const path = join(directory, 'schedule.db');
    const databases = await Promise.all([openedSchema(path), openedSchema(path), openedSchema(path)]);
    const nodes = await Promise.all(
      databases.map((database) => openSigningKeys(database, clock, { replaceAfter: 90 * day })),
    );
    const old = nodes[0]?.current.keyId;
    clock.advance(90 * day - 1);
    await Promise.all(nodes.map((node) => node.maintain()));
    expect(nodes.map(({ all }) => all.length)).toEqual([1, 1, 1]);
    clock.advance(1);
    await Promise.all(nodes.map((node) => node.maintain()));
    await Promise.all(nodes.map((node) => node.refresh()));
    expect(nodes.map(({ all }) => all.length)).toEqual([2, 2, 2]);
    clock.advance(15 * minute);
    expect(new Set(nodes.map(({ current }) => current.keyId)).size).toBe(1);
    expect(nodes[0]?.current.keyId).not.toBe(old);
  });

  it('of a compromised key removes it at once, in other processes too', async () => {
    const path = join(directory, 'compromised.db');
    const [here, there] = [await open(await openedSchema(path)), await open(await openedSchema(path))];
    const stolen = here.current;
    await there.rotate('old ones are compromised');
    await here.refresh();
    expect(here.byHeader.has(encodedHeader(stolen))).toBe(false);
    expect(here.current.keyId).toBe(there.current.keyId);
  });

  it('leaves a key to sign with where the clock goes back', async () => {
    const keys = await open(await openedSchema());
    const { keyId } = keys.current;
    clock.advance(-3_600_000);
    expect(keys.current.keyId).toBe(keyId);
    await keys.rotate('at once');
    clock.advance(-3_600_000);
    expect(keys.current.algorithm).toBe('EdDSA');
  });

  it('by a server with another algorithm leaves each its own key', async () => {
    const path = join(directory, 'algorithms.db');
    const [ours, theirs] = [await open(await openedSchema(path)), await open(await openedSchema(path), 'ES256')];
    await theirs.rotate('at once');
    await ours.maintain();
    expect(ours.current.algorithm).toBe('EdDSA');
    expect(theirs.current.algorithm).toBe('ES256');
    expect(ours.current.retiresAt).toBeUndefined();
  });

  it('of the master key encrypts everything again, and nothing can be added under the old one', async () => {
    const path = join(directory, 'master.db');
    const database = await openedSchema(path);
    const [older, newer] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    let inFile: readonly Uint8Array[] = [older];
    const held = new MasterKey(inFile, systemRandom, () => inFile);
    const running = await openSigningKeys(database, clock, { masterKey: held });
    const { keyId } = running.current;
    const ring = new MasterKey([newer, older], systemRandom);
    inFile = ring.keys;
    expect(await encryptAllAgain(await openedSchema(path), ring)).toBe(2);
    inFile = [newer];
    const ids = await database.read(
      'SELECT private_key AS envelope FROM signing_keys UNION ALL SELECT secret FROM data_secrets',
    );
    expect(new Set(ids.map((row) => masterKeyIdOf(String(row['envelope']))))).toEqual(new Set([ring.id]));
    clock.advance(1);
    // The running server holds the old key until it needs the new one.
    expect(held.id).not.toBe(ring.id);
    await running.rotate('at once');
    expect(held.id).toBe(ring.id);
    const restarted = await open(database, 'EdDSA', new MasterKey([newer], systemRandom));
    expect(restarted.all).toHaveLength(2);
    expect(restarted.all[0]?.keyId).toBe(keyId);
    expect(await encryptAllAgain(database, ring)).toBe(0);
  });
});
