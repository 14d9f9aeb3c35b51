import { type IncomingMessage, type RequestListener, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { createMcpHandler } from '@modelcontextprotocol/server';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createNotesServer } from '../../examples/notes/mcp-server.ts';
import { Notes, noteScopes } from '../../examples/notes/notes.ts';
import { requireToken as expressToken } from '../../src/hosts/express.ts';
import { requireToken as fastifyToken } from '../../src/hosts/fastify.ts';
import { requireToken as honoToken } from '../../src/hosts/hono.ts';
import { createMcpEndpoint } from '../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { testServers } from '../interop/servers.ts';
import { obtainTokens } from '../interop/tokens.ts';

const serve = testServers();
const call = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'add_note', arguments: { text: 'pwned' } },
};
const harmless = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

function providerAt(baseUrl: string): InMemoryProvider {
  return new InMemoryProvider(
    { baseUrl, requiredScopes: ['notes:read'], clientRegistration: { enabled: true } },
    { scopes: noteScopes },
  );
}

interface Target {
  readonly url: string;
  /** A token that may list notes and nothing else. */
  readonly token: string;
  /** What got through to the tools. */
  readonly ran: unknown[];
  /** The same with everything that HTTP lets an attacker write by hand. */
  send(
    body: Uint8Array | string,
    headers?: Record<string, string | string[]>,
    request?: { method?: string; path?: string },
  ): Promise<number>;
}

