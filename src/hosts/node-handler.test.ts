import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RequestContext } from '../core/http.ts';
import { textResponse } from '../core/text-response.ts';
import { InMemoryProvider } from '../in-memory/index.ts';
import { createNodeHandler, createNodeListener, type NodeHandlerOptions } from './node-handler.ts';
import type { WebHost } from './web-host.ts';

const baseUrl = 'https://mcp.example.com/base';
const { settings } = new InMemoryProvider({ baseUrl });
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function host(
  handle: (request: Request, context: RequestContext) => Response | undefined | Promise<Response | undefined>,
): WebHost {
  return { settings, handle: async (request, context) => handle(request, context) };
}

function serveHost(handle: Parameters<typeof host>[0], options?: NodeHandlerOptions): Promise<string> {
  return serve(createNodeListener(host(handle), options));
}

/** Sends bytes as they are, and answers with everything that comes back until the peer is quiet. */
async function exchange(url: string, bytes: string, until: RegExp): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.setEncoding('latin1').write(bytes);
  let received = '';
  for await (const chunk of socket) {
    received += chunk;
    if (until.test(received)) break;
  }
  socket.destroy();
  return received;
}

describe('the request', () => {
  it('has the configured origin and the path and query as sent, whatever Host and X-Forwarded-* say', async () => {
    const url = await serveHost((request) => new Response(request.url));
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' };
    const answer = await fetch(`${url}/base//a%2Fb%20c?x=%2B&&y=a+b`, { headers });
    expect(await answer.text()).toBe('https://mcp.example.com/base//a%2Fb%20c?x=%2B&&y=a+b');
  });

  it('has the configured origin where the request line names another', async () => {
    const url = await serveHost((request) => new Response(request.url));
    const answer = await exchange(
      url,
      'GET http://evil.example/base/x?y HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      /\?y/,
    );
    expect(answer).toContain('https://mcp.example.com/base/x?y');
  });

  it.for(['/base/../base/token', '/base/%2e%2E/token', '/base/./token', '/base\\token', '*'])(
    'is nobody’s where its path is ambiguous: %s',
    async (path) => {
      const url = await serveHost(() => new Response('reached'));
      const answer = await exchange(url, `OPTIONS ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, /\r\n\r\n/);
      expect(answer).toMatch(/^HTTP\/1.1 404/);
    },
  );

  it('has each header as often as it was sent, so that a second Authorization is seen', async () => {
    const url = await serveHost((request) =>
      Response.json([request.headers.get('authorization'), request.headers.get('cookie')]),
    );
    const head =
      'GET /base/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n';
    expect(await exchange(url, head, /\]/)).toContain('["Bearer a, Bearer b","a=1; b=2"]');
  });

  it('has the body as sent, with its length or chunked', async () => {
    const url = await serveHost(async (request) => new Response(await request.text()));
    for (const body of ['grant_type=x&state=%20ä', new Blob(['chunked']).stream()]) {
      const expected = typeof body === 'string' ? body : 'chunked';
      const answer = await fetch(`${url}/base/token`, { method: 'POST', body, duplex: 'half' });
      expect(await answer.text()).toBe(expected);
    }
  });

  it('names the client address that the trusted proxies tell [PITFALL-22]', async () => {
    const handle = (_: Request, context: RequestContext) => Response.json(context);
    const headers = { 'x-forwarded-for': '1.1.1.1, 203.0.113.7' };
    const trusting = await serveHost(handle, { trustedProxies: ['127.0.0.0/8'] });
    expect(await (await fetch(trusting, { headers })).json()).toEqual({ clientAddress: '203.0.113.7' });
    const wary = await serveHost(handle);
    expect(await (await fetch(wary, { headers })).json()).toEqual({ clientAddress: '127.0.0.1' });
  });

  it('is aborted when the client goes away, and only then', async () => {
    const aborted = Promise.withResolvers<void>();
    const finished: Request[] = [];
    const url = await serveHost(async (request) => {
      finished.push(request);
      if (!request.url.endsWith('/wait')) return new Response('done');
      request.signal.addEventListener('abort', () => aborted.resolve());
      await aborted.promise;
      return new Response('too late');
    });
    const client = httpRequest(`${url}/base/wait`).end();
    client.on('error', () => {});
    await vi.waitFor(() => expect(finished).toHaveLength(1));
    client.destroy();
    await aborted.promise;

    expect(await (await fetch(`${url}/base/x`)).text()).toBe('done');
    expect(finished[1]?.signal.aborted).toBe(false);
  });

  it('does not keep the server busy when the client goes away in the middle of its body', async () => {
    const outcome = Promise.withResolvers<unknown>();
    const url = await serveHost(async (request) => {
      await request.text().then(outcome.resolve, outcome.resolve);
      return new Response();
    });
    const client = httpRequest(`${url}/base/token`, { method: 'POST', headers: { 'content-length': 10 } });
    client.on('error', () => {});
    client.write('half');
    setTimeout(() => client.destroy(), 20);
    expect(await outcome.promise).toMatchObject({ code: 'invalid_request' });
  });
});

describe('the response', () => {
  it('keeps every Set-Cookie, also one that was set before', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT'],
      ['set-cookie', 'b=2'],
    ]);
    const handle = createNodeHandler(host(() => new Response('x', { headers })));
    const url = await serve((req, res) => {
      res.setHeader('set-cookie', 'before=0');
      void handle(req, res);
    });
    const answer = await fetch(url);
    expect(answer.headers.getSetCookie()).toEqual(['before=0', 'a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT', 'b=2']);
  });

  it('has a length, and headers win over those set before', async () => {
    const handle = createNodeHandler(
      host(() => new Response('four', { headers: { 'content-security-policy': 'ours' } })),
    );
    const url = await serve((req, res) => {
      res.setHeader('content-security-policy', 'theirs');
      void handle(req, res);
    });
    const { headers } = await fetch(url);
    expect([headers.get('content-length'), headers.get('content-security-policy')]).toEqual(['4', 'ours']);
  });

  it('is byte for byte what it was made of, text or not', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
    const url = await serveHost(({ url }) =>
      url.endsWith('/text')
        ? textResponse('größe 🔑', { headers: { 'content-type': 'text/plain' } })
        : new Response(bytes),
    );
    const answer = await fetch(`${url}/text`);
    expect([answer.headers.get('content-length'), await answer.text()]).toEqual(['12', 'größe 🔑']);
    expect(await (await fetch(`${url}/text`, { method: 'HEAD' })).text()).toBe('');
    expect(await (await fetch(`${url}/bytes`)).bytes()).toEqual(bytes);
  });

  it('has no body for HEAD, 204 and 304', async () => {
    const url = await serveHost((request) => {
      const status = Number(new URL(request.url).searchParams.get('status'));
      return new Response(status === 200 ? 'body' : null, { status, headers: { etag: '"x"' } });
    });
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      const answer = await exchange(
        url,
        `${method} /?status=${status} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        /never/,
      );
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toMatch(/etag: "x"/i);
      expect(answer).toMatch(/\r\n\r\n$/);
    }
  });

  it('streams events as they come, and stops the source when the client goes away', async () => {
    const cancelled = Promise.withResolvers<void>();
    const url = await serveHost(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('data: first\n\n')),
        cancel: () => cancelled.resolve(),
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
    const answer = await fetch(url);
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: first\n\n');
    await reader?.cancel();
    await cancelled.promise;
  });
});

