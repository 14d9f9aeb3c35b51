import { symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { call, connect } from './connect.ts';
import {
  addUser,
  fixture,
  freePort,
  launch,
  portcullis,
  portcullisJson,
  serving,
  temporaryDirectory,
} from './processes.ts';

const hello = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hello', arguments: {} } };

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('portcullis serve', () => {
  test('takes a client from registration to a tool call, and a user disabled meanwhile loses it at once', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory, '--role', 'admin');
    await addUser('bob', directory);
    const { origin, facts } = await serving(['--mcp', fixture('hello.ts')], { directory });
    expect(facts.setupUrl).toBeNull();
    const { accessToken, refreshToken, clientId } = await connect(origin, 'bob');
    const answer = await call(origin, accessToken, hello);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('Hello!');

    const { grants } = await portcullisJson(['grant', 'list', '--user', 'bob'], { directory });
    expect(grants).toMatchObject([{ userName: 'bob', clientName: 'Test app', clientId, scopes: ['hello'] }]);

    expect(await portcullis(['user', 'disable', 'bob'], { directory })).toMatchObject({ code: 0 });
    expect((await call(origin, accessToken, hello)).status).toBe(401);
    const refreshed = await fetch(`${origin}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId }),
    });
    expect(refreshed.status).toBe(400);
    expect(await portcullisJson(['grant', 'list'], { directory })).toEqual({ grants: [] });
  });

  test('a grant revoked and a client deleted beside it are gone at once', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory, '--role', 'admin');
    const { origin } = await serving(['--mcp', fixture('hello.ts')], { directory });
    const first = await connect(origin, 'ada');
    const second = await connect(origin, 'ada');
    const { grants } = (await portcullisJson(['grant', 'list'], { directory })) as {
      grants: { grantId: string; clientId: string }[];
    };
    const grantId = grants.find(({ clientId }) => clientId === first.clientId)?.grantId ?? '';
    expect(await portcullis(['grant', 'revoke', grantId], { directory })).toMatchObject({
      code: 0,
      stdout: '1 grant revoked.\n',
    });
    expect((await call(origin, first.accessToken, hello)).status).toBe(401);
    expect((await call(origin, second.accessToken, hello)).status).toBe(200);
    expect(await portcullis(['grant', 'revoke', grantId], { directory })).toMatchObject({ code: 3 });
    expect(await portcullis(['client', 'delete', second.clientId, '--yes'], { directory })).toMatchObject({ code: 0 });
    expect((await call(origin, second.accessToken, hello)).status).toBe(401);
  });

  test('tells people where everything is, how to begin and what to paste, and logs apart from that', async () => {
    const directory = temporaryDirectory();
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const server = await launch(['serve', '--mcp', fixture('hello.ts'), '--port', String(port)], { directory });
    server.signal('SIGTERM');
    const { code, stdout, stderr } = await server.finished;
    expect(code).toBe(0);
    expect(stdout).toContain('Hello is running');
    expect(stdout).toContain(`MCP endpoint   ${url}/mcp\n`);
    expect(stdout).toContain(`${url}/sign-in\n`);
    expect(stdout).toContain(`${url}/account\n`);
    expect(stdout).toMatch(/argon2id, \d+ ms each/);
    expect(stdout).toMatch(/make an administrator[^\n]*\n {2}http:\/\/localhost:\d+\/setup\?token=[\w-]{43}\n/);
    expect(stdout).toContain(`claude mcp add --transport http hello ${url}/mcp\n`);
    expect(stdout).toContain(`code --add-mcp '{"name":"hello","type":"http","url":"${url}/mcp"}'\n`);
    expect(stdout).toContain('npx @modelcontextprotocol/inspector ');
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string });
    expect(lines.map(({ name }) => name)).toEqual(['setup.link_made', 'server.started', 'server.stopped']);
    expect(stderr).not.toContain(/token=([\w-]{43})/.exec(stdout)?.[1]);
  });

  test('the set-up link makes the first administrator, once', async () => {
    const directory = temporaryDirectory();
    const { facts, origin } = await serving(['--mcp', fixture('hello.ts')], { directory });
    const page = await fetch(facts.setupUrl ?? '');
    expect(page.status).toBe(200);
    await addUser('ada', directory, '--role', 'admin');
    expect((await fetch(facts.setupUrl ?? '')).status).not.toBe(200);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  });

  test.for(['SIGTERM', 'SIGINT'] as const)(
    '%s, even doubled by npm, ends it with exit code 0 after requests in flight',
    async (signal) => {
      const directory = temporaryDirectory();
      await addUser('ada', directory, '--role', 'admin');
      const environment = { PORTCULLIS_SCOPES: '{"wait":{}}' };
      const server = await serving(['--mcp', fixture('waiting.ts')], { directory, environment });
      const { accessToken } = await connect(server.origin, 'ada');
      const stream = await fetch(`${server.origin}/mcp`, {
        headers: { authorization: `Bearer ${accessToken}`, accept: 'text/event-stream' },
      });
      expect(stream.status).toBe(200);
      const slow = call(server.origin, accessToken, { milliseconds: 1500 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      server.signal(signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      server.signal(signal);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await expect(fetch(`${server.origin}/healthz`)).rejects.toThrow();
      const answer = await slow;
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ waited: 1500 });
      await expect(stream.text()).rejects.toThrow();
      const { code, stderr } = await server.finished;
      expect(code).toBe(0);
      expect(stderr).toContain(`"server.stopped","reason":"${signal}"`);
      expect(stderr).not.toContain('server.error');
    },
  );

  test('told to stop again a while later, it ends at once', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory, '--role', 'admin');
    const server = await serving(['--mcp', fixture('waiting.ts')], {
      directory,
      environment: { PORTCULLIS_SCOPES: '{"wait":{}}' },
    });
    const { accessToken } = await connect(server.origin, 'ada');
    const slow = call(server.origin, accessToken, { milliseconds: 20_000 }).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.signal('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    server.signal('SIGINT');
    expect(await slow).toBeInstanceOf(Error);
    expect((await server.finished).code).toBe(1);
  });

  test('a request that takes longer than the time for shutting down is cut off', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory, '--role', 'admin');
    const environment = { PORTCULLIS_SCOPES: '{"wait":{}}', PORTCULLIS_SHUTDOWN_SECONDS: '1' };
    const server = await serving(['--mcp', fixture('waiting.ts')], { directory, environment });
    const { accessToken } = await connect(server.origin, 'ada');
    const slow = call(server.origin, accessToken, { milliseconds: 20_000 }).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.signal('SIGTERM');
    // Had it been waited for, there would be an answer.
    expect(await slow).toBeInstanceOf(Error);
    expect((await server.finished).code).toBe(0);
  });

  test('believes X-Forwarded-For of trusted proxies only [RFC9700-09]', async () => {
    const directory = temporaryDirectory();
    const environment = { PORTCULLIS_REGISTRATION__RATE_LIMIT__LIMIT: '1' };
    const words = ['--mcp', fixture('hello.ts')];
    const registerAs = async (origin: string, address: string) => {
      const answer = await fetch(`${origin}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ redirect_uris: ['http://localhost/cb'], token_endpoint_auth_method: 'none' }),
      });
      return answer.status;
    };
    const alone = await serving(words, { directory, environment });
    expect(await registerAs(alone.origin, '192.0.2.1')).toBe(201);
    expect(await registerAs(alone.origin, '192.0.2.2')).toBe(429);
    const proxied = await serving([...words, '--trust-proxy', '127.0.0.0/8', '--trust-proxy', '::1'], {
      directory,
      environment,
    });
    expect(await registerAs(proxied.origin, '192.0.2.1')).toBe(201);
    expect(await registerAs(proxied.origin, '192.0.2.2')).toBe(201);
    expect(await registerAs(proxied.origin, '192.0.2.2')).toBe(429);
  });

  test('answers 404 as JSON beside its own paths', async () => {
    const directory = temporaryDirectory();
    const { origin } = await serving(['--mcp', fixture('hello.ts')], { directory });
    const answer = await fetch(`${origin}/nowhere`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: 'not_found' });
  });
});

