import { oauthCapabilities } from '../../../src/capabilities.ts';
import type { Route } from '../../../src/core/capability.ts';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { createFetcher } from '../../../src/core/egress/create.ts';
import type { EventSink } from '../../../src/core/events.ts';
import { hashSecret } from '../../../src/core/hash.ts';
import type { ClientId } from '../../../src/core/ids.ts';
import { tokenExchangeGrant } from '../../../src/oauth/token-exchange/exchange.ts';
import { identityCapabilities, operationsCapabilities } from '../../../src/portcullis/capabilities.ts';
import type { PortcullisConfig } from '../../../src/portcullis/config.ts';
import { Portcullis } from '../../../src/portcullis/portcullis.ts';
import { identityAssertionGrant } from '../../../src/testing/test-issuer.ts';
import { addTestUser, testLimits } from '../../support/portcullis-harness.ts';
import { hostName } from './documents.ts';

/** Where the server under test says that it is; nothing listens there. */
export const origin = 'http://localhost:3000';

/** An endpoint or page, as the capabilities route it. */
export interface Place {
  readonly path: string;
  readonly methods: readonly string[];
}

/** Nobody is slowed down, so that what is sent gets to where it could do harm. */
const patient = { freeFailures: 1_000_000, accountFailures: 1_000_000, addressFailures: 1_000_000 } as const;

/** A server that may exchange its callers' tokens for those of the mail, and ask about the latter. */
export const resourceServer = { clientId: 'resource-server' as ClientId, secret: 'x'.repeat(43) } as const;

const scopes = { 'notes:read': { tools: ['list_notes'] }, 'notes:write': { tools: ['add_note'] } };

/** A client that acts for itself. */
export const machine = { clientId: 'machine' as ClientId, secret: 'y'.repeat(43) } as const;

/** What the server under test is started with. */
export interface SubjectOptions {
  /** A file, or `:memory:`. */
  readonly database: string;
  /** An identity provider whose assertions `resourceServer` may present. */
  readonly issuer: { readonly issuer: string; readonly keysFile: string };
  /** Whose software statements are taken. */
  readonly publisher: { readonly issuer: string; readonly keys: Readonly<Record<string, unknown>>[] };
  /** The host on loopback that metadata documents come from, with the authority that vouches for it. */
  readonly documents: { readonly port: number; readonly ca: string };
  /** `default`: passwords cost what they cost by default. */
  readonly passwords: 'cheap' | 'default';
}

/** The product, with everything on that can be. */
export async function openSubject(
  options: SubjectOptions,
  onEvent: EventSink,
  clock: Clock = systemClock,
): Promise<Portcullis> {
  const { documents } = options;
  const egress = createFetcher(
    {
      privateHosts: [{ host: `${hostName}:${documents.port}`, ca: documents.ca }],
      originBudget: { concurrent: 100, requests: 1_000_000 },
      totalBudget: { concurrent: 100, requests: 1_000_000 },
      // Longer than the host takes where the machine is busy: most of what it publishes is not slow.
      timeout: 8000,
    },
    {
      clock,
      report: () => {},
      resolver: async (host) => (host === hostName ? ['127.0.0.1'] : []),
    },
  );
  if (egress === undefined) throw new Error('the server fetches nothing');
  const portcullis = await Portcullis.open(configOf(options), { onEvent, egress, clock });
  await addTestUser(portcullis);
  await addClients(portcullis);
  return portcullis;
}

function configOf({ database, issuer, publisher, passwords }: SubjectOptions): PortcullisConfig {
  const { passwords: cheap, ...limits } = testLimits;
  return {
    ...limits,
    ...(passwords === 'cheap' ? { passwords: cheap } : {}),
    baseUrl: origin,
    database,
    scopes,
    requiredScopes: ['notes:read'],
    resources: {
      mail: { url: `${origin}/mail`, scopes: { 'mail:read': {} }, introspectors: [resourceServer.clientId] },
    },
    tokenExchange: {
      paths: [{ client: resourceServer.clientId, from: 'default', to: 'mail', scopes: { 'mail:read': 'notes:read' } }],
    },
    identityAssertions: { issuers: [{ ...issuer, users: { create: true } }] },
    softwareStatements: { issuers: [{ issuer: publisher.issuer, keys: { keys: publisher.keys } }] },
    registration: { ...testLimits.registration, maximumClients: 1_000_000 },
    clientMetadata: { ...testLimits.clientMetadata, maximumClients: 1_000_000 },
    signIn: { ...testLimits.signIn, ...patient },
    clientAuthentication: patient,
    deviceAuthorization: {
      ...testLimits.deviceAuthorization,
      enabled: true,
      clients: 'all',
      maximumWaiting: 1_000_000,
      guesses: patient,
    },
  };
}

async function addClients({ services, clock }: Portcullis): Promise<void> {
  const common = {
    tokenEndpointAuthMethod: 'client_secret_basic',
    redirectUris: [],
    responseTypes: [],
    registeredBy: 'administrator',
    issuedAt: clock.now(),
  } as const;
  await services.clients.add({
    ...common,
    clientId: resourceServer.clientId,
    clientSecretHash: hashSecret(resourceServer.secret),
    grantTypes: [tokenExchangeGrant, identityAssertionGrant],
    scopes: ['mail:read', 'notes:read'],
  });
  await services.clients.add({
    ...common,
    clientId: machine.clientId,
    clientSecretHash: hashSecret(machine.secret),
    grantTypes: ['client_credentials'],
    scopes: ['notes:read'],
  });
}

/** Capabilities that are off: nothing of theirs would be fuzzed. */
export function namesOfDisabled(portcullis: Portcullis): string[] {
  const { services } = portcullis;
  return [
    ...oauthCapabilities.filter(({ isEnabled }) => isEnabled?.(portcullis) === false),
    ...[...identityCapabilities, ...operationsCapabilities].filter(({ isEnabled }) => isEnabled?.(services) === false),
  ].map(({ name }) => name);
}

/** Every endpoint and page, and the MCP endpoint. */
export function placesOf(portcullis: Portcullis): Place[] {
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