describe('a body beyond the limit', () => {
  const provider = new InMemoryProvider({ baseUrl: 'http://127.0.0.1:1', clientRegistration: { enabled: true } });

  it('is answered with 413 before it is sent in full, readable by a client that goes on sending [CASE-85]', async () => {
    const url = await serve(createNodeListener(provider, { maximumBodyBytes: 1000 }));
    const head =
      'POST /token HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\nContent-Type: application/x-www-form-urlencoded\r\n';
    const declared = await exchange(url, `${head}Content-Length: 10000000\r\n\r\n${'a'.repeat(200_000)}`, /"\}/);
    expect(declared).toMatch(/^HTTP\/1.1 413 /);
    expect(declared).toMatch(/access-control-allow-origin: \*/i);
    const chunked = await exchange(
      url,
      `${head}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${'a'.repeat(2000)}\r\n`,
      /"\}/,
    );
    expect(chunked).toMatch(/^HTTP\/1.1 413 /);
  });

  it('is not cut off where the client wants the connection closed, as proxies do: the answer comes first', async () => {
    const url = await serveHost(() => new Response('no', { status: 401 }));
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
    });
    const answered = new Promise((resolve) => socket.once('end', resolve));
    const failed = new Promise<Error>((resolve) => socket.once('error', resolve));
    const [size, piece] = [20_000_000, 'x'.repeat(100_000)];
    const head = `POST /base/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`;
    socket.write(head + piece);
    await answered;
    expect(received).toMatch(/401 .*no$/is);
    // The answer is there; what was begun is still taken, and the connection ends with it.
    const rest = (async () => {
      for (let sent = piece.length; sent < size; sent += piece.length)
        await new Promise((resolve) => socket.write(piece, resolve));
      return 'taken';
    })();
    expect(await Promise.race([rest, failed])).toBe('taken');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end();
    await closed;
  });

  it('leaves the connection open for the next request', async () => {
    const url = await serve(createNodeListener(provider, { maximumBodyBytes: 1000 }));
    const form = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n${'a'.repeat(5000)}`;
    const next = 'GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\n\r\n';
    const answers = await exchange(url, `POST /token HTTP/1.1\r\nHost: x\r\n${form}${next}`, /"issuer"/);
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });

  it('may be exactly as long as the limit', async () => {
    const url = await serveHost(async (request) => new Response(String((await request.text()).length)), {
      maximumBodyBytes: 1000,
    });
    expect(await (await fetch(url, { method: 'POST', body: 'a'.repeat(1000) })).text()).toBe('1000');
  });
});

describe('what is not its own', () => {
  it('goes to next with its body unread', async () => {
    const handle = createNodeHandler(host(() => undefined));
    const url = await serve((req, res) => {
      void handle(req, res, async () => res.end(`next got ${await text(req)}`));
    });
    expect(await (await fetch(url, { method: 'POST', body: 'everything' })).text()).toBe('next got everything');
  });

  it('is reported to a caller without next', async () => {
    const handle = createNodeHandler(host(() => undefined));
    const url = await serve(async (req, res) => void res.end(String(await handle(req, res))));
    expect(await (await fetch(url)).text()).toBe('false');
  });

  it('is a 404 of the listener', async () => {
    const url = await serveHost(() => undefined);
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });
});

describe('a failure', () => {
  const broken = host(() => Promise.reject(new Error('broken')));

  it('is told to the error hook and answered with 500', async () => {
    const failures: unknown[] = [];
    const onError = (error: unknown, req: IncomingMessage) => failures.push([error, req.url]);
    const url = await serve(createNodeListener(broken, { onError }));
    const answer = await fetch(`${url}/x`);
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: 'server_error' }]);
    expect(failures).toEqual([[new Error('broken'), '/x']]);
  });

  it('goes to next where there is no hook', async () => {
    const handle = createNodeHandler(broken);
    const url = await serve((req, res) => void handle(req, res, (error) => res.writeHead(503).end(String(error))));
    expect(await (await fetch(url)).text()).toBe('Error: broken');
  });

  it('is a 500 of the listener', async () => {
    expect((await fetch(await serve(createNodeListener(broken)))).status).toBe(500);
  });
});
