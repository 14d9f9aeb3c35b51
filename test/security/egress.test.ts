import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { EgressErrorCode } from '../../src/core/egress/errors.ts';
import type { FetchPurpose } from '../../src/core/egress/fetcher.ts';
import { GuardedFetcher } from '../../src/core/egress/guarded-fetcher.ts';
import { resolvePolicy } from '../../src/core/egress/policy.ts';
import {
  answerJson,
  egressErrorOf,
  fetcherWith,
  type OutsideHost,
  startOutsideHost,
  startRawOutsideHost,
} from '../support/outside-host.ts';

const purpose: FetchPurpose = 'client_metadata';

function closed(host: OutsideHost): OutsideHost {
  onTestFinished(() => host.close());
  return host;
}

async function outside(listener: RequestListener): Promise<OutsideHost> {
  return closed(await startOutsideHost('client.example', listener));
}

function fetcherFor(host: OutsideHost, timeout = 5000) {
  return fetcherWith({ privateHosts: [host.exception], timeout }, host.resolver);
}

/** How a fetch from a host ends that answers this. */
async function errorFor(host: OutsideHost, timeout?: number) {
  const { fetcher } = fetcherFor(host, timeout);
  return egressErrorOf(fetcher.fetch({ url: `${host.origin}/a.json`, purpose }));
}

test('a document is fetched with a request that says nothing about the server, and reported', async () => {
  const seen: string[][] = [];
  const host = await outside((request, response) => {
    seen.push(request.rawHeaders);
    answerJson({ a: 'ä' })(request, response);
  });
  const { fetcher, events } = fetcherFor(host);
  const { text } = await fetcher.fetch({ url: `${host.origin}/a.json?b=c`, purpose });
  expect(JSON.parse(text)).toEqual({ a: 'ä' });
  expect(host.asked).toEqual(['/a.json?b=c']);
  const name = new URL(host.origin).host;
  expect(seen).toEqual([
    [
      'Host',
      name,
      'User-Agent',
      'Portcullis',
      'Accept',
      'application/json',
      'Accept-Encoding',
      'identity',
      'Connection',
      'close',
    ],
  ]);
  expect(events).toEqual([{ name: 'egress.fetched', host: name, purpose, outcome: 'fetched', duration: 0 }]);
});

test('a refusal and a failure are reported with what the client is not told', async () => {
  const host = await outside(answerJson({}));
  const { fetcher, events } = fetcherWith({ privateHosts: [host.exception] }, async () => ['169.254.169.254']);
  await egressErrorOf(fetcher.fetch({ url: 'https://app.example.com/', purpose }));
  await egressErrorOf(fetcher.fetch({ url: 'https://localhost/', purpose }));
  await egressErrorOf(fetcher.fetch({ url: 'http://app.example.com/', purpose }));
  expect(events).toEqual([
    expect.objectContaining({
      name: 'egress.refused',
      host: 'app.example.com',
      outcome: 'unreachable',
      reason: expect.stringContaining('169.254.169.254'),
    }),
    expect.objectContaining({ name: 'egress.refused', outcome: 'host_refused' }),
    expect.objectContaining({ name: 'egress.refused', outcome: 'invalid_url', reason: 'the URL must use https' }),
  ]);
});

