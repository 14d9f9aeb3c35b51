import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EventSink } from '../../src/core/events.ts';
import { type McpHandler, type RunningServer, type ServeOptions, serve } from '../../src/hosts/serve.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { obtainTokens } from '../interop/tokens.ts';
import { freePort } from './processes.ts';

const echo: McpHandler = async (request, token, body) =>
  Response.json({ path: new URL(request.url).pathname, user: token.extra.subject, scopes: token.scopes, body });

function inMemory(port: number, onEvent: EventSink = () => {}): InMemoryProvider {
  const options = { baseUrl: `http://localhost:${port}`, clientRegistration: { enabled: true } };
  return new InMemoryProvider(options, { scopes: { 'notes:read': {} }, onEvent });
}

async function start(options: Partial<ServeOptions> = {}) {
  const port = options.port ?? (await freePort());
  const provider = inMemory(port);
  const server = await serve(provider, { mcp: echo, port, ...options });
  onTestFinished(() => server.close());
  return { provider, server, origin: `http://127.0.0.1:${server.address.port}` };
}

function post(origin: string, token: string): Promise<Response> {
  return fetch(`${origin}/mcp`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
}

/** Whether anything answers there. */
async function isServed(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

function foreignAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry !== undefined && entry.family === 'IPv4' && !entry.internal)?.address;
}

describe('serve', () => {
  test('hands authenticated MCP requests to a function, and all others a challenge', async () => {
    const { provider, server, origin } = await start({ mcp: echo });
    expect(server.url).toBe(`http://localhost:${server.address.port}/mcp`);
    const { access_token: token } = await obtainTokens(provider, 'notes:read');
    const answer = await post(origin, token);
    expect(await answer.json()).toEqual({
      path: '/mcp',
      user: 'demo-user',
      scopes: ['notes:read'],
      body: { jsonrpc: '2.0', id: 1, method: 'ping' },
    });
    expect((await post(origin, 'wrong')).status).toBe(401);
  });

  test('serves the metadata beside it, and 404 as JSON elsewhere', async () => {
    const { origin } = await start();
    expect((await fetch(`${origin}/.well-known/oauth-authorization-server`)).status).toBe(200);
    const answer = await fetch(`${origin}/elsewhere`);
    expect([answer.status, await answer.json()]).toEqual([404, { error: 'not_found' }]);
  });

  test('listens on loopback only, unless it is told otherwise [MCP-HTTP-03]', async () => {
    const { server } = await start();
    expect(server.address.address).toBe('127.0.0.1');
    const address = foreignAddress();
    if (address === undefined) return;
    expect(await isServed(`http://${address}:${server.address.port}/`)).toBe(false);
    const open = await start({ host: '0.0.0.0' });
    expect(await isServed(`http://${address}:${open.server.address.port}/`)).toBe(true);
  });

  test('says what is the matter where it cannot listen', async () => {
    const { server } = await start();
    const again = (options: Partial<ServeOptions>) => start({ port: server.address.port, ...options });
    await expect(again({})).rejects.toMatchObject({
      name: 'ListenError',
      message: `port ${server.address.port} on 127.0.0.1 is in use`,
    });
    await expect(again({ host: '192.0.2.1' })).rejects.toMatchObject({
      message: '192.0.2.1 is not an address of this machine',
    });
    await expect(again({ port: 0, trustedProxies: ['everybody'] })).rejects.toMatchObject({
      name: 'ConfigurationError',
    });
  });

  test('closes on an abort signal, and any number of times', async () => {
    const controller = new AbortController();
    const { server, origin } = await start({ signal: controller.signal });
    expect(await isServed(origin)).toBe(true);
    controller.abort();
    await server.close();
    await server.close();
    expect(await isServed(origin)).toBe(false);
  });

  test('is closed at once where the signal was aborted before', async () => {
    const { origin } = await start({ signal: AbortSignal.abort() });
    expect(await isServed(origin)).toBe(false);
  });

  test('does not wait for connections that nobody uses', async () => {
    // Longer than this test may take.
    const { server, origin } = await start({ shutdownSeconds: 3600 });
    await (await fetch(origin)).text();
    await server.close();
    expect(await isServed(origin)).toBe(false);
  });

  test('reports a handler that fails, and answers 500 without telling why', async () => {
    const events: unknown[] = [];
    const port = await freePort();
    const provider = inMemory(port, (event) => events.push(event));
    const failing: McpHandler = () => {
      throw new Error('the secret reason');
    };
    const server: RunningServer = await serve(provider, { mcp: failing, port });
    onTestFinished(() => server.close());
    const { access_token: token } = await obtainTokens(provider, 'notes:read');
    const answer = await post(`http://127.0.0.1:${port}`, token);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(events).toContainEqual(expect.objectContaining({ name: 'server.error', reason: 'a request failed' }));
  });

  test('gives up on a client that does not finish its request', async () => {
    const { server } = await start({ requestTimeoutSeconds: 1 });
    const socket = connect(server.address.port, '127.0.0.1');
    socket.write('POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});
