import { type IncomingMessage, request as sendRequest } from 'node:http';
import { FastMCP } from 'fastmcp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FastMcpSession, guardFastMcp } from '../../src/hosts/fastmcp.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { toolCall } from '../interop/mcp-calls.ts';
import { freePort } from '../interop/servers.ts';
import { obtainTokens } from '../interop/tokens.ts';

const silent = { debug() {}, error() {}, info() {}, log() {}, warn() {} };

/** A FastMCP server without sessions, where one request is a whole attack, and what ran on it. */
async function start() {
  const port = await freePort();
  const provider = new InMemoryProvider(
    { baseUrl: `http://127.0.0.1:${port}`, requiredScopes: ['read'], clientRegistration: { enabled: true } },
    { scopes: { read: { tools: ['list'] }, delete: { implies: ['read'], tools: ['delete'] } } },
  );
  const server = guardFastMcp(
    provider,
    (hooks) => new FastMCP<FastMcpSession>({ name: 'x', version: '1.0.0', logger: silent, ...hooks }),
  );
  const ran: string[] = [];
  for (const name of ['list', 'delete']) {
    server.addTool({
      name,
      description: name,
      execute: async () => {
        ran.push(name);
        return 'ran';
      },
    });
  }
  await server.start({ transportType: 'httpStream', httpStream: { port, host: '127.0.0.1', stateless: true } });
  onTestFinished(() => server.stop());
  const { access_token } = await obtainTokens(provider, 'read');
  /** Sends the request line as written, and does not wait for the end of a stream. */
  const send = async (method: string, path: string, token?: string): Promise<{ status: number; type: string }> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = {
      host: `127.0.0.1:${port}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const outgoing = sendRequest({ host: '127.0.0.1', port, method, path, headers }, resolve).on('error', reject);
    outgoing.end(method === 'POST' ? JSON.stringify({ jsonrpc: '2.0', ...toolCall('delete') }) : undefined);
    const answer = await promise;
    const seen = { status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '' };
    const ended = new Promise((done) => answer.once('close', done));
    answer.resume();
    await Promise.race([ended, new Promise((done) => setTimeout(done, 300))]);
    answer.destroy();
    return seen;
  };
  return { ran, send, token: access_token };
}

const names = ['mcp', 'sse', 'messages', 'messages?sessionId=x'];
const spellings = (name: string) => [
  `/${name}`,
  `/${name}/`,
  `/${name}#/`,
  `/./${name}`,
  `/x/../${name}`,
  `/x/%2e%2e/${name}`,
  `//${name}`,
  `//evil.example/${name}`,
  `///evil.example/${name}`,
  `/\\evil.example/${name}`,
  `http://evil.example/${name}`,
  `HTTP://evil.example/${name}`,
  `/%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
  `/${name.toUpperCase()}`,
  `/${name};x`,
  `/${name}%00`,
];

describe('a guarded FastMCP server, whose router reads addresses in its own way', () => {
  it('runs no tool and opens no stream without enough scope, however its address is spelled [MCP-SEC-19, MCP-SEC-20]', async () => {
    const { ran, send, token } = await start();
    for (const path of names.flatMap(spellings)) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        for (const bearer of [undefined, token]) {
          const { status, type } = await send(method, path, bearer);
          if (method === 'GET') expect(type, `${method} ${path}`).not.toContain('text/event-stream');
          if (bearer === undefined) expect(status, `${method} ${path}`).not.toBe(200);
        }
      }
    }
    expect(ran).toEqual([]);
  });
});
