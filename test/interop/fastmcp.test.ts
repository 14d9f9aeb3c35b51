import { FastMCP } from 'fastmcp';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/urls.ts';
import { type FastMcpHooks, type FastMcpOptions, type FastMcpSession, guardFastMcp } from '../../src/hosts/fastmcp.ts';
import { toRequest } from '../../src/hosts/node-request.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { initialize, openSession, postMessage, toolCall } from './mcp-calls.ts';
import { freePort } from './servers.ts';
import { obtainCode, obtainTokens, registerClient } from './tokens.ts';

const silent = { debug() {}, error() {}, info() {}, log() {}, warn() {} };
const description = { name: 'notes', version: '1.0.0', logger: silent, roots: { enabled: false } } as const;
const running: FastMCP<FastMcpSession>[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

interface Fixture {
  readonly url: string;
  readonly origin: string;
  readonly provider: InMemoryProvider;
  /** The tools that ran. */
  readonly ran: string[];
  token(scope: string, subject?: string): Promise<string>;
}

type Create = (provider: InMemoryProvider) => FastMCP<FastMcpSession>;

/** What a careful reader of FastMCP's documentation writes: `authenticate` and `canAccess`. */
const unguarded: Create = (provider) =>
  new FastMCP<FastMcpSession>({
    ...description,
    async authenticate(req) {
      const request = toRequest(req, undefined, { origin: new URL(provider.settings.baseUrl).origin, body: 'omit' });
      if (request === undefined) throw new Error('no request');
      const { token, response } = await provider.authenticate(request, { body: undefined });
      if (response !== undefined) return Promise.reject(response);
      return { scopes: [...token.scopes] } as FastMcpSession;
    },
  });

const guarded: Create = (provider) =>
  guardFastMcp(provider, (hooks) => new FastMCP<FastMcpSession>({ ...description, ...hooks }));

/** The server, which will start with these options too. */
function startedWith(
  more: { readonly endpoint?: `/${string}`; readonly stateless?: boolean },
  server: FastMCP<FastMcpSession>,
): FastMCP<FastMcpSession> {
  const begin = server.start.bind(server);
  server.start = (options) => begin({ ...options, httpStream: { port: 0, ...options?.httpStream, ...more } });
  return server;
}

async function start(create: Create): Promise<Fixture> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let subject = 'ada';
  const provider = new InMemoryProvider(
    { baseUrl: origin, requiredScopes: ['read'], clientRegistration: { enabled: true }, approve: () => ({ subject }) },
    { scopes: { read: { tools: ['list'] }, delete: { implies: ['read'], tools: ['delete'] } } },
  );
  const server = create(provider);
  const ran: string[] = [];
  for (const [name, scope] of [
    ['list', 'read'],
    ['delete', 'delete'],
  ] as const) {
    server.addTool({
      name,
      description: name,
      canAccess: (session) => session.scopes.includes(scope),
      execute: async () => {
        ran.push(name);
        return `${name} ran`;
      },
    });
  }
  await server.start({ transportType: 'httpStream', httpStream: { port, host: '127.0.0.1' } });
  running.push(server);
  const clientId = await registerClient(provider);
  const token = async (scope: string, user = 'ada') => {
    subject = user;
    return (await obtainTokens(provider, scope, clientId)).access_token;
  };
  return { url: `${origin}/mcp`, origin, provider, ran, token };
}

/** Opens the HTTP+SSE transport and gives the address that it takes messages at. */
async function openSse(origin: string, token: string): Promise<{ messages: string; close(): Promise<void> }> {
  const response = await fetch(`${origin}/sse`, { headers: { authorization: `Bearer ${token}` } });
  const reader = response.body?.getReader();
  const text = new TextDecoder().decode((await reader?.read())?.value);
  const path = /data: (\S+)/.exec(text)?.[1];
  if (path === undefined) throw new Error(`/sse answered ${response.status}: ${text}`);
  return { messages: `${origin}${path}`, close: async () => reader?.cancel() };
}