async function target(
  build: (provider: InMemoryProvider, ran: unknown[]) => RequestListener | Promise<RequestListener>,
): Promise<Target> {
  const ran: unknown[] = [];
  const made = Promise.withResolvers<InMemoryProvider>();
  const url = await serve((baseUrl) => {
    const provider = providerAt(baseUrl);
    made.resolve(provider);
    return build(provider, ran);
  });
  const { access_token: token } = await obtainTokens(await made.promise, 'notes:read');
  const send: Target['send'] = async (body, headers = {}, { method = 'POST', path = '/mcp' } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { host, port } = new URL(url);
    const outgoing = sendRequest(
      {
        port,
        path,
        method,
        headers: {
          host,
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      },
      resolve,
    ).on('error', reject);
    outgoing.end(body);
    const answer = await promise;
    await text(answer);
    return answer.statusCode ?? 0;
  };
  return { url, token, ran, send };
}

/** The notes behind the gate, and what an attacker without `notes:write` managed to write. */
async function notes(): Promise<Target & { readonly written: () => readonly unknown[] }> {
  const store = new Notes();
  const attacked = await target((provider) => {
    const mcp = createMcpEndpoint(
      provider,
      createMcpHandler(() => createNotesServer(store)),
    );
    return createNodeListener(provider, { mcp });
  });
  return { ...attacked, written: () => store.list('demo-user') };
}

const json = JSON.stringify(call);
const utf16 = Buffer.from(`\ufeff${json}`, 'utf16le');
const modern = {
  ...call,
  params: {
    ...call.params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
};

describe('a tool beyond the scopes of the token', () => {
  it.each<[string, Uint8Array | string, Record<string, string | string[]>?, { method?: string; path?: string }?]>([
    ['as it is', json],
    ['in the current revision', JSON.stringify(modern), { 'mcp-protocol-version': '2026-07-28' }],
    ['in a batch behind a harmless call', JSON.stringify([harmless, call])],
    ['in a batch within a batch', JSON.stringify([[call]])],
    ['in a batch of itself and a notification', JSON.stringify([{ ...call, id: undefined }, harmless])],
    ['with its method twice, the harmless one last', json.replace('"method"', '"method":"tools/call","x"')],
    ['with a harmless method first', json.replace('"jsonrpc"', '"method":"tools/list","jsonrpc"')],
    ['with a harmless name first', json.replace('"name"', '"name":"list_notes","name"')],
    ['with a harmless name last', json.replace('"arguments"', '"name":"list_notes","arguments"')],
    ['with its method on the prototype', `{"jsonrpc":"2.0","id":1,"__proto__":${json}}`],
    ['with its name on the prototype', json.replace('"name":"add_note"', '"__proto__":{"name":"add_note"}')],
    ['with a harmless name on the prototype', json.replace('"name"', '"__proto__":{"name":"list_notes"},"name"')],
    ['with parameters as a list', json.replace(/"params":.*$/, '"params":["add_note",{"text":"pwned"}]}')],
    ['with a list as its name', json.replace('"add_note"', '["add_note"]')],
    ['with capitals', json.replace('add_note', 'Add_Note')],
    ['with blanks', json.replace('add_note', ' add_note ')],
    ['with full-width letters', json.replace('add_note', 'ａdd_note')],
    ['with an escaped letter', json.replace('add_note', '\\u0061dd_note')],
    ['with an escaped method', json.replace('tools/call', 'tools\\/c\\u0061ll')],
    ['with a NUL', json.replace('add_note', 'add_note\\u0000')],
    ['after a byte order mark', `\ufeff${json}`],
    ['in UTF-16', utf16, { 'content-type': 'application/json; charset=utf-16' }],
    ['compressed', gzipSync(json), { 'content-encoding': 'gzip' }],
    ['said to be compressed', json, { 'content-encoding': 'gzip' }],
    ['in chunks', json, { 'transfer-encoding': 'chunked' }],
    ['as plain text', json, { 'content-type': 'text/plain' }],
    ['as a form', json, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as part of a form', json, { 'content-type': 'multipart/form-data; boundary=x' }],
    ['without a content type', json, { 'content-type': '' }],
    ['after empty lines', `\r\n\r\n${json}`],
    ['before another', `${json}\n${JSON.stringify(harmless)}`],
    ['with a harmless Mcp-Name', json, { 'mcp-method': 'tools/call', 'mcp-name': 'list_notes' }],
    ['with a harmless Mcp-Method', json, { 'mcp-method': 'tools/list' }],
    ['with two of Mcp-Name', json, { 'mcp-name': ['list_notes', 'add_note'] }],
    ['on GET', json, {}, { method: 'GET' }],
    ['on DELETE', json, {}, { method: 'DELETE' }],
    ['on PUT', json, {}, { method: 'PUT' }],
    ['on POST in disguise', json, { 'x-http-method-override': 'POST' }, { method: 'PUT' }],
    ['by a path in capitals', json, {}, { path: '/MCP' }],
    ['by a path with a slash', json, {}, { path: '/mcp/' }],
    ['by a path with two slashes', json, {}, { path: '//mcp' }],
    ['by a path of another host', json, {}, { path: '//evil.example/mcp' }],
    ['by a whole address', json, {}, { path: 'http://evil.example/mcp' }],
    ['by a path that climbs', json, {}, { path: '/x/../mcp' }],
    ['by an encoded path', json, {}, { path: '/%6dcp' }],
    ['by a path with a fragment', json, {}, { path: '/mcp#/' }],
    ['by a path with a query', json, {}, { path: '/mcp?method=tools/list' }],
  ])('does not run %s [MCP-SEC-19, MCP-SEC-20]', async (_how, body, headers, request) => {
    const { send, written } = await notes();
    const status = await send(body, headers, request);
    expect(written()).toEqual([]);
    expect(status).toBeLessThan(500);
  });

  it('runs for whoever has the scope: the attacks above fail for no other reason', async () => {
    const store = new Notes();
    const url = await serve((baseUrl) => {
      const provider = providerAt(baseUrl);
      const handler = createMcpHandler(() => createNotesServer(store));
      const mcp = createMcpEndpoint(provider, handler);
      return createNodeListener(
        { settings: provider.settings, handle: async () => undefined },
        {
          mcp: async (request, context) => {
            const { access_token } = await obtainTokens(provider, 'notes:write');
            const headers = new Headers(request.headers);
            headers.set('authorization', `Bearer ${access_token}`);
            return mcp(new Request(request, { headers }), context);
          },
        },
      );
    });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    for (const body of [json, `\ufeff${json}`])
      await (await fetch(`${url}/mcp`, { method: 'POST', headers, body })).text();
    expect(store.list('demo-user')).toHaveLength(2);
  });
});

/** Runs whatever a handler can find in a request: the parsed body, or what is left of the stream. */
async function runAnything(body: unknown, raw: AsyncIterable<Uint8Array>, ran: unknown[]): Promise<void> {
  const left: Uint8Array[] = [];
  for await (const chunk of raw) left.push(chunk);
  const message: unknown = left.length > 0 ? JSON.parse(Buffer.concat(left).toString()) : body;
  if ((message as { method?: unknown } | undefined)?.method === 'tools/call') ran.push(message);
}

describe('a gate that cannot see the message', () => {
  const wildcards: Readonly<Record<string, (payload: AsyncIterable<Uint8Array>) => unknown>> = {
    'leaves the body unread': () => undefined,
    'hands the stream on': (payload) => payload,
    'makes a map of it': async (payload) => new Map(Object.entries(JSON.parse(await all(payload)))),
    'keeps its text': (payload) => all(payload),
  };

  it.for(Object.entries(wildcards))('is closed in Fastify where the parser %s [MCP-SEC-19]', async ([, parse]) => {
    const { send, ran } = await target(async (provider, ran) => {
      const app = fastify();
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', async (_request: unknown, payload: AsyncIterable<Uint8Array>) => parse(payload));
      app.post('/mcp', { preHandler: fastifyToken(provider) }, async (request) => {
        await runAnything(request.body, request.raw, ran);
        return 'done';
      });
      await app.ready();
      return app.routing;
    });
    await send(json);
    await send(json, { 'transfer-encoding': 'chunked' });
    expect(ran).toEqual([]);
  });

  it('is closed in Express where a middleware made something of the body that is no JSON [MCP-SEC-19]', async () => {
    const bodies: readonly unknown[] = [
      new Map([['method', 'tools/call']]),
      new URLSearchParams('method=tools/call'),
      json,
    ];
    for (const body of bodies) {
      const { send, ran } = await target((provider, ran) => {
        const set: express.RequestHandler = (req, _res, next) => {
          req.body = body;
          next();
        };
        return express().post('/mcp', set, expressToken(provider), async (req, res) => {
          await runAnything(req.body, req, ran);
          res.send('done');
        });
      });
      expect(await send(json)).toBe(400);
      expect(ran).toEqual([]);
    }
  });

  it('is closed in Express and Hono for every way to write the body [MCP-SEC-19]', async () => {
    const apps = [
      await target((provider, ran) =>
        express().all('/mcp', expressToken(provider), async (req, res) => {
          await runAnything(req.body, req, ran);
          res.send('done');
        }),
      ),
      await target((provider, ran) => {
        const app = new Hono().all('/mcp', honoToken(provider), async (c) => {
          const stream = c.req.raw.body as AsyncIterable<Uint8Array> | null;
          await runAnything(c.get('mcpBody'), stream ?? noBytes(), ran);
          return c.text('done');
        });
        return createNodeListener({ settings: provider.settings, handle: async (request) => app.fetch(request) });
      }),
    ];
    for (const { send, ran } of apps) {
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
        await send(json, { 'content-type': type });
        await send(json, { 'content-type': type, 'transfer-encoding': 'chunked' });
      }
      expect(ran).toEqual([]);
    }
  });
});

async function all(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
