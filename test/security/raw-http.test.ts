import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMcpEndpoint } from '../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { startServer } from '../../src/operations/listening/start-server.ts';
import { obtainTokens } from '../interop/tokens.ts';

const base = 'http://localhost:3000';

/** The server on a socket of its own, and what reached the tools. */
async function listen() {
  const provider = new InMemoryProvider(
    { baseUrl: base, requiredScopes: ['read'], clientRegistration: { enabled: true } },
    { scopes: { read: {} } },
  );
  const ran: unknown[] = [];
  const mcp = createMcpEndpoint(provider, {
    fetch: async (_request, options) => {
      ran.push(options?.parsedBody);
      return Response.json({});
    },
  });
  const server = createServer(createNodeListener(provider, { mcp }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const open = () => connect(port, '127.0.0.1').setNoDelay();
  /** Sends bytes as they are, and gives everything that comes back until the server has nothing more to say. */
  const exchange = async (bytes: string): Promise<string> => {
    const socket = open();
    socket.setTimeout(300, () => socket.end());
    socket.write(Buffer.from(bytes, 'latin1'));
    return text(socket);
  };
  const { access_token } = await obtainTokens(provider, 'read');
  return { ran, open, exchange, bearer: `Authorization: Bearer ${access_token}\r\n` };
}

const statuses = (answers: string) => [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
const head = 'POST /mcp HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: application/json\r\n';

describe('a request smuggled past a proxy within another', () => {
  it.each([
    ['with a length and chunks', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['with chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n'],
    ['with two lengths', 'Content-Length: 0\r\nContent-Length: 44\r\n\r\n'],
    ['with a list of lengths', 'Content-Length: 0, 44\r\n\r\n'],
    ['with a signed length', 'Content-Length: +0\r\n\r\n'],
    ['with a hexadecimal length', 'Content-Length: 0x0\r\n\r\n'],
    ['with an unknown transfer coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['with a blank before the colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
    ['with a folded header', 'X: y\r\n Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
    ['with lone line feeds', 'X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['with a lone carriage return', 'X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['with a NUL in a header', 'X: a\0b\r\n\r\n'],
    ['with an overlong chunk size', 'Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n'],
    ['with a negative chunk size', 'Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n'],
  ])('%s is not served: the connection ends [MCP-SEC-19]', async (_how, rest) => {
    const { exchange, ran, bearer } = await listen();
    const hidden = `POST /mcp HTTP/1.1\r\nHost: localhost:3000\r\n${bearer}Content-Length: 2\r\n\r\n{}`;
    const answers = await exchange(`${head}${rest}${hidden}`);
    expect(statuses(answers)).toEqual([400]);
    expect(ran).toEqual([]);
  });

  it('in the body of one that is refused unread is not served', async () => {
    const { exchange, ran, bearer } = await listen();
    const hidden = `POST /mcp HTTP/1.1\r\nHost: localhost:3000\r\n${bearer}Content-Length: 2\r\n\r\n{}`;
    for (const framing of [
      `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ]) {
      expect(statuses(await exchange(`${head}${framing}`))).toEqual([401]);
      expect(statuses(await exchange(head.replace('POST', 'GET') + framing))).toEqual([401]);
    }
    expect(ran).toEqual([]);
  });

  it('does not get the answer of another: each of several at once has its own', async () => {
    const { exchange, ran, bearer } = await listen();
    const one = (id: number, credentials: string) =>
      `${head}${credentials}Content-Length: ${JSON.stringify({ id }).length}\r\n\r\n${JSON.stringify({ id })}`;
    const answers = await exchange([one(1, bearer), one(2, ''), one(3, bearer), one(4, '')].join(''));
    expect(statuses(answers)).toEqual([200, 401, 200, 401]);
    expect(ran).toEqual([{ id: 1 }, { id: 3 }]);
  });

  it('with two Host, Authorization or Origin headers is refused', async () => {
    const { exchange, ran, bearer } = await listen();
    const get = 'GET /mcp HTTP/1.1\r\nConnection: close\r\n';
    const host = 'Host: localhost:3000\r\n';
    const attempts = [
      `${get}${host}Host: evil.example\r\n${bearer}\r\n`,
      `${get}Host: evil.example\r\n${host}${bearer}\r\n`,
      `${get}${host}${bearer}${bearer}\r\n`,
      `${get}${host}${bearer}Authorization: Basic x\r\n\r\n`,
      `${get}${host}${bearer}Origin: ${base}\r\nOrigin: http://evil.example\r\n\r\n`,
      `${get}${bearer}\r\n`,
    ];
    for (const attempt of attempts) expect(statuses(await exchange(attempt))[0], attempt).toBeGreaterThanOrEqual(400);
    expect(ran).toEqual([]);
  });
});

describe('a stranger who never stops sending', () => {
  it.each(['/token', '/revoke', '/authorize', '/register', '/mcp'])(
    'has no more than a little of it kept by %s, also without a declared length [CASE-85]',
    async (path) => {
      const { open } = await listen();
      const socket = open();
      const type = path === '/register' ? 'application/json' : 'application/x-www-form-urlencoded';
      let answered = '';
      socket.on('data', (data) => {
        answered += String(data);
      });
      socket.on('error', () => {});
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      let sent = 0;
      while (answered === '' && sent < 8 * 1024 * 1024) {
        sent += 0x4000;
        await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
        await turn();
      }
      socket.destroy();
      expect(statuses(answered)).toEqual([path === '/mcp' ? 401 : 413]);
      expect(sent).toBeLessThan(2 * 1024 * 1024);
    },
  );
});

describe('a stranger who asks for a tunnel', () => {
  async function start() {
    const started = await startServer(
      {
        baseUrl: base,
        port: 0,
        host: '127.0.0.1',
        tls: undefined,
        shutdownTime: 100,
        requestTime: 5000,
        report: () => {},
        signal: undefined,
      },
      (_req, res) => void res.end('served'),
    );
    onTestFinished(() => started.close());
    const tunnel = () => {
      const socket = connect({ port: started.address.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {});
      socket.write(`CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n${'y'.repeat(1000)}`);
      return socket;
    };
    return { url: `http://127.0.0.1:${started.address.port}`, tunnel };
  }

  // An error on a socket that nobody listens to ends the process.
  it('and resets the connection leaves the server alone', async () => {
    const { url, tunnel } = await start();
    for (let times = 0; times < 50; times += 1) {
      const socket = tunnel();
      await once(socket, 'connect');
      if (times % 2 === 1) await turn();
      socket.resetAndDestroy();
    }
    expect(await (await fetch(url)).text()).toBe('served');
  });

  it('and never hangs up is hung up on', async () => {
    const { tunnel } = await start();
    const socket = tunnel();
    let answer = '';
    socket.on('data', (data) => {
      answer += String(data);
    });
    await once(socket, 'end');
    expect(statuses(answer)).toEqual([405]);
    // Whatever is sent now meets a closed connection.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const timer = setInterval(() => socket.write('x'), 5);
    await closed;
    clearInterval(timer);
  });
});