describe('a low-scope token on the session of a high-scope one', () => {
  async function attack({ url, token }: Fixture): Promise<Response> {
    const session = await openSession(url, await token('delete'));
    return postMessage(url, await token('read'), toolCall('delete'), session);
  }

  it('runs the restricted tool of a server that relies on canAccess', async () => {
    const fixture = await start(unguarded);
    expect(await (await attack(fixture)).text()).toContain('delete ran');
    expect(fixture.ran).toEqual(['delete']);
  });

  it('is refused with the scope that is needed [CASE-81, MCP-AUTH-25, MCP-AUTH-26]', async () => {
    const fixture = await start(guarded);
    const answer = await attack(fixture);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer error="insufficient_scope".* scope="read delete", resource_metadata="/,
    );
    expect(fixture.ran).toEqual([]);
  });

  it('is refused by the tool itself where the call is too long to be judged before', async () => {
    const fixture = await start(guarded);
    const session = await openSession(fixture.url, await fixture.token('delete'));
    const call = toolCall('delete', { padding: 'x'.repeat(4 * 1024 * 1024) });
    const answer = await postMessage(fixture.url, await fixture.token('read'), call, session);
    expect(await answer.text()).toMatch(/insufficient_scope: needs read delete.*"isError":true/);
    expect(fixture.ran).toEqual([]);
  });

  it.for([
    ['before it runs', '/mcp', /"insufficient_scope"/],
    ['by the tool itself, where a proxy renames the endpoint', '/renamed', /insufficient_scope: needs read delete/],
  ] as const)('is refused %s, however many calls with a better token run beside it', async ([, path, refusal]) => {
    const { origin, token, ran } = await start((provider) => startedWith({ endpoint: path }, guarded(provider)));
    const url = `${origin}${path}`;
    const [high, low] = [await token('delete'), await token('read')];
    const session = await openSession(url, high);
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const answer = await postMessage(url, index % 2 === 0 ? high : low, toolCall('delete', {}, index), session);
        return answer.text();
      }),
    );
    for (const [index, answer] of answers.entries()) expect(answer).toMatch(index % 2 === 0 ? /delete ran/ : refusal);
    expect(ran).toHaveLength(20);
  });
});

describe('a session with the token of another user', () => {
  async function attack({ url, token }: Fixture): Promise<{ session: string; answer: Response }> {
    const session = await openSession(url, await token('read', 'ada'));
    return { session, answer: await postMessage(url, await token('read', 'eve'), toolCall('list'), session) };
  }

  it('is open to everybody who is authenticated on a server without the guard', async () => {
    expect(await (await attack(await start(unguarded))).answer.text()).toContain('list ran');
  });

  it('does not exist, whatever the method, and goes on for its owner [CASE-84, MCP-BP-18, MCP-BP-19]', async () => {
    const fixture = await start(guarded);
    const { session, answer } = await attack(fixture);
    expect(answer.status).toBe(404);
    const headers = { authorization: `Bearer ${await fixture.token('read', 'eve')}`, 'mcp-session-id': session };
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(fixture.url, { method, headers: { ...headers, accept: 'text/event-stream' } });
      expect(response.status).toBe(404);
    }
    const unknown = await postMessage(fixture.url, await fixture.token('read', 'eve'), toolCall('list'), 'none-such');
    expect(unknown.status).toBe(404);
    const owner = await postMessage(fixture.url, await fixture.token('read', 'ada'), toolCall('list'), session);
    expect(await owner.text()).toContain('list ran');
    expect(fixture.ran).toEqual(['list']);
  });
});

describe('the HTTP+SSE transport', () => {
  it('takes tool calls without any token on a server without the guard', async () => {
    const { origin, token, ran } = await start(unguarded);
    const { messages, close } = await openSse(origin, await token('delete'));
    await postMessage(messages, undefined, initialize);
    await postMessage(messages, undefined, { method: 'notifications/initialized' });
    expect((await postMessage(messages, undefined, toolCall('delete'))).status).toBe(202);
    await expect.poll(() => ran).toEqual(['delete']);
    await close();
  });

  it('is closed, with a token and without', async () => {
    const { origin, token } = await start(guarded);
    const bearer = await token('delete');
    for (const headers of [{}, { authorization: `Bearer ${bearer}` }]) {
      expect((await fetch(`${origin}/sse`, { headers })).status).toBe(410);
    }
    for (const path of ['/messages?sessionId=x', '/messages', '/messages/x?sessionId=x', '/messagesx?sessionId=x']) {
      expect((await postMessage(`${origin}${path}`, bearer, toolCall('delete'))).status).toBe(410);
    }
  });
});

