import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '../../../src/core/clock.ts';
import type { ProviderEnvironment } from '../../../src/core/environment.ts';
import { OAuthError } from '../../../src/core/errors.ts';
import type { DeviceAuthorization } from '../../../src/core/records.ts';
import type { ScopeDefinition } from '../../../src/core/scopes.ts';
import type { OAuthProviderOptions } from '../../../src/core/settings.ts';
import {
  type Approve,
  type ApproveDevice,
  type AutomaticApproval,
  InMemoryProvider,
  type InMemoryProviderOptions,
  type MapAssertion,
} from '../../../src/in-memory/index.ts';
import type { OAuthProvider } from '../../../src/provider.ts';
import { DocumentHost } from '../../../src/testing/document-host.ts';
import { publishKeys, theIssuers } from './issuers.ts';
import {
  acr,
  defaultScopes,
  exchanges,
  lifetimes,
  maxAgeOf,
  origin,
  resources,
  type ToolName,
  tools,
} from './rules.ts';
import type { Decision, World } from './world.ts';

const options: OAuthProviderOptions = {
  baseUrl: origin,
  clientRegistration: {
    enabled: true,
    validScopes: Object.values(resources).flatMap(({ scopes }) => scopes),
    defaultScopes,
  },
  deviceAuthorization: { enabled: true, clients: 'all' },
};

/** What the rules say, as the constructor takes it. */
export const environment: Omit<ProviderEnvironment, 'clock'> = {
  scopes: declared(resources.notes.scopes),
  acrValues: [acr],
  identityAssertions: { issuers: theIssuers.map(({ issuer }) => ({ issuer, keys: { url: `${issuer}/jwks.json` } })) },
  clientMetadata: { lookups: { limit: 1_000_000, window: 60_000 } },
  resources: {
    mail: {
      path: '/mail/mcp',
      scopes: declared(resources.mail.scopes),
      introspectors: ['mail-server'],
      lifetimes: { accessToken: resources.mail.accessToken },
    },
    archive: {
      url: resources.archive.uri,
      scopes: declared(resources.archive.scopes),
      introspectors: ['mail-server'],
      lifetimes: { accessToken: resources.archive.accessToken },
    },
  },
  tokenExchange: {
    paths: exchanges.map(({ server, from, to, scopes }) => ({
      clientId: server,
      from: from === 'notes' ? 'default' : from,
      to,
      scopes,
    })),
  },
  lifetimes: {
    authorizationCode: lifetimes.code,
    accessToken: resources.notes.accessToken,
    refreshToken: lifetimes.refreshToken,
    refreshTokenAbsolute: lifetimes.absolute,
    refreshTokenGrace: lifetimes.grace,
    deviceCode: lifetimes.deviceCode,
  },
};

function declared(scopes: readonly string[]): Record<string, ScopeDefinition> {
  return Object.fromEntries(scopes.map((scope) => [scope, definitionOf(scope)]));
}

/** What unlocks a scope's tool, and what the scope or the tool wants of the sign-in. */
export function definitionOf(scope: string): ScopeDefinition {
  const tool = (Object.keys(tools) as ToolName[]).find((name) => tools[name].scope === scope);
  if (tool === undefined) return {};
  const maxAgeSeconds = tools[tool].maxAge / 1000;
  return Number.isFinite(maxAgeOf(scope))
    ? { tools: [tool], signIn: { maxAgeSeconds } }
    : { tools: [tool], toolSignIn: { [tool]: { maxAgeSeconds } } };
}

export type InMemoryClass = new (
  options: InMemoryProviderOptions,
  environment: ProviderEnvironment,
) => InMemoryProvider;

/** The in-memory provider, or one with a mistake in it. Its users have no accounts: whoever is asked for is there. */
export async function inMemoryWorld(Provider: InMemoryClass = InMemoryProvider): Promise<World> {
  const clock = new ManualClock();
  const documents = new DocumentHost();
  publishKeys(documents);
  const signIns = new SignIns(clock);
  const next: { user: number; decision: Decision; signedIn: boolean } = { user: 0, decision: 'allow', signedIn: false };
  const approvalBy = (user: number, decision: Decision, scopes: readonly string[]): AutomaticApproval => {
    if (decision === 'deny') throw new OAuthError('access_denied', 'the user said no');
    const kept = decision === 'allow' ? scopes : [decision.only];
    return { subject: `user-${user}`, scopes: kept, authenticatedAt: signIns.of(user) };
  };
  const approve: Approve = (_client, { maxAge, scopes }) => {
    next.signedIn = signIns.renew(next.user, maxAge);
    return approvalBy(next.user, next.decision, scopes);
  };
  const links = new Map<string, number>();
  const mapAssertion: MapAssertion = (_client, { issuer, subject }) => {
    const user = links.get(`${issuer} ${subject}`);
    return user === undefined ? undefined : { subject: `user-${user}` };
  };
  // Devices are decided on later: each waits here for its user.
  const waiting = new Map<string, (decide: (request: DeviceAuthorization) => AutomaticApproval) => void>();
  const approveDevice: ApproveDevice = async (_client, request) => {
    const { promise, resolve } = Promise.withResolvers<(request: DeviceAuthorization) => AutomaticApproval>();
    waiting.set(request.userCode, resolve);
    return (await promise)(request);
  };
  const Swept = class extends Provider {
    sweep(): void {
      this.store.removeExpired(this.clock.now());
    }
  };
  const provider = new Swept(
    { ...options, approve, approveDevice, mapAssertion },
    { ...environment, clock, egress: documents },
  );
  return {
    provider,
    clock,
    freedoms: {
      keepsExpired: 0,
      findsExpiredAccessTokens: true,
      alwaysTellsAcr: false,
      looksAgain: false,
      hasSigningKeys: false,
    },
    isAdministered: false,
    addClient: (client) => provider.registerClient(client),
    addUser: async () => {},
    decide: async (user, url, decision) => {
      Object.assign(next, { user, decision, signedIn: false });
      const redirect = await redirectOf(provider, url);
      return { asked: true, signedIn: next.signedIn, redirect };
    },
    decideOnDevice: async (user, { userCode }, decision) => {
      let signedIn = false;
      waiting.get(userCode.replace('-', ''))?.(({ scopes }) => {
        signedIn = signIns.renew(user, Math.min(...scopes.map(maxAgeOf)));
        return approvalBy(user, decision, scopes);
      });
      await setImmediate();
      return { decided: true, signedIn };
    },
    documents,
    link: async (user, issuer, subject) => {
      links.set(`${issuer} ${subject}`, user);
      return true;
    },
    unlink: unsupported,
    setUser: unsupported,
    deleteClient: unsupported,
    withdraw: unsupported,
    rotateKeys: async () => {},
    sweep: async () => provider.sweep(),
    close: async () => {},
  };
}

/** When each user last signed in: they do so again where they have to. */
class SignIns {
  readonly #clock: ManualClock;
  readonly #at = new Map<number, number>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  of(user: number): number {
    return this.#at.get(user) ?? 0;
  }

  /** @param maxAge milliseconds @returns whether the user had to sign in */
  renew(user: number, maxAge = Number.POSITIVE_INFINITY): boolean {
    const now = this.#clock.now();
    if (this.#at.has(user) && now - this.of(user) <= maxAge) return false;
    this.#at.set(user, now);
    return true;
  }
}

async function redirectOf(provider: OAuthProvider, url: URL): Promise<URL | undefined> {
  const response = await provider.handle(new Request(url));
  const location = response?.headers.get('location');
  return location ? new URL(location) : undefined;
}

async function unsupported(): Promise<never> {
  throw new Error('there are no accounts here');
}