test('portcullis serve warns of a module that declares no scopes', async () => {
  const directory = temporaryDirectory();
  const { facts } = await serving(['--mcp', fixture('waiting.ts')], { directory });
  expect(facts.warnings).toEqual(['no scopes are declared: every token can call every tool.']);
});

describe('portcullis serve that cannot', () => {
  test('says in one line that the port is in use', async () => {
    const directory = temporaryDirectory();
    const port = await takenPort();
    const { code, stdout, stderr } = await portcullis(['serve', '--mcp', fixture('hello.ts'), '--port', String(port)], {
      directory,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `portcullis: port ${port} on 127.0.0.1 is in use; stop the other program, or choose another port with --port or PORT\n`,
    );
  });

  test('says how to name an MCP module, with an example that works', async () => {
    const directory = temporaryDirectory();
    const { code, stderr } = await portcullis(['serve'], { directory });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^portcullis: there is no MCP server to serve\n {2}name its module: portcullis serve --mcp server\.ts/,
    );
    const example = stderr.slice(stderr.indexOf('  import ')).replace(/^ {2}/gm, '');
    symlinkSync(join(import.meta.dirname, '..', '..', 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'server.ts'), example);
    await addUser('ada', directory, '--role', 'admin');
    const { origin, facts } = await serving(['--mcp', 'server.ts'], { directory });
    expect(facts.warnings).toEqual([]);
    const { accessToken } = await connect(origin, 'ada');
    expect(await (await call(origin, accessToken, hello)).text()).toMatch(/Hello, [\w-]{22}!/);
  });

  test.for([
    [['--mcp', 'absent.ts'], /^portcullis: mcp: there is no file .*absent\.ts\n$/],
    [['--mcp', 'empty.ts'], /^portcullis: mcp: the default export of .*empty\.ts must be /],
    [['--mcp', 'broken.ts'], /^portcullis: mcp: .*broken\.ts cannot be loaded: [\s\S]*SyntaxError/],
    [['--port', 'http'], /^portcullis: --port 'http' is not a port number\n$/],
    [['--port', '70000'], /^portcullis: port \(--port\): /],
    [['--base-url', 'http://example.com'], /^portcullis: baseUrl 'http:\/\/example\.com' must use https/],
    [['--trust-proxy', 'everybody'], /^portcullis: trustedProxies contains 'everybody'/],
    [['--tls-certificate', 'cert.pem'], /^portcullis: tls\.keyFile: must name a file\n$/],
    [
      ['--tls-certificate', 'cert.pem', '--tls-key', 'key.pem'],
      /^portcullis: the TLS certificate cert\.pem cannot be read: ENOENT/,
    ],
    [['--prot', '1'], /^portcullis: unknown flag --prot; did you mean --port\?\n {2}see: portcullis serve --help\n$/],
  ] as const)('with %j it says why and ends with 2', async ([words, message]) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'empty.ts'), 'export const nothing = 1;');
    writeFileSync(join(directory, 'broken.ts'), 'export default function (');
    const { code, stdout, stderr } = await portcullis(['serve', ...words], {
      directory,
      environment: { PORTCULLIS_MCP: fixture('hello.ts') },
    });
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