describe('a guarded server', () => {
  it('sends our challenge as it is [CASE-78]', async () => {
    const { url, provider } = await start(guarded);
    const answer = await postMessage(url, undefined, initialize);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer scope="read", resource_metadata="${provider.settings.resourceMetadataUrl}", DPoP algs="ES256 EdDSA Ed25519 RS256 PS256"`,
    );
  });

  it('serves the endpoints on its own port, with their own rules about other origins [CASE-87]', async () => {
    const { origin, provider } = await start(guarded);
    const headers = { origin: 'https://app.example' };
    const metadata = await fetch(provider.settings.resourceMetadataUrl, { headers });
    expect([metadata.status, metadata.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    const authorize = await fetch(`${origin}/authorize`, { headers });
    expect([authorize.status, authorize.headers.get('access-control-allow-origin')]).toEqual([400, null]);
    const body = await obtainCode(provider, await registerClient(provider), 'read');
    const tokens = await fetch(`${origin}/token`, { method: 'POST', body });
    expect([tokens.status, await tokens.json()]).toMatchObject([200, { scope: 'read' }]);
  });

  it('keeps FastMCP’s own routes and those of the application', async () => {
    const { origin } = await start((provider) => {
      const server = guarded(provider);
      server.getApp().post('/own', async (c) => c.text(`own ${await c.req.text()}`));
      return server;
    });
    expect(await (await fetch(`${origin}/own`, { method: 'POST', body: 'route' })).text()).toBe('own route');
    expect((await fetch(`${origin}/health`)).status).toBe(200);
    expect((await fetch(`${origin}/elsewhere`)).status).toBe(404);
  });

  it('tells tools whose token it is, and the application which tools are called', async () => {
    const seen: unknown[] = [];
    const { url, token } = await start((provider) => {
      const options: FastMcpOptions = { onToolCall: ({ toolName }) => void seen.push(toolName) };
      const server = guardFastMcp(
        provider,
        (hooks) => new FastMCP<FastMcpSession>({ ...description, ...hooks }),
        options,
      );
      server.addTool({
        name: 'list',
        description: 'replaced below',
        execute: async () => 'never',
      });
      return server;
    });
    const bearer = await token('delete', 'ada');
    const session = await openSession(url, bearer);
    await (await postMessage(url, bearer, toolCall('list'), session)).text();
    expect(seen).toEqual(['list']);
  });

  it('works without sessions too', async () => {
    const fixture = await start((provider) => {
      return startedWith({ stateless: true }, guarded(provider));
    });
    const low = await postMessage(fixture.url, await fixture.token('read'), toolCall('delete'));
    expect(low.status).toBe(403);
    const high = await postMessage(fixture.url, await fixture.token('delete'), toolCall('delete'));
    expect(await high.text()).toContain('delete ran');
  });

  it.for<[string, (hooks: FastMcpHooks) => FastMCP<FastMcpSession>]>([
    [
      'its authenticate',
      (hooks) => new FastMCP<FastMcpSession>({ ...description, ...hooks, authenticate: async () => null }),
    ],
    ['its onToolCall', (hooks) => new FastMCP<FastMcpSession>({ ...description, ...hooks, onToolCall: () => {} })],
    ['oauth unset', (hooks) => new FastMCP<FastMcpSession>({ ...description, ...hooks, oauth: { enabled: false } })],
  ])('insists on %s', ([, create]) => {
    const provider = new InMemoryProvider({ baseUrl: 'http://localhost:1' });
    expect(() => guardFastMcp(provider, create)).toThrow(ConfigurationError);
  });
});
