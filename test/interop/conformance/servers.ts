import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { EndpointPaths } from '../../../src/core/settings.ts';
import { createMcpEndpoint } from '../../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../../src/hosts/node-handler.ts';
import { Portcullis } from '../../../src/portcullis/portcullis.ts';
import { createTestClient, tokensOf } from '../../../src/testing/test-client.ts';
import { addTestUser, testLimits, testUser } from '../../support/portcullis-harness.ts';
import { HeadlessBrowser } from '../headless-browser.ts';
import { freePort } from '../servers.ts';
import { createEverythingServer } from './everything-server.ts';

/** A server for the suite, until it is closed. */
export interface SuiteServer {
  readonly issuer: string;
  /** What the suite calls, as a client that has a token already. */
  readonly mcpUrl: string;
  readonly resource: string;
  readonly clientId: string;
  readonly callbackPort: number;
  /** Signs the user in and allows what is asked for. */
  authorize(url: URL): Promise<void>;
  close(): Promise<void>;
}

const person = { username: testUser.userName, password: testUser.password };

/**
 * Portcullis before the official MCP handler, and a front that adds an access token to every request: the suite has
 * scenarios for MCP servers, and none of them brings a token.
 */
export async function startSuiteServer(): Promise<SuiteServer> {
  const [port, callbackPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  const portcullis = await Portcullis.open({
    ...testLimits,
    baseUrl: issuer,
    database: ':memory:',
    egress: { enabled: true },
    tokens: { accessTokenSeconds: 3600 },
  });
  await addTestUser(portcullis);
  const mcp = createMcpEndpoint(portcullis, createMcpHandler(createEverythingServer));
  const server = createServer(createNodeListener(portcullis, { mcp }));
  await listening(server, port);
  const redirectUri = `http://127.0.0.1:${callbackPort}/callback`;
  const client = await createTestClient(portcullis, { redirectUri });
  const browser = new HeadlessBrowser(issuer, person);
  const prepared = client.prepareAuthorization();
  const tokens = tokensOf(await client.redeem(client.receiveCode(prepared, await browser.authorize(prepared.url))));
  const front = createServer((req, res) => {
    const { host, origin } = req.headers;
    const headers = {
      ...req.headers,
      authorization: `Bearer ${tokens.accessToken}`,
      host: onwards(host, port),
      ...(origin === undefined ? {} : { origin: onwards(origin, port) }),
    };
    const onward = forward({ port, host: '127.0.0.1', path: req.url, method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
  const frontPort = await listening(front, 0);
  return {
    issuer,
    mcpUrl: `http://127.0.0.1:${frontPort}/mcp`,
    resource: portcullis.settings.resource,
    clientId: client.clientId,
    callbackPort,
    async authorize(url) {
      await fetch(await new HeadlessBrowser(issuer, person).authorize(url));
    },
    async close() {
      for (const each of [front, server]) await new Promise((resolve) => each.close(resolve).closeAllConnections());
      await portcullis.close();
    },
  };
}

/** The same MCP handler with nothing in front of it: what the suite finds wrong there is not the gate's. */
export async function startOpenServer(): Promise<Pick<SuiteServer, 'mcpUrl' | 'close'>> {
  const handler = createMcpHandler(createEverythingServer);
  const port = await freePort();
  const host = {
    settings: { baseUrl: `http://127.0.0.1:${port}`, paths: { mcp: '/mcp' } as EndpointPaths },
    handle: async () => undefined,
  };
  const server = createServer(createNodeListener(host, { mcp: (request) => handler.fetch(request) }));
  await listening(server, port);
  return {
    mcpUrl: `http://127.0.0.1:${port}/mcp`,
    close: async () => void (await new Promise((resolve) => server.close(resolve).closeAllConnections())),
  };
}

// The front's own name stands for the server's; a foreign one stays foreign.
function onwards(name: string | undefined, port: number): string {
  return (name ?? '').replace(/^(http:\/\/)?(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/, `$1127.0.0.1:${port}`);
}

async function listening(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