describe('answers that are not taken', () => {
  const json = { 'content-type': 'application/json' };
  const cases: readonly [string, EgressErrorCode, RequestListener][] = [
    ['a redirect', 'redirected', (_, response) => response.writeHead(302, { location: 'https://127.0.0.1/' }).end()],
    ['a permanent redirect', 'redirected', (_, response) => response.writeHead(308, { location: '/b' }).end('{}')],
    ['several choices', 'redirected', (_, response) => response.writeHead(300, json).end('{}')],
    ['not found', 'bad_status', (_, response) => response.writeHead(404, json).end('{}')],
    ['an error', 'bad_status', (_, response) => response.writeHead(500, json).end('{}')],
    ['created', 'bad_status', (_, response) => response.writeHead(201, json).end('{}')],
    ['no content', 'bad_status', (_, response) => response.writeHead(204).end()],
    ['a part', 'bad_status', (_, response) => response.writeHead(206, json).end('{}')],
    ['not modified, unasked', 'bad_status', (_, response) => response.writeHead(304).end()],
    ['a page', 'bad_content_type', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{}')],
    ['no type', 'bad_content_type', (_, response) => response.writeHead(200).end('{}')],
    ['a type that only begins alike', 'bad_content_type', answerJson({}, {}, 'application/jsonp')],
    ['a suffix without a name', 'bad_content_type', answerJson({}, {}, 'application/+json')],
    [
      'a bomb',
      'bad_encoding',
      (_, response) =>
        response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000))),
    ],
    [
      'an announced flood',
      'too_large',
      (_, response) => response.writeHead(200, { ...json, 'content-length': '1000000000' }).write('{'),
    ],
    [
      'a flood',
      'too_large',
      (_, response) => {
        response.writeHead(200, json);
        response.on('error', () => {});
        const more = () => {
          if (response.socket?.destroyed === false) response.write(Buffer.alloc(65_536, 32), more);
        };
        more();
      },
    ],
    ['one byte too much', 'too_large', (_, response) => response.writeHead(200, json).end(Buffer.alloc(5121, 32))],
    [
      'text that is not UTF-8',
      'bad_answer',
      (_, response) => response.writeHead(200, json).end(Buffer.of(0x22, 0xff, 0x22)),
    ],
    [
      'half a body',
      'bad_answer',
      (_, response) => {
        response.writeHead(200, { ...json, 'content-length': '100' });
        response.write('{', () => response.destroy());
      },
    ],
    [
      'a chunked body without its end',
      'bad_answer',
      (_, response) => {
        response.writeHead(200, json);
        response.write('{}', () => response.destroy());
      },
    ],
    [
      'headers without end',
      'unreachable',
      (_, response) => response.writeHead(200, { ...json, 'x-a': 'a'.repeat(9000) }).end('{}'),
    ],
  ];

  test.each(cases)('%s: %s', async (_what, code, listener) => {
    expect(await errorFor(await outside(listener))).toMatchObject({ code });
  });

  test('a redirect is not followed', async () => {
    const inner = await outside(answerJson({ secret: true }));
    const host = await outside((_, response) => response.writeHead(307, { location: `${inner.origin}/secret` }).end());
    const { fetcher } = fetcherWith({ privateHosts: [host.exception, inner.exception] }, host.resolver);
    expect(await egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose }))).toMatchObject({
      code: 'redirected',
    });
    expect(inner.connections()).toBe(0);
  });

  test('a body of the largest size is taken', async () => {
    const host = await outside((_, response) => response.writeHead(200, json).end(Buffer.alloc(5120, 32)));
    const { text } = await fetcherFor(host).fetcher.fetch({ url: `${host.origin}/`, purpose });
    expect(text).toHaveLength(5120);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/client+json'])(
    'the type %s is taken',
    async (type) => {
      const host = await outside(answerJson({}, {}, type));
      const { text } = await fetcherFor(host).fetcher.fetch({ url: `${host.origin}/`, purpose });
      expect(text).toBe('{}');
    },
  );
});

