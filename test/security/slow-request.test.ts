import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { createMcpEndpoint } from '../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { obtainTokens } from '../interop/tokens.ts';

const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

describe('a request whose last byte is held back', () => {
  async function halfSent() {
    const clock = new ManualClock();
    const provider = new InMemoryProvider(
      { baseUrl: 'http://localhost:3000', requiredScopes: ['read'], clientRegistration: { enabled: true } },
      { scopes: { read: {} }, clock },
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
    const tokens = await obtainTokens(provider, 'read');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const verified = new Promise<void>((resolve) => {
      const verify = provider.verifyToken.bind(provider);
      provider.verifyToken = async (token) => {
        const record = await verify(token);
        resolve();
        return record;
      };
    });
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nAuthorization: Bearer ${tokens.access_token}\r\nContent-Length: ${message.length}\r\n\r\n`;
    socket.write(head + message.slice(0, -1));
    await verified;
    await wait(20);
    const finish = async () => {
      socket.write(message.slice(-1));
      return Number(/^HTTP\/1\.1 (\d{3})/.exec(await text(socket))?.[1]);
    };
    return { provider, clock, ran, tokens, finish };
  }

  it('is served as long as its token lives', async () => {
    const { clock, ran, finish } = await halfSent();
    clock.advance(20_000);
    expect(await finish()).toBe(200);
    expect(ran).toHaveLength(1);
  });

  it('does not outlive the revocation of its token [RFC7009-07, CASE-79]', async () => {
    const { provider, clock, ran, tokens, finish } = await halfSent();
    const body = new URLSearchParams({ client_id: tokens.client_id, token: tokens.access_token });
    const revoked = await provider.handle(new Request(provider.endpointUrl('revoke'), { method: 'POST', body }));
    expect(revoked?.status).toBe(200);
    clock.advance(2_000);
    expect(await finish()).toBe(401);
    expect(ran).toEqual([]);
  });

  it('does not outlive the expiry of its token [RFC9068-16]', async () => {
    const { clock, ran, finish } = await halfSent();
    clock.advance(600_000);
    expect(await finish()).toBe(401);
    expect(ran).toEqual([]);
  });
});
