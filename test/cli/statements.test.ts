import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const issuer = 'https://publisher.example';
const metadata = { client_name: 'Notes', software_id: 'notes', redirect_uris: ['http://localhost/callback'] };

/** A directory with a publisher's keys and what it says of its app. */
function workplace(said: unknown = metadata): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'notes.json'), JSON.stringify(said));
  for (const name of ['publisher', 'stranger']) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(directory, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(directory, `${name}.pub.pem`), publicKey.export({ type: 'spki', format: 'pem' }));
  }
  return directory;
}

function sign(directory: string, ...flags: readonly string[]) {
  const words = ['statement', 'sign', 'notes.json', '--key', 'publisher.pem', '--issuer', issuer];
  return portcullis([...words, '--out', 'notes.statement', ...flags], { directory });
}

function pin(directory: string, settings: object = {}): void {
  const softwareStatements = { issuers: [{ issuer, keysFile: 'publisher.jwks.json', ...settings }] };
  writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ softwareStatements }));
}

test('a statement is signed on one machine, its key pinned on another, and there it is shown to be taken', async () => {
  const directory = workplace();
  expect(await sign(directory)).toMatchObject({ code: 0 });
  const made = ['statement', 'keys', 'publisher.pub.pem', '--out', 'publisher.jwks.json'];
  expect(await portcullis(made, { directory })).toMatchObject({ code: 0 });
  const keySet = JSON.parse(readFileSync(join(directory, 'publisher.jwks.json'), 'utf8')) as JSONWebKeySet;
  const statement = readFileSync(join(directory, 'notes.statement'), 'utf8').trim();
  const { payload } = await jwtVerify(statement, createLocalJWKSet(keySet), { issuer, requiredClaims: ['exp', 'iat'] });
  expect(payload).toMatchObject(metadata);
  pin(directory, { admits: true });
  expect(await portcullisJson(['statement', 'show', 'notes.statement'], { directory })).toMatchObject({
    issuer,
    metadata,
    taken: true,
    admits: true,
    error: null,
  });
  const { stdout } = await portcullis(['statement', 'show', 'notes.statement'], { directory });
  expect(stdout).toMatch(/client_name +Notes\n/);
  expect(stdout).toContain('Taken here, and lets its client in.');
});

test('it is said why a statement would be refused', async () => {
  const directory = workplace();
  await sign(directory);
  const show = () => portcullisJson(['statement', 'show', 'notes.statement'], { directory });
  expect((await portcullis(['statement', 'show', 'notes.statement'], { directory })).stderr).toContain('lists nobody');
  await portcullis(['statement', 'keys', 'stranger.pem', '--out', 'publisher.jwks.json'], { directory });
  pin(directory);
  expect(await show()).toMatchObject({ taken: false, error: 'invalid_software_statement' });
  const both = ['statement', 'keys', 'stranger.pub.pem', 'publisher.pub.pem', '--out', 'publisher.jwks.json'];
  await portcullis(both, { directory });
  expect(await show()).toMatchObject({ taken: true });
  pin(directory, { claims: ['redirect_uris'] });
  expect(await show()).toMatchObject({ taken: false, error: 'unapproved_software_statement' });
  await sign(directory, '--audience', 'https://elsewhere.example');
  pin(directory);
  expect(await show()).toMatchObject({ taken: false, reason: expect.stringContaining('other servers') });
});

test('of a private key only the public half is written', async () => {
  const directory = workplace();
  const { stdout } = await portcullis(['statement', 'keys', 'publisher.pem'], { directory });
  expect(JSON.parse(stdout)).toEqual({
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' }],
  });
});

test.each<[unknown, string]>([
  [{ ...metadata, redirect_uri: 'x' }, "did you mean 'redirect_uris'"],
  [{ client_name: 'Notes' }, 'redirect_uris is missing'],
  [[], 'not a JSON object'],
])('what is no metadata of a client is not signed: %j', async (said, message) => {
  const { code, stderr } = await sign(workplace(said));
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