describe('hosts that do not speak as they should', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

  async function drip(socket: TLSSocket, text: string) {
    for (let index = 0; !socket.destroyed; index += 1) {
      socket.write(text[index % text.length] ?? '');
      await wait(5);
    }
  }

  const cases: readonly [string, EgressErrorCode, (socket: TLSSocket) => void][] = [
    ['says nothing', 'unreachable', () => {}],
    ['closes at once', 'unreachable', (socket) => socket.end()],
    ['resets', 'unreachable', (socket) => socket.destroy()],
    ['closes its half after the headers', 'bad_answer', (socket) => socket.end(`${head}content-length: 10\r\n\r\n{`)],
    ['is no web server', 'unreachable', (socket) => socket.write('220 mail.example ESMTP\r\n')],
    ['drips its headers', 'unreachable', (socket) => void drip(socket, `${head}x-a: `.padEnd(100_000, 'a'))],
    ['informs without end', 'unreachable', (socket) => void drip(socket, 'HTTP/1.1 100 Continue\r\n\r\n')],
    [
      'switches protocols',
      'unreachable',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
    [
      'drips its body',
      'too_slow',
      (socket) => void socket.write(`${head}content-length: 5000\r\n\r\n`, () => void drip(socket, ' ')),
    ],
    ['stops in its body', 'too_slow', (socket) => socket.write(`${head}content-length: 5000\r\n\r\n{`)],
    [
      'says two lengths',
      'unreachable',
      (socket) => socket.end(`${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
    ],
    [
      'says length and chunks',
      'unreachable',
      (socket) => socket.end(`${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    ],
    ['chunks wrongly', 'bad_answer', (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`)],
  ];

  test.each(cases)('one that %s: %s', async (_what, code, onConnection) => {
    const host = closed(await startRawOutsideHost('client.example', onConnection));
    expect(await errorFor(host, 300)).toMatchObject({ code });
  });

  test('what comes after the body is not read', async () => {
    const host = closed(
      await startRawOutsideHost('client.example', (socket) =>
        socket.end(`${head}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother`),
      ),
    );
    expect((await fetcherFor(host).fetcher.fetch({ url: `${host.origin}/`, purpose })).text).toBe('{}');
  });

  test('one that does not encrypt', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(`${head}content-length: 2\r\n\r\n{}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const host = await outside(answerJson({}));
    const address = server.address();
    const name = `client.example:${typeof address === 'object' ? address?.port : ''}`;
    const { fetcher } = fetcherWith({ privateHosts: [{ ...host.exception, host: name }] }, host.resolver);
    expect(await egressErrorOf(fetcher.fetch({ url: `https://${name}/`, purpose }))).toMatchObject({
      code: 'unreachable',
    });
  });
});

describe('giving up', () => {
  test('whoever waits can give up at any point, and nothing stays open', async () => {
    const host = closed(await startRawOutsideHost('client.example', () => {}));
    const { fetcher, events } = fetcherFor(host, 300);
    const given = new AbortController();
    const fetching = egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose, signal: given.signal }));
    given.abort();
    expect(await fetching).toMatchObject({ code: 'aborted' });
    const before = AbortSignal.abort();
    expect(await egressErrorOf(fetcher.fetch({ url: `${host.origin}/b`, purpose, signal: before }))).toMatchObject({
      code: 'aborted',
    });
    await expect.poll(() => events.filter(({ name }) => name === 'egress.failed').length).toBe(2);
  });

  test('what is given up without a cache between ends the connection', async () => {
    const { promise: connected, resolve } = Promise.withResolvers<TLSSocket>();
    const host = closed(await startRawOutsideHost('client.example', resolve));
    const policy = resolvePolicy({ privateHosts: [host.exception] });
    const fetcher = new GuardedFetcher(policy, {
      clock: new ManualClock(),
      report: () => {},
      resolver: host.resolver,
    });
    const given = new AbortController();
    const fetching = egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose, signal: given.signal }));
    const socket = (await connected).resume();
    const ended = once(socket, 'close');
    given.abort();
    expect(await fetching).toMatchObject({ code: 'aborted' });
    await ended;
  });

  test('the deadline is over the look-up of the name, too', async () => {
    const { fetcher } = fetcherWith({ timeout: 100 }, () => new Promise(() => {}));
    expect(await egressErrorOf(fetcher.fetch({ url: 'https://app.example.com/', purpose }))).toMatchObject({
      code: 'unreachable',
    });
  });
});

describe('budgets under a hammer', () => {
  test('one origin is never asked more than it has a budget for', async () => {
    let running = 0;
    let most = 0;
    const host = await outside(async (request, response) => {
      running += 1;
      most = Math.max(most, running);
      await wait(10);
      running -= 1;
      answerJson({})(request, response);
    });
    const settings = { privateHosts: [host.exception], originBudget: { concurrent: 3, requests: 10 } };
    const { fetcher, clock } = fetcherWith(settings, host.resolver);
    const outcome = async (index: number) => {
      const fetching = fetcher.fetch({ url: `${host.origin}/${index}`, purpose });
      return fetching.then(
        () => 'fetched',
        (error: { code: string }) => error.code,
      );
    };
    const first = await Promise.all(Array.from({ length: 200 }, (_, index) => outcome(index)));
    expect(first.filter((code) => code === 'fetched')).toHaveLength(3);
    expect(first.filter((code) => code === 'busy')).toHaveLength(197);
    for (let round = 1; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => outcome(round * 1000 + index)));
    }
    expect(most).toBeLessThanOrEqual(3);
    expect(host.asked).toHaveLength(10);
    clock.advance(60_000);
    expect(await outcome(99_999)).toBe('fetched');
  });

  test('what fails gives its place back', async () => {
    const host = closed(await startRawOutsideHost('client.example', (socket) => socket.destroy()));
    const settings = { privateHosts: [host.exception], originBudget: { concurrent: 1, requests: 100 } };
    const { fetcher } = fetcherWith(settings, host.resolver);
    for (let index = 0; index < 20; index += 1) {
      expect(await egressErrorOf(fetcher.fetch({ url: `${host.origin}/${index}`, purpose }))).toMatchObject({
        code: 'unreachable',
      });
    }
  });
});
