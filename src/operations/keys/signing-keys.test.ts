import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { openSchema } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { type Database, sql } from '../../core/database.ts';
import { systemRandom } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { encodedHeader, type SigningAlgorithm, signingAlgorithms } from '../../oauth/token/access-token-jwt.ts';
import { MasterKey } from './master-key.ts';
import { SigningKeys } from './signing-keys.ts';

const masterKey = new MasterKey(new Uint8Array(32).fill(1), systemRandom);
const clock = new ManualClock();
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
  SigningKeys.open(database, key, algorithm, clock, systemRandom);

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
    sql("INSERT INTO signing_keys SELECT 'other', algorithm, private_key, created_at FROM signing_keys"),
  );
  await expect(open(database)).rejects.toThrow(/damaged or was tampered with/);
});

it('a wrong master key is refused at the start, with what to do about it', async () => {
  const database = await openedSchema();
  await open(database);
  const wrong = new MasterKey(new Uint8Array(32).fill(2), systemRandom);
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
      sql("INSERT INTO signing_keys VALUES ('planted', 'EdDSA', ?, 1)", value),
    );
    await expect(open(database)).rejects.toThrow(ConfigurationError);
  }
});
