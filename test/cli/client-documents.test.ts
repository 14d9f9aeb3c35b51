import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const clientId = 'https://desk.example/client.json';
const document = { client_id: clientId, client_name: 'Sticky Desk', redirect_uris: ['http://localhost/callback'] };

/** A directory with documents, and two pairs of keys. */
function workplace(documents: Readonly<Record<string, unknown>> = { 'desk.json': document }): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'documents'));
  for (const [name, contents] of Object.entries(documents))
    writeFileSync(
      join(directory, 'documents', name),
      typeof contents === 'string' ? contents : JSON.stringify(contents),
    );
  for (const name of ['signer', 'stranger']) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(directory, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(directory, `${name}.pub.pem`), publicKey.export({ type: 'spki', format: 'pem' }));
  }
  return directory;
}

function bundle(directory: string, ...flags: readonly string[]) {
  const words = ['client', 'bundle', 'documents', '--key', 'signer.pem', '--out', 'clients.bundle', ...flags];
  return portcullisJson(words, { directory });
}

test('documents are signed on one machine, imported on another, listed and deleted', async () => {
  const directory = workplace();
  const made = await bundle(directory, '--sequence', '7', '--days', '30');
  expect(made).toMatchObject({ name: 'clients', sequence: 7, clientIds: [clientId] });
  expect(readFileSync(join(directory, 'clients.bundle'), 'utf8')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const imported = await portcullisJson(['client', 'import', 'clients.bundle', '--key', 'signer.pub.pem'], {
    directory,
  });
  expect(imported).toMatchObject({
    bundle: { name: 'clients', sequence: 7, signedBy: made['signedBy'] },
    clientIds: [clientId],
    removed: 0,
    unchanged: false,
  });
  const { stdout } = await portcullis(['client', 'list'], { directory });
  expect(stdout).toMatch(/https:\/\/desk\.example\/client\.json +Sticky Desk +by import \(clients\) +/);
  expect(await portcullisJson(['client', 'list'], { directory })).toMatchObject({
    clients: [],
    importedDocuments: [{ clientId, bundle: 'clients' }],
  });
  expect((await portcullis(['client', 'delete', clientId, '--yes'], { directory })).code).toBe(0);
  expect((await portcullis(['client', 'delete', clientId, '--yes'], { directory })).code).toBe(3);
  expect(await portcullisJson(['client', 'list'], { directory })).toMatchObject({ importedDocuments: [] });
});

test('an older bundle does not take the place of a newer one; the same one again is no failure', async () => {
  const directory = workplace();
  await bundle(directory, '--sequence', '7');
  const take = ['client', 'import', 'clients.bundle', '--key', 'signer.pub.pem'];
  await portcullisJson(take, { directory });
  expect(await portcullisJson(take, { directory })).toMatchObject({ unchanged: true });
  await bundle(directory, '--sequence', '6');
  const { code, stderr } = await portcullis(take, { directory });
  expect(code).toBe(1);
  expect(stderr).toContain("bundle 'clients' with sequence 6 is older than the one that is there, 7");
});

test('a bundle needs a key that is trusted: named, or in the settings, and the public half', async () => {
  const directory = workplace();
  await bundle(directory);
  const take = (flags: readonly string[], environment = {}) =>
    portcullis(['client', 'import', 'clients.bundle', ...flags], { directory, environment });
  expect((await take([])).stderr).toContain('no key was named to verify it with');
  expect(await take(['--key', 'stranger.pub.pem'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/signed with key [\w-]{22}, and none of the given ones/),
  });
  expect((await take(['--key', 'signer.pem'])).stderr).toContain('holds a private key');
  writeFileSync(
    join(directory, 'portcullis.json'),
    JSON.stringify({ clientMetadata: { bundleKeys: ['stranger.pub.pem', 'signer.pub.pem'] } }),
  );
  expect((await take([])).code).toBe(0);
  writeFileSync(join(directory, 'signer.pub.pem'), 'nothing');
  expect((await portcullis(['config', 'check'], { directory })).stderr).toContain(
    'signer.pub.pem is no key in PEM form',
  );
});

test('a file or a directory that an administrator trusts is imported as it is', async () => {
  const other = { ...document, client_id: 'https://phone.example/client.json' };
  const directory = workplace({ 'desk.json': document, 'phone.json': other, 'notes.txt': 'not a document' });
  const { stdout } = await portcullis(['client', 'import', 'documents'], { directory });
  expect(stdout).toBe(`2 documents imported:\n  ${clientId}\n  https://phone.example/client.json\n`);
  expect(await portcullisJson(['client', 'import', 'documents/desk.json'], { directory })).toEqual({
    bundle: null,
    clientIds: [clientId],
    removed: 0,
  });
});

test('what cannot be used is told file by file, and nothing of the rest is imported', async () => {
  const directory = workplace({
    'a.json': document,
    'b.json': { ...document, client_id: 'http://desk.example/c' },
    'c.json': { ...document, client_secret: 'x' },
    'd.json': '{',
  });
  const { code, stderr } = await portcullis(['client', 'import', 'documents'], { directory });
  expect(code).toBe(2);
  expect(stderr).toContain('3 documents cannot be used, so nothing was done');
  for (const said of ['b.json: a client_id that is a URL must use https', 'c.json: ', 'd.json: '])
    expect(stderr).toContain(said);
  for (const [words, said] of [
    [['client', 'import', 'nowhere'], 'there is no file or directory'],
    [['client', 'bundle', 'signer.pem', '--key', 'signer.pem', '--out', 'x'], 'is no directory'],
    [['client', 'bundle', 'documents', '--key', 'signer.pem', '--out', 'x', '--days', '401'], '--days'],
    [['client', 'import', 'documents/a.json', '--config', 'off.json'], 'set clientMetadata.enabled to true'],
  ] as const) {
    writeFileSync(join(directory, 'off.json'), JSON.stringify({ clientMetadata: { enabled: false } }));
    const refused = await portcullis(words, { directory });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(said)]);
  }
});
