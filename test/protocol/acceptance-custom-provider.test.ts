import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import {
  createTestClient,
  type HarnessRequest,
  runAcceptanceSuite,
  sendTo,
  TestBrowser,
  type TestPage,
  tokensOf,
} from 'portcullis/testing';
import { describe, expect, it } from 'vitest';
import { CustomProvider } from '../../examples/custom-provider/provider.ts';

const ada = { email: 'ada@example.com', password: 'correct horse battery staple' };
const server = join(import.meta.dirname, '../../examples/custom-provider/server.ts');
const options = { baseUrl: 'https://notes.example', clientRegistration: { enabled: true, validScopes: ['read'] } };

function dump(database: DatabaseSync): string {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  return JSON.stringify(tables.map(({ name }) => database.prepare(`SELECT * FROM "${String(name)}"`).all()));
}

async function open(
  request: Partial<HarnessRequest> = {},
): Promise<{ provider: CustomProvider; database: DatabaseSync }> {
  const database = new DatabaseSync(':memory:');
  const provider = new CustomProvider(database, request.options ?? options, request.environment);
  if (hashed === undefined) await provider.users.add(ada.email, ada.password);
  else
    database
      .prepare('INSERT INTO users (email, salt, password_hash) VALUES (?, ?, ?)')
      .run(ada.email, hashed.salt, hashed.password_hash);
  hashed ??= database.prepare('SELECT salt, password_hash FROM users').get() as typeof hashed;
  return { provider, database };
}

// The same hash serves every case: making it anew for each would take longer than the cases.
let hashed: { salt: Uint8Array; password_hash: Uint8Array } | undefined;

async function atSignIn(provider: CustomProvider) {
  const client = await createTestClient(provider, { metadata: { client_name: '<b>Notes</b>' } });
  const prepared = client.prepareAuthorization();
  const browser = new TestBrowser(sendTo(provider), options.baseUrl);
  const page = (await browser.visit(prepared.url)) as TestPage;
  return { client, prepared, browser, page };
}

describe('examples/custom-provider', () => {
  runAcceptanceSuite({ describe, it }, async (request) => {
    const { provider, database } = await open(request);
    return {
      provider,
      authorize: async (url, browser) => {
        const arrived = await browser.visit(url);
        return arrived instanceof URL ? arrived : browser.submitAndLeave({ ...ada, decision: 'approve' });
      },
      dumpStorage: async () => dump(database),
      close: async () => database.close(),
    };
  });

  it('shows who asks, escaped, on a page that cannot be framed', async () => {
    const { page } = await atSignIn((await open()).provider);
    expect(page.html).toContain('&#60;b&#62;Notes');
    expect(page.html).toContain('http://localhost:9999');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'; form-action 'self' http://localhost:9999",
    );
  });

  it('issues no code for a wrong password, and after five of them none for the right one', async () => {
    const { browser } = await atSignIn((await open()).provider);
    for (const password of ['', 'wrong', 'wrong', 'wrong', 'wrong']) {
      expect(await browser.submit({ email: ada.email, password, decision: 'approve' })).toMatchObject({ status: 401 });
    }
    expect(await browser.submit({ ...ada, decision: 'approve' })).toMatchObject({ status: 429 });
  });

  it('tells the client when the user denies', async () => {
    const { browser, prepared } = await atSignIn((await open()).provider);
    const arrived = await browser.submitAndLeave({ decision: 'deny' });
    expect(Object.fromEntries(arrived.searchParams)).toEqual({
      error: 'access_denied',
      state: prepared.state,
      iss: options.baseUrl,
    });
  });

  it('lets no other browser answer', async () => {
    const { provider } = await open();
    const { page } = await atSignIn(provider);
    const other = new TestBrowser(sendTo(provider), options.baseUrl);
    expect(await other.visit(page.url)).toMatchObject({ status: 403 });
  });

  it('tells a client that asks for no interaction that the user has to sign in', async () => {
    const { provider } = await open();
    const client = await createTestClient(provider);
    const browser = new TestBrowser(sendTo(provider), options.baseUrl);
    const arrived = await browser.visit(client.prepareAuthorization({ prompt: 'none' }).url);
    expect(arrived instanceof URL && arrived.searchParams.get('error')).toBe('login_required');
  });

  it('ends all tokens of a user who is disabled', async () => {
    const { provider } = await open();
    const { client, prepared, browser } = await atSignIn(provider);
    const tokens = tokensOf(
      await client.redeem(client.receiveCode(prepared, await browser.submitAndLeave({ ...ada, decision: 'approve' }))),
    );
    expect(await provider.verifyToken(tokens.accessToken)).toMatchObject({ subject: 'user-1' });
    provider.users.disable(ada.email);
    expect(await provider.verifyToken(tokens.accessToken)).toBeUndefined();
    expect((await client.refresh(tokens.refreshToken)).body).toMatchObject({ error: 'invalid_grant' });
  });

  it('runs with node alone', async () => {
    const port = await freePort();
    const running = spawn(process.execPath, [server], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(createInterface(running.stdout), 'line')) as [string];
      expect(line).toBe(`MCP server: http://localhost:${port}/mcp`);
      const refused = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST' });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toContain('scope="read"');
    } finally {
      running.kill();
    }
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
