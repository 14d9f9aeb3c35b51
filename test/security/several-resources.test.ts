import { type IncomingMessage, type RequestListener, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import express from 'express';
import { fastify } from 'fastify';
import { FastMCP } from 'fastmcp';
import { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigurationError } from '../../src/core/urls.ts';
import { requireToken as expressToken, portcullisExpress } from '../../src/hosts/express.ts';
import { requireToken as fastifyToken, portcullisFastify } from '../../src/hosts/fastify.ts';
import { type FastMcpSession, guardFastMcp } from '../../src/hosts/fastmcp.ts';
import { requireToken as honoToken, portcullisHono } from '../../src/hosts/hono.ts';
import { createMcpEndpoint, createTokenVerifier, type McpEndpoint } from '../../src/hosts/mcp-sdk.ts';
import { createNodeHandler, createNodeListener } from '../../src/hosts/node-handler.ts';
import { serve as serveAlone } from '../../src/hosts/serve.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { initialize, postMessage } from '../interop/mcp-calls.ts';
import { freePort, testServers } from '../interop/servers.ts';
import { obtainTokens } from '../interop/tokens.ts';

const serve = testServers();
const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
const silent = { debug() {}, error() {}, info() {}, log() {}, warn() {} };

/** The same scope at both, so that nothing but the resource keeps their tokens apart. */
function providerAt(baseUrl: string): InMemoryProvider {
  return new InMemoryProvider(
    { baseUrl, requiredScopes: ['use'], clientRegistration: { enabled: true } },
    {
      scopes: { use: {} },
      resources: { admin: { path: '/admin/mcp', scopes: { use: {} }, requiredScopes: ['use'] } },
    },
  );
}

/** What got through, by the resource that it reached. */
type Ran = string[];

function endpointsOf(provider: InMemoryProvider, ran: Ran): readonly McpEndpoint[] {
  return ['default', 'admin'].map((resource) =>
    createMcpEndpoint(
      provider,
      {
        fetch: async () => {
          ran.push(resource);
          return Response.json({});
        },
      },
      { resource },
    ),
  );
}

/** Every way to put two MCP endpoints behind one provider. */
const hosts: Readonly<
  Record<string, (provider: InMemoryProvider, ran: Ran) => RequestListener | Promise<RequestListener>>
> = {
  'the Node adapter': (provider, ran) => createNodeListener(provider, { mcp: endpointsOf(provider, ran) }),
  'the Express adapter': (provider, ran) =>
    express().use(portcullisExpress(provider, { mcp: endpointsOf(provider, ran) })),
  'routes of Express': (provider, ran) => {
    const app = express().use(portcullisExpress(provider));
    for (const [path, resource] of [
      ['/mcp', 'default'],
      ['/admin/mcp', 'admin'],
    ] as const)
      app.all(path, expressToken(provider, { resource }), (_req, res) => {
        ran.push(resource);
        res.json({});
      });
    return app;
  },
  'the Fastify adapter': async (provider, ran) => {
    const app = fastify();
    await app.register(portcullisFastify, { provider, mcp: endpointsOf(provider, ran) });
    await app.ready();
    return app.routing.bind(app);
  },
  'routes of Fastify': async (provider, ran) => {
    const app = fastify({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } });
    for (const [path, resource] of [
      ['/mcp', 'default'],
      ['/admin/mcp', 'admin'],
    ] as const)
      app.all(path, { preHandler: fastifyToken(provider, { resource }) }, async () => {
        ran.push(resource);
        return {};
      });
    await app.ready();
    return app.routing.bind(app);
  },
  'the Hono adapter': (provider, ran) =>
    listenerOf(provider, new Hono().use(portcullisHono(provider, { mcp: endpointsOf(provider, ran) }))),
  'routes of Hono': (provider, ran) => {
    const app = new Hono({ strict: false });
    for (const [path, resource] of [
      ['/mcp', 'default'],
      ['/admin/mcp', 'admin'],
    ] as const)
      app.all(path, honoToken(provider, { resource }), (c) => {
        ran.push(resource);
        return c.json({});
      });
    return listenerOf(provider, app);
  },
};

