import { type IncomingMessage, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { InMemoryProvider } from 'portcullis/in-memory';
import { afterEach, describe, expect, it } from 'vitest';
import { start as startExpress } from '../../examples/express/server.ts';
import { start as startFastify } from '../../examples/fastify/server.ts';
import { start as startFastMcp } from '../../examples/fastmcp/server.ts';
import { start as startHono } from '../../examples/hono/server.ts';
import { start as startMcpSdk } from '../../examples/mcp-sdk/server.ts';
import { start as startMcpSdk1 } from '../../examples/mcp-sdk-v1/server.ts';
import { start as startNode } from '../../examples/node/server.ts';
import { noteScopes } from '../../examples/notes/notes.ts';
import type { Running } from '../../examples/notes/serving.ts';
import { initialize } from '../interop/mcp-calls.ts';
import { freePort } from '../interop/servers.ts';
import { type Handles, obtainTokens } from '../interop/tokens.ts';

const open: Running[] = [];

afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});

/** What a browser would send: `fetch` does not let `Host` and `Origin` be chosen. */
async function post(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { port, pathname, host } = new URL(url);
  const common = { host, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const outgoing = sendRequest(
    { host: '127.0.0.1', port, path: pathname, method: 'POST', headers: { ...common, ...headers } },
    resolve,
  ).on('error', reject);
  outgoing.end(JSON.stringify({ jsonrpc: '2.0', ...initialize }));
  const answer = await promise;
  await text(answer);
  return answer.statusCode ?? 0;
}

describe.for([
  ['node', startNode],
  ['express', startExpress],
  ['fastify', startFastify],
  ['hono', startHono],
  ['fastmcp', startFastMcp],
  ['mcp-sdk', startMcpSdk],
  ['mcp-sdk-v1', startMcpSdk1],
] as const)('a page whose name was rebound to this machine, at the example for %s', ([name, start]) => {
  it('is refused, even with a token [PITFALL-33, MCP-HTTP-01, MCP-HTTP-02]', async () => {
    const running = await start({
      port: name === 'fastmcp' ? await freePort() : 0,
      provider: (baseUrl) =>
        new InMemoryProvider(
          { baseUrl, requiredScopes: ['notes:read'], clientRegistration: { enabled: true } },
          { scopes: noteScopes },
        ),
    });
    open.push(running);
    const provider = running.provider as unknown as Handles;
    const authorization = `Bearer ${(await obtainTokens(provider, 'notes:read')).access_token}`;
    const { port } = new URL(running.url);
    expect(await post(running.url, { authorization })).toBe(200);
    for (const foreign of [
      { host: `evil.example:${port}` },
      { host: 'localhost.evil.example' },
      { origin: `http://evil.example:${port}` },
      { origin: 'null' },
      { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
    ]) {
      expect(await post(running.url, { authorization, ...foreign }), JSON.stringify(foreign)).toBe(403);
    }
  });
});
