import { ManualClock } from '../../../src/core/clock.ts';
import type { ProviderEnvironment } from '../../../src/core/environment.ts';
import { OAuthError } from '../../../src/core/errors.ts';
import type { OAuthProviderOptions } from '../../../src/core/settings.ts';
import { type Approve, InMemoryProvider, type InMemoryProviderOptions } from '../../../src/in-memory/index.ts';
import type { OAuthProvider } from '../../../src/provider.ts';
import { defaultScopes, exchanges, lifetimes, origin, resources } from './rules.ts';
import type { Decision, World } from './world.ts';

const options: OAuthProviderOptions = {
  baseUrl: origin,
  clientRegistration: {
    enabled: true,
    validScopes: Object.values(resources).flatMap(({ scopes }) => scopes),
    defaultScopes,
  },
};

/** What the rules say, as the constructor takes it. */
export const environment: Omit<ProviderEnvironment, 'clock'> = {
  scopes: declared(resources.notes.scopes),
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
  },
};

function declared(scopes: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(scopes.map((scope) => [scope, {}]));
}

export type InMemoryClass = new (
  options: InMemoryProviderOptions,
  environment: ProviderEnvironment,
) => InMemoryProvider;

/** The in-memory provider, or one with a mistake in it. Its users have no accounts: whoever is asked for is there. */
export async function inMemoryWorld(Provider: InMemoryClass = InMemoryProvider): Promise<World> {
  const clock = new ManualClock();
  const next: { user: number; decision: Decision } = { user: 0, decision: 'allow' };
  const approve: Approve = (_client, request) => {
    if (next.decision === 'deny') throw new OAuthError('access_denied', 'the user said no');
    const scopes = next.decision === 'allow' ? request.scopes : [next.decision.only];
    return { subject: `user-${next.user}`, scopes };
  };
  const Swept = class extends Provider {
    sweep(): void {
      this.store.removeExpired(this.clock.now());
    }
  };
  const provider = new Swept({ ...options, approve }, { ...environment, clock });
  return {
    provider,
    clock,
    freedoms: { keepsExpired: 0, findsExpiredAccessTokens: true, hasSigningKeys: false },
    isAdministered: false,
    addClient: (client) => provider.registerClient(client),
    addUser: async () => {},
    decide: async (user, url, decision) => {
      Object.assign(next, { user, decision });
      return { asked: true, redirect: await redirectOf(provider, url) };
    },
    setUser: unsupported,
    deleteClient: unsupported,
    withdraw: unsupported,
    rotateKeys: async () => {},
    sweep: async () => provider.sweep(),
    close: async () => {},
  };
}

async function redirectOf(provider: OAuthProvider, url: URL): Promise<URL | undefined> {
  const response = await provider.handle(new Request(url));
  const location = response?.headers.get('location');
  return location ? new URL(location) : undefined;
}

async function unsupported(): Promise<never> {
  throw new Error('there are no accounts here');
}
