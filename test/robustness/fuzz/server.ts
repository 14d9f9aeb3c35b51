import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import type { SecurityEvent } from '../../../src/core/events.ts';
import { createMcpEndpoint } from '../../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../../src/hosts/node-handler.ts';
import { serve } from '../../../src/hosts/serve.ts';
import type { OAuthProvider } from '../../../src/provider.ts';
import { TestIssuer } from '../../../src/testing/test-issuer.ts';
import { TestPublisher } from '../../../src/testing/test-publisher.ts';
import { dial } from '../support/raw-http.ts';
import { DocumentHost } from './documents.ts';
import { namesOfDisabled, openSubject, type Place, placesOf, type SubjectOptions } from './subject.ts';

/** The product, in this process or in another one, to be reached through its HTTP parser with or without a socket. */
export interface FuzzedServer {
  /** Knows its addresses and its time; the product itself where that is in this process. */
  readonly addresses: OAuthProvider;
  /** An identity provider whose assertions `resourceServer` may present. */
  readonly issuer: TestIssuer;
  /** Whose software statements are taken. */
  readonly publisher: TestPublisher;
  /** Where clients publish metadata documents. */
  readonly documents: DocumentHost;
  /** Capabilities that are off: nothing of theirs would be fuzzed. */
  readonly off: readonly string[];
  /** Every endpoint and page, and the MCP endpoint. */
  readonly places: readonly Place[];
  /** Where the first administrator is made. */
  readonly setupUrl: string | undefined;
  /** Answers a request that is whole. */
  send(request: Request): Promise<Response>;
  /** A connection that is no socket, where there can be one. */
  connectInside(): Duplex;
  connectOutside(): Duplex;
  /** Failures that the server reported since the last call. */
  takeFailures(): readonly unknown[];
  close(): Promise<void>;
}

/** What a server under test needs beside it: an issuer, a host of documents, a directory. */
export interface Surroundings {
  readonly issuer: TestIssuer;
  readonly publisher: TestPublisher;
  readonly documents: DocumentHost;
  readonly directory: string;
  readonly options: Pick<SubjectOptions, 'issuer' | 'publisher' | 'documents'>;
  close(): Promise<void>;
}

export async function openSurroundings(): Promise<Surroundings> {
  const issuer = new TestIssuer();
  const publisher = new TestPublisher();
  const documents = await DocumentHost.start();
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-fuzz-'));
  const keysFile = join(directory, 'idp.jwks.json');
  writeFileSync(keysFile, JSON.stringify(issuer.key.jwks));
  return {
    issuer,
    publisher,
    documents,
    directory,
    options: {
      issuer: { issuer: issuer.issuer, keysFile },
      publisher: { issuer: publisher.issuer, keys: publisher.key.jwks.keys.map((key) => ({ ...key })) },
      documents: { port: documents.port, ca: documents.ca },
    },
    async close() {
      await documents.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Answers MCP requests. */
export const echo = (_request: Request, _token: unknown, body: unknown) => Response.json({ received: typeof body });

/** @param slow seconds that a client may take over a request */
export async function startFuzzedServer(slow = 60): Promise<FuzzedServer> {
  const failures: SecurityEvent[] = [];
  const { issuer, publisher, documents, options, close } = await openSurroundings();
  const portcullis = await openSubject(
    { ...options, database: ':memory:', passwords: 'cheap' },
    (event) => event.name === 'server.error' && failures.push(event),
  );
  const mcp = createMcpEndpoint(portcullis, {
    fetch: async (request, fetched) => echo(request, {}, fetched?.parsedBody),
  });
  const onError = (error: unknown) => void failures.push({ name: 'server.error', error });
  const inside = createServer(createNodeListener(portcullis, { mcp, onError }));
  const outside = await serve(portcullis, { mcp: echo, port: 0, requestTimeoutSeconds: slow });
  const open = new Set<Duplex>();
  return {
    addresses: portcullis,
    issuer,
    publisher,
    documents,
    off: namesOfDisabled(portcullis),
    places: placesOf(portcullis),
    setupUrl: await portcullis.setupUrl(),
    async send(request) {
      if (new URL(request.url).pathname === '/mcp') {
        const { response } = await portcullis.authenticate(request);
        return response ?? Response.json({});
      }
      return (await portcullis.handle(request)) ?? new Response(null, { status: 404 });
    },
    connectInside() {
      const [client, server] = duplexPair();
      client.once('close', () => server.destroy());
      inside.emit('connection', server);
      return client;
    },
    connectOutside() {
      const socket = dial(outside.address.port);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    takeFailures: () => failures.splice(0).map(({ error }) => error),
    async close() {
      for (const socket of open) socket.destroy();
      await outside.close();
      await portcullis.close();
      await close();
    },
  };
}
