import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assertionParameters, TestClientKey } from '../../src/testing/test-client-key.ts';
import { fixture, portcullis, portcullisJson, serving, temporaryDirectory } from './processes.ts';

const scopes = ['--scopes', 'hello'];
const machine = ['client', 'add', '--machine', '--name', 'Report'];
const app = ['client', 'add', '--name', 'App', '--redirect-uri', 'https://app.example/cb', ...scopes];
const grant = { grant_type: 'client_credentials' };

interface Added {
  readonly client: { readonly clientId: string };
  readonly clientSecret: string | null;
}

function directoryWith(files: Readonly<Record<string, unknown>>): string {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  return directory;
}

function basic(id: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

/** Asks a running server for a token. */
async function ask(origin: string, parameters: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams({ ...grant, ...parameters });
  const response = await fetch(`${origin}/token`, { method: 'POST', body, headers });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

describe('machine clients', () => {
  test('are added with their keys, and use them at the server at once; its grants are listed, and end with it', async () => {
    const [key, next] = [TestClientKey.generate('ES256', 'a'), TestClientKey.generate('EdDSA', 'b')];
    const directory = directoryWith({ 'a.json': key.jwks, 'b.json': next.jwks.keys[0] });
    const server = await serving(['--mcp', fixture('hello.ts')], { directory });
    const added = await portcullisJson([...machine, ...scopes, '--jwks', 'a.json'], { directory });
    expect(added).toMatchObject({
      clientSecret: null,
      client: {
        tokenEndpointAuthMethod: 'private_key_jwt',
        grantTypes: ['client_credentials'],
        redirectUris: [],
        scopes: ['hello'],
        keyIds: ['a'],
      },
    });
    const { clientId } = (added as unknown as Added).client;
    const token = async (by: TestClientKey) => {
      const exp = Math.floor(Date.now() / 1000) + 60;
      const jwt = await by.sign({ iss: clientId, sub: clientId, aud: server.origin, exp, jti: String(Math.random()) });
      return ask(server.origin, assertionParameters(jwt));
    };
    expect(await token(key)).toMatchObject({ status: 200, body: { scope: 'hello' } });
    expect(await portcullisJson(['client', 'keys', clientId, '--jwks', 'b.json'], { directory })).toEqual({
      clientId,
      keyIds: ['b'],
      jwksUri: null,
    });
    expect(await token(key)).toMatchObject({ status: 401 });
    expect(await token(next)).toMatchObject({ status: 200 });

    expect(await portcullisJson(['grant', 'list'], { directory })).toMatchObject({
      grants: [
        { clientId, subject: clientId, userId: null, userName: null },
        { clientId, subject: clientId },
      ],
    });
    const listed = await portcullis(['grant', 'list'], { directory });
    expect(listed.stdout).toMatch(/\(the client itself\) +Report/);
    expect((await portcullis(['client', 'list'], { directory })).stdout).toMatch(/Report +machine +by hand/);
    await portcullisJson(['client', 'delete', clientId, '--yes'], { directory });
    expect(await token(next)).toMatchObject({ status: 401 });
    expect(await portcullisJson(['grant', 'list'], { directory })).toEqual({ grants: [] });
  });

  test('have a secret where they have no keys; a new one works beside the old for as long as is said', async () => {
    const directory = temporaryDirectory();
    const server = await serving(['--mcp', fixture('hello.ts')], { directory });
    const { client, clientSecret } = (await portcullisJson([...machine, ...scopes], { directory })) as unknown as Added;
    const first = clientSecret ?? '';
    const status = async (secret: string) => (await ask(server.origin, {}, basic(client.clientId, secret))).status;
    expect(await status(first)).toBe(200);
    const replaced = await portcullisJson(['client', 'secret', client.clientId, '--keep-old-for', '7d'], { directory });
    const second = String(replaced['clientSecret']);
    expect([await status(first), await status(second)]).toEqual([200, 200]);
    const until = Date.parse(String(replaced['oldSecretExpiresAt'])) - Date.now();
    expect(until / 86_400_000).toBeCloseTo(7, 1);
    const { stdout } = await portcullis(['client', 'secret', client.clientId], { directory });
    const third = /client_secret +(\S{43})\n/.exec(stdout)?.[1] ?? '';
    expect(stdout).toContain('old secret     has ended');
    expect([await status(first), await status(second), await status(third)]).toEqual([401, 401, 200]);
    const list = await portcullis(['client', 'list', '--json'], { directory });
    for (const secret of [first, second, third]) expect(list.stdout).not.toContain(secret);
  });

  test('may send their secret in the body', async () => {
    const directory = temporaryDirectory();
    const server = await serving(['--mcp', fixture('hello.ts')], { directory });
    const added = (await portcullisJson([...machine, ...scopes, '--secret-in-body'], {
      directory,
    })) as unknown as Added;
    const parameters = { client_id: added.client.clientId, client_secret: added.clientSecret ?? '' };
    expect(await ask(server.origin, parameters)).toMatchObject({ status: 200 });
  });
});

describe('clients with keys', () => {
  test('of users are added too, and have no secret to replace', async () => {
    const directory = directoryWith({ 'keys.json': TestClientKey.generate('RS256').jwks });
    const added = await portcullisJson([...app, '--jwks', 'keys.json'], { directory });
    expect(added).toMatchObject({ clientSecret: null, client: { tokenEndpointAuthMethod: 'private_key_jwt' } });
    const { clientId } = (added as unknown as Added).client;
    expect(await portcullis(['client', 'secret', clientId], { directory })).toMatchObject({
      code: 1,
      stderr: `portcullis: client '${clientId}' has no secret: it is public, or has keys of its own\n`,
    });
    const open = (await portcullisJson([...app], { directory })) as unknown as Added;
    const keys = ['client', 'keys', open.client.clientId, '--jwks', 'keys.json'];
    expect(await portcullis(keys, { directory })).toMatchObject({ code: 1 });
    const nobody = ['client', 'secret', 'nobody', '--keep-old-for', '1d'];
    expect(await portcullis(nobody, { directory })).toMatchObject({ code: 3 });
  });

  const { jwks, privateKey } = TestClientKey.generate();
  const files = {
    'keys.json': jwks,
    'private.json': privateKey.export({ format: 'jwk' }),
    'secret.json': { keys: [{ kty: 'oct', k: 'x' }] },
    'bad.json': 'not JSON',
  };

  test.for([
    [[...machine], '--scopes is missing'],
    [[...machine, '--scopes', ''], '--scopes names none'],
    [[...machine, ...scopes, '--redirect-uri', 'https://a.example/cb'], 'a --machine client sends no browser anywhere'],
    [[...machine, ...scopes, '--public'], 'a client is either --public or --confidential'],
    [
      [...machine, ...scopes, '--jwks', 'keys.json', '--jwks-uri', 'https://a.example'],
      'name either --jwks or --jwks-uri',
    ],
    [[...machine, ...scopes, '--jwks', 'keys.json', '--secret-in-body'], 'a client with keys of its own has no secret'],
    [
      [...machine, ...scopes, '--jwks-uri', 'https://a.example/jwks'],
      'jwks_uri is not supported: this server fetches nothing',
    ],
    [[...machine, ...scopes, '--jwks', 'gone.json'], '--jwks gone.json cannot be read'],
    [[...machine, ...scopes, '--jwks', 'bad.json'], '--jwks bad.json is not JSON'],
    [[...machine, ...scopes, '--jwks', 'private.json'], "jwks.keys[0]: member 'd' is of a private key"],
    [[...machine, ...scopes, '--jwks', 'secret.json'], 'jwks.keys[0]: a symmetric key'],
    [[...app, '--jwks', 'private.json'], "jwks.keys[0]: member 'd' is of a private key"],
    [[...app, '--public', '--jwks', 'keys.json'], 'a client is either --public or --confidential'],
  ] as const)('%j is refused: %s', async ([words, message]) => {
    const { code, stderr } = await portcullis(words, { directory: directoryWith(files) });
    expect(stderr).toContain(`portcullis: ${message}`);
    expect(code).toBe(2);
  });
});
