import { ManualClock } from '../../../src/core/clock.ts';
import type { Statement } from '../../../src/core/database.ts';
import { withdrawAccess } from '../../../src/identity/consent/withdraw.ts';
import { Portcullis } from '../../../src/portcullis/portcullis.ts';
import { TestBrowser } from '../../../src/testing/test-browser.ts';
import { sendTo } from '../../../src/testing/test-client.ts';
import { testLimits, testUser } from '../../support/portcullis-harness.ts';
import { defaultScopes, exchanges, lifetimes, origin, resources } from './rules.ts';
import type { Arrival, Decision, World } from './world.ts';

const day = 86_400_000;

interface Person {
  readonly userId: string;
  readonly name: string;
  readonly browser: TestBrowser;
}

// One for all worlds: hashing a password costs more than all the rest of a sequence.
let knownHash: Promise<string> | undefined;

const neverDelayed = { freeFailures: 1_000_000, accountFailures: 1_000_000, addressFailures: 1_000_000 };

function declared(scopes: readonly string[]) {
  return Object.fromEntries(scopes.map((scope) => [scope, { optional: true }]));
}

/**
 * The product on a database in memory.
 * @param sabotage statements that break its database, for worlds that must be found out
 */
export async function portcullisWorld(sabotage: readonly Statement[] = []): Promise<World> {
  const clock = new ManualClock();
  const provider = await Portcullis.open(
    {
      ...testLimits,
      baseUrl: origin,
      database: ':memory:',
      registration: { ...testLimits.registration, defaultScopes: [...defaultScopes] },
      signIn: { ...testLimits.signIn, ...neverDelayed },
      clientAuthentication: neverDelayed,
      scopes: declared(resources.notes.scopes),
      resources: {
        mail: {
          path: '/mail/mcp',
          scopes: declared(resources.mail.scopes),
          introspectors: ['mail-server'],
          accessTokenSeconds: resources.mail.accessToken / 1000,
        },
        archive: {
          url: resources.archive.uri,
          scopes: declared(resources.archive.scopes),
          introspectors: ['mail-server'],
          accessTokenSeconds: resources.archive.accessToken / 1000,
        },
      },
      tokenExchange: {
        paths: exchanges.map(({ server, from, to, scopes }) => ({
          client: server,
          from: from === 'notes' ? 'default' : from,
          to,
          scopes,
        })),
      },
      tokens: {
        authorizationCodeSeconds: lifetimes.code / 1000,
        accessTokenSeconds: resources.notes.accessToken / 1000,
        refreshTokenDays: lifetimes.refreshToken / day,
        refreshTokenAbsoluteDays: lifetimes.absolute / day,
        refreshGraceSeconds: lifetimes.grace / 1000,
      },
    },
    { clock },
  );
  const { users, passwords, clients, signingKeys, retention, database } = provider.services;
  for (const statement of sabotage) await database.write(statement);
  knownHash ??= passwords.hash(testUser.password);
  const passwordHash = await knownHash;
  const people: Person[] = [];
  return {
    provider,
    clock,
    // Rows go once they have been of no use for more than a day.
    freedoms: { keepsExpired: day + 1, findsExpiredAccessTokens: false, hasSigningKeys: true },
    isAdministered: true,
    addClient: (client) => clients.add(client),
    addUser: async () => {
      const name = `person-${people.length}`;
      const { userId } = await users.create({ userName: name, passwordHash });
      people.push({ userId, name, browser: new TestBrowser(sendTo(provider), origin) });
    },
    decide: (user, url, decision) => {
      const person = people[user];
      if (person === undefined) throw new Error(`there is no user ${user}`);
      return decideAs(person, url, decision);
    },
    setUser: async (user, state) => {
      const userId = people[user]?.userId ?? '';
      await (state === 'deleted' ? users.delete(userId) : users.setStatus(userId, state));
    },
    deleteClient: async (clientId) => void (await clients.delete(clientId)),
    withdraw: async (accessToken) => {
      const grantId = (await provider.loadAccessToken(accessToken))?.grantId;
      if (grantId !== undefined) await withdrawAccess(grantId, 'revoked by the user', provider.services);
    },
    rotateKeys: async (kind) => void (await signingKeys.rotate(kind)),
    sweep: async () => void (await retention.run()),
    close: () => provider.close(),
  };
}

/** Signs in where asked, and decides where asked. Who may not sign in stays where they are. */
async function decideAs({ name, browser }: Person, url: URL, decision: Decision): Promise<Arrival> {
  let arrived = await browser.visit(url);
  if (!(arrived instanceof URL) && arrived.html.includes('name="password"'))
    arrived = await browser.submit({ username: name, password: testUser.password });
  if (arrived instanceof URL) return { asked: false, redirect: arrived };
  if (!arrived.html.includes('name="decision"')) return { asked: false, redirect: undefined };
  const redirect = await browser.submitAndLeave({
    decision: decision === 'deny' ? 'deny' : 'allow',
    ...(typeof decision === 'string' ? {} : unticked(arrived.html, decision.only)),
  });
  return { asked: true, redirect };
}

/** Every tick box but this scope's, taken away. */
function unticked(html: string, kept: string): Record<string, undefined> {
  const names = [...html.matchAll(/<input type="checkbox"[^>]* name="(scope:[^"]*)"/g)].map(([, name = '']) => name);
  return Object.fromEntries(names.filter((name) => name !== `scope:${kept}`).map((name) => [name, undefined]));
}