function listenerOf({ settings }: InMemoryProvider, app: Hono): RequestListener {
  return createNodeListener({ settings, handle: async (request) => app.fetch(request) });
}

interface Site {
  readonly ran: Ran;
  /** Tokens by resource. */
  readonly tokens: Readonly<Record<'default' | 'admin', string>>;
  send(path: string, token: string): Promise<{ status: number; challenge: string }>;
}

async function siteOf(build: (typeof hosts)[string]): Promise<Site> {
  const ran: Ran = [];
  const made = Promise.withResolvers<InMemoryProvider>();
  const url = await serve((baseUrl) => {
    const provider = providerAt(baseUrl);
    made.resolve(provider);
    return build(provider, ran);
  });
  const provider = await made.promise;
  const send: Site['send'] = async (path, token) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { host, port } = new URL(url);
    const headers = { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    sendRequest({ port, path, method: 'POST', headers }, resolve).on('error', reject).end(list);
    const answer = await promise;
    await text(answer);
    return { status: answer.statusCode ?? 0, challenge: String(answer.headers['www-authenticate'] ?? '') };
  };
  return { ran, send, tokens: await tokensOf(provider) };
}

async function tokensOf(provider: InMemoryProvider): Promise<Site['tokens']> {
  const own = await obtainTokens(provider, 'use');
  const other = await obtainTokens(provider, 'use', own.client_id, `${provider.settings.baseUrl}/admin/mcp`);
  return { default: own.access_token, admin: other.access_token };
}

