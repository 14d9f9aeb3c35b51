import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { createNotesServer } from '../../examples/notes/mcp-server.ts';
import { Notes, noteScopes } from '../../examples/notes/notes.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Fetcher } from '../../src/core/egress/fetcher.ts';
import type { SecurityEvent } from '../../src/core/events.ts';
import { createMcpEndpoint } from '../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../src/hosts/node.ts';
import type { User } from '../../src/identity/users/user.ts';
import type { CertificateFiles } from '../../src/operations/tls/certificate.ts';
import { createTlsServer } from '../../src/operations/tls/server.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { testDatabase } from './engine.ts';
import { testLimits } from './portcullis-harness.ts';

/** The password of every user that a `NotesServer` adds. */
export const password = 'violet kettle under nine bridges';

export interface NotesServerOptions {
  readonly clock?: Clock;
  readonly config?: PortcullisConfig;
  /** What the server fetches through. Default: nothing. */
  readonly egress?: Fetcher;
  /** Serves https with this certificate. */
  readonly tls?: CertificateFiles;
}

/** The product with the notes tools, listening on a free port. */
export interface NotesServer {
  readonly portcullis: Portcullis;
  /** `http://localhost:<port>`, or https. */
  readonly baseUrl: string;
  readonly mcpUrl: string;
  /** What happened, in order. */
  readonly events: readonly SecurityEvent[];
  addUser(userName: string, displayName?: string): Promise<User>;
  /** Calls a tool with nothing but a token. */
  post(accessToken: string, tool?: string): Promise<Response>;
  close(): Promise<void>;
}

export async function startNotesServer({ clock, config, egress, tls }: NotesServerOptions = {}): Promise<NotesServer> {
  let listener: RequestListener = (_, res) => void res.writeHead(503).end();
  const server = tls === undefined ? createServer() : secureServer(tls, (req, res) => listener(req, res));
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject).listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const baseUrl = `http${tls === undefined ? '' : 's'}://localhost:${(server.address() as AddressInfo).port}`;
  const events: SecurityEvent[] = [];
  const portcullis = await Portcullis.open(
    {
      ...testLimits,
      baseUrl,
      name: 'Notes',
      scopes: noteScopes,
      requiredScopes: ['notes:read'],
      ...(await testDatabase()),
      ...config,
    },
    {
      onEvent: (event) => events.push(event),
      ...(clock === undefined ? {} : { clock }),
      ...(egress === undefined ? {} : { egress }),
    },
  );
  const notes = new Notes();
  const mcp = createMcpEndpoint(
    portcullis,
    createMcpHandler(() => createNotesServer(notes)),
  );
  listener = createNodeListener(portcullis, { mcp });
  if (tls === undefined) server.on('request', listener);
  const mcpUrl = portcullis.settings.resource;
  return {
    portcullis,
    baseUrl,
    mcpUrl,
    events,
    addUser: (userName, displayName = userName) => addUser(portcullis, userName, displayName),
    post: (accessToken, tool = 'list_notes') => fetch(mcpUrl, toolCall(accessToken, tool)),
    async close() {
      await stop(server);
      await portcullis.close();
    },
  };
}

async function addUser({ services }: Portcullis, userName: string, displayName: string): Promise<User> {
  const { users, passwords } = services;
  return users.create({ userName, displayName, passwordHash: await passwords.hash(password) });
}

function toolCall(accessToken: string, name: string): RequestInit {
  return {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  };
}

function secureServer(files: CertificateFiles, listener: RequestListener): Server {
  const options = { ...files, baseUrl: 'https://localhost', limits: {}, onReplaced: () => {}, onBroken: () => {} };
  return createTlsServer(options, listener).server;
}

async function stop(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}
