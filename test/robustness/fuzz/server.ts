import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { oauthCapabilities } from '../../../src/capabilities.ts';
import type { Route } from '../../../src/core/capability.ts';
import type { SecurityEvent } from '../../../src/core/events.ts';
import { hashSecret } from '../../../src/core/hash.ts';
import type { ClientId } from '../../../src/core/ids.ts';
import { createMcpEndpoint } from '../../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../../src/hosts/node-handler.ts';
import { serve } from '../../../src/hosts/serve.ts';
import { tokenExchangeGrant } from '../../../src/oauth/token-exchange/exchange.ts';
import { identityCapabilities, operationsCapabilities } from '../../../src/portcullis/capabilities.ts';
import { Portcullis } from '../../../src/portcullis/portcullis.ts';
import { identityAssertionGrant, TestIssuer } from '../../../src/testing/test-issuer.ts';
import { TestPublisher } from '../../../src/testing/test-publisher.ts';
import { addTestUser, testLimits } from '../../support/portcullis-harness.ts';
import { dial } from '../support/raw-http.ts';

/** Where the server under test says that it is; nothing listens there. */
export const origin = 'http://localhost:3000';

/** An endpoint or page, as the capabilities route it. */
export interface Place {
  readonly path: string;
  readonly methods: readonly string[];
}

/** The product in this process, to be reached through its HTTP parser with or without a socket. */
export interface FuzzedServer {
  readonly portcullis: Portcullis;
  /** An identity provider whose assertions `resourceServer` may present. */
  readonly issuer: TestIssuer;
  /** Whose software statements are taken. */
  readonly publisher: TestPublisher;
  /** Capabilities that are off: nothing of theirs would be fuzzed. */
  readonly off: readonly string[];
  /** Every endpoint and page, and the MCP endpoint. */
  readonly places: readonly Place[];
  /** A connection that is no socket. */
  connectInside(): Duplex;
  connectOutside(): Duplex;
  /** Failures that the server reported since the last call. */
  takeFailures(): readonly SecurityEvent[];
  close(): Promise<void>;
}

/** Nobody is slowed down, so that what is sent gets to where it could do harm. */
const patient = { freeFailures: 1_000_000, accountFailures: 1_000_000, addressFailures: 1_000_000 } as const;

/** A server that may exchange its callers' tokens for those of the mail, and ask about the latter. */
export const resourceServer = { clientId: 'resource-server' as ClientId, secret: 'x'.repeat(43) } as const;

const scopes = { 'notes:read': { tools: ['list_notes'] }, 'notes:write': { tools: ['add_note'] } };

/** @param slow seconds that a client may take over a request */
export async function startFuzzedServer(slow = 60): Promise<FuzzedServer> {
  const failures: SecurityEvent[] = [];
  const issuer = new TestIssuer();
  const publisher = new TestPublisher();
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-fuzz-'));
  const keysFile = join(directory, 'idp.jwks.json');
  writeFileSync(keysFile, JSON.stringify(issuer.key.jwks));
  const portcullis = await Portcullis.open(
    {
      ...testLimits,
      baseUrl: origin,
      database: ':memory:',
      scopes,
      requiredScopes: ['notes:read'],
      resources: {
        mail: { url: `${origin}/mail`, scopes: { 'mail:read': {} }, introspectors: [resourceServer.clientId] },
      },
      tokenExchange: {
        paths: [
          { client: resourceServer.clientId, from: 'default', to: 'mail', scopes: { 'mail:read': 'notes:read' } },
        ],
      },
      identityAssertions: { issuers: [{ issuer: issuer.issuer, keysFile, users: { create: true } }] },
      softwareStatements: {
        issuers: [{ issuer: publisher.issuer, keys: { keys: publisher.key.jwks.keys.map((key) => ({ ...key })) } }],
      },
      registration: { ...testLimits.registration, maximumClients: 1_000_000 },
      signIn: { ...testLimits.signIn, ...patient },
      clientAuthentication: patient,
      deviceAuthorization: {
        ...testLimits.deviceAuthorization,
        enabled: true,
        clients: 'all',
        maximumWaiting: 1_000_000,
        guesses: patient,
      },
    },
    { onEvent: (event) => event.name === 'server.error' && failures.push(event) },
  );
  await addTestUser(portcullis);
  await addResourceServer(portcullis);
  const echo = (_request: Request, _token: unknown, body: unknown) => Response.json({ received: typeof body });
  const mcp = createMcpEndpoint(portcullis, {
    fetch: async (request, options) => echo(request, {}, options?.parsedBody),
  });
  const onError = (error: unknown) => void failures.push({ name: 'server.error', error });
  const inside = createServer(createNodeListener(portcullis, { mcp, onError }));
  const outside = await serve(portcullis, { mcp: echo, port: 0, requestTimeoutSeconds: slow });
  const open = new Set<Duplex>();
  return {
    portcullis,
    issuer,
    publisher,
    off: namesOfDisabled(portcullis),
    places: placesOf(portcullis),
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
    takeFailures: () => failures.splice(0),
    async close() {
      for (const socket of open) socket.destroy();
      await outside.close();
      await portcullis.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function addResourceServer({ services, clock }: Portcullis): Promise<void> {
  await services.clients.add({
    clientId: resourceServer.clientId,
    clientSecretHash: hashSecret(resourceServer.secret),
    tokenEndpointAuthMethod: 'client_secret_basic',
    redirectUris: [],
    grantTypes: [tokenExchangeGrant, identityAssertionGrant],
    responseTypes: [],
    scopes: ['mail:read', 'notes:read'],
    registeredBy: 'administrator',
    issuedAt: clock.now(),
  });
}

function namesOfDisabled(portcullis: Portcullis): string[] {
  const { services } = portcullis;
  return [
    ...oauthCapabilities.filter(({ isEnabled }) => isEnabled?.(portcullis) === false),
    ...[...identityCapabilities, ...operationsCapabilities].filter(({ isEnabled }) => isEnabled?.(services) === false),
  ].map(({ name }) => name);
}

function placesOf(portcullis: Portcullis): Place[] {
  const placesAt = <Services>({ path, methods }: Route<Services>, services: Services): Place[] =>
    [path(services)].flat().map((each) => ({ path: each, methods: Object.keys(methods) }));
  return [
    ...oauthCapabilities.flatMap(({ routes = [] }) => routes.flatMap((route) => placesAt(route, portcullis))),
    ...[...identityCapabilities, ...operationsCapabilities].flatMap(({ routes = [] }) =>
      routes.flatMap((route) => placesAt(route, portcullis.services)),
    ),
    { path: portcullis.settings.paths.mcp, methods: ['GET', 'POST', 'DELETE'] },
  ];
}