describe.for(Object.entries(hosts))('two MCP endpoints behind %s', ([, build]) => {
  it('take the tokens of their own resource only, and each names its own metadata [MCP-AUTH-19, RFC8707-04, RFC9728-08, RFC9728-09]', async () => {
    const { ran, send, tokens } = await siteOf(build);
    for (const turn of [1, 2]) {
      expect((await send('/mcp', tokens.default)).status, `turn ${turn}`).toBe(200);
      expect((await send('/admin/mcp', tokens.admin)).status, `turn ${turn}`).toBe(200);
      expect(ran.splice(0)).toEqual(['default', 'admin']);
      const atAdmin = await send('/admin/mcp', tokens.default);
      expect([atAdmin.status, atAdmin.challenge]).toEqual([401, expect.stringMatching(/invalid_token.*\/admin\/mcp"/)]);
      const atOwn = await send('/mcp', tokens.admin);
      expect([atOwn.status, atOwn.challenge]).toEqual([401, expect.stringMatching(/invalid_token.*-resource\/mcp"/)]);
      expect(ran).toEqual([]);
    }
  });

  it.each([
    '/ADMIN/MCP',
    '/admin/mcp/',
    '/admin//mcp',
    '//admin/mcp',
    '/admin%2fmcp',
    '/%61dmin/mcp',
    '/admin/mcp?resource=/mcp',
    '/admin/mcp#/mcp',
    '/mcp/../admin/mcp',
    '/admin/./mcp',
    '/admin/mcp;/mcp',
    'http://127.0.0.1/mcp/../admin/mcp',
    'http://evil.example/admin/mcp',
  ])('do not open to another resource’s token at %s [MCP-AUTH-19]', async (path) => {
    const { ran, send, tokens } = await siteOf(build);
    await send(path, tokens.default);
    expect(ran.filter((resource) => resource !== 'default')).toEqual([]);
    ran.length = 0;
    await send(path.replaceAll(/admin\W*/gi, ''), tokens.admin);
    expect(ran.filter((resource) => resource !== 'admin')).toEqual([]);
  });
});

describe('a gate where several resources are served', () => {
  const provider = providerAt('http://localhost:3000');

  it.each<[string, (resource?: string) => unknown]>([
    [
      'createMcpEndpoint',
      (resource) => createMcpEndpoint(provider, { fetch: async () => Response.json({}) }, named(resource)),
    ],
    ['requireToken of Express', (resource) => expressToken(provider, named(resource))],
    ['requireToken of Fastify', (resource) => fastifyToken(provider, named(resource))],
    ['requireToken of Hono', (resource) => honoToken(provider, named(resource))],
    [
      'createTokenVerifier',
      (resource) => createTokenVerifier(provider, (message) => new Error(message), named(resource)),
    ],
    [
      'guardFastMcp',
      (resource) =>
        guardFastMcp(
          provider,
          (hooks) => new FastMCP<FastMcpSession>({ name: 'x', version: '1.0.0', logger: silent, ...hooks }),
          named(resource),
        ),
    ],
  ])('%s has to be told which one it guards [MCP-AUTH-19]', (_name, make) => {
    expect(() => make()).toThrow(
      "several resources are served here: set the option resource to one of 'default', 'admin'",
    );
    expect(() => make('amdin')).toThrow(ConfigurationError);
    expect(() => make('admin')).not.toThrow();
  });

  function named(resource: string | undefined): { readonly resource?: string } {
    return resource === undefined ? {} : { resource };
  }

  it('createTokenVerifier takes the tokens of its resource only [MCP-AUTH-19]', async () => {
    const tokens = await tokensOf(provider);
    const verifier = createTokenVerifier(provider, (message) => new Error(message), { resource: 'admin' });
    expect((await verifier.verifyAccessToken(tokens.admin)).resource.href).toBe('http://localhost:3000/admin/mcp');
    await expect(verifier.verifyAccessToken(tokens.default)).rejects.toThrow('another resource');
  });

  it('serve wants a handler for each of them', async () => {
    const options = { mcp: () => Response.json({}), port: 0 };
    await expect(serveAlone(provider, options)).rejects.toThrow(
      'resources.admin has the path /admin/mcp, but no MCP handler',
    );
    const unknown = { ...options, resources: { admin: options.mcp, amdin: options.mcp } };
    await expect(serveAlone(provider, unknown)).rejects.toThrow("no resource 'amdin' is served here");
  });

  it('serve gives each its own requests and tokens [MCP-AUTH-19]', async () => {
    const port = await freePort();
    const alone = providerAt(`http://127.0.0.1:${port}`);
    const server = await serveAlone(alone, {
      port,
      mcp: (_request, token) => Response.json({ at: 'default', resource: token.resource }),
      resources: { admin: (_request, token) => Response.json({ at: 'admin', resource: token.resource }) },
    });
    onTestFinished(() => server.close());
    const tokens = await tokensOf(alone);
    const ask = (path: string, token: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body: list,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
    expect(await (await ask('/mcp', tokens.default)).json()).toEqual({
      at: 'default',
      resource: alone.settings.resource,
    });
    expect(await (await ask('/admin/mcp', tokens.admin)).json()).toMatchObject({ at: 'admin' });
    expect((await ask('/admin/mcp', tokens.default)).status).toBe(401);
    expect((await ask('/mcp', tokens.admin)).status).toBe(401);
  });

  it('guardFastMcp opens to the tokens of its resource only [MCP-AUTH-19]', async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const guarded = providerAt(origin);
    const server = guardFastMcp(
      guarded,
      (hooks) => new FastMCP<FastMcpSession>({ name: 'x', version: '1.0.0', logger: silent, ...hooks }),
      { resource: 'admin' },
    );
    await server.start({
      transportType: 'httpStream',
      httpStream: { port, host: '127.0.0.1', endpoint: '/admin/mcp' },
    });
    onTestFinished(() => server.stop());
    const tokens = await tokensOf(guarded);
    expect((await postMessage(`${origin}/admin/mcp`, tokens.admin, initialize)).status).toBe(200);
    const refused = await postMessage(`${origin}/admin/mcp`, tokens.default, initialize);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/admin/mcp"');
  });
});

it('an endpoint is served at the path of its own resource, wherever it stands in the list', async () => {
  const provider = providerAt('http://localhost:3000');
  const endpoints = endpointsOf(provider, []);
  expect(endpoints.map(({ path }) => path)).toEqual(['/mcp', '/admin/mcp']);
  expect(createNodeHandler(provider, { mcp: endpoints.toReversed() })).toBeTypeOf('function');
});
