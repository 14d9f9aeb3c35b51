import { ManualClock } from '../../../src/core/clock.ts';
import type { Statement } from '../../../src/core/database.ts';
import type { Subject } from '../../../src/core/ids.ts';
import { withdrawAccess } from '../../../src/identity/consent/withdraw.ts';
import { Portcullis } from '../../../src/portcullis/portcullis.ts';
import { DocumentHost } from '../../../src/testing/document-host.ts';
import { TestBrowser, type TestPage } from '../../../src/testing/test-browser.ts';
import { type StartedDevice, sendTo } from '../../../src/testing/test-client.ts';
import { leaseDatabase } from '../../support/engine.ts';
import { testLimits, testUser } from '../../support/portcullis-harness.ts';
import { definitionOf } from './in-memory-world.ts';
import { publishKeys, theIssuers } from './issuers.ts';
import { acr, defaultScopes, exchanges, lifetimes, origin, resources } from './rules.ts';
import type { Arrival, Decision, World } from './world.ts';

const day = 86_400_000;

interface Person {
  readonly userId: Subject;
  readonly name: string;
  readonly browser: TestBrowser;
}

// One for all worlds: hashing a password costs more than all the rest of a sequence.
let knownHash: Promise<string> | undefined;

const neverDelayed = { freeFailures: 1_000_000, accountFailures: 1_000_000, addressFailures: 1_000_000 };

function declared(scopes: readonly string[]) {
  return Object.fromEntries(scopes.map((scope) => [scope, { ...definitionOf(scope), optional: true }]));
}

/**
 * The product on a database in memory.
 * @param sabotage statements that break its database, for worlds that must be found out
 */
export async function portcullisWorld(sabotage: readonly Statement[] = []): Promise<World> {
  const clock = new ManualClock();
  const documents = new DocumentHost();
  publishKeys(documents);
  const leased = await leaseDatabase();
  const provider = await Portcullis.open(
    {
      ...testLimits,
      baseUrl: origin,
      ...leased.settings,
      registration: { ...testLimits.registration, defaultScopes: [...defaultScopes] },
      signIn: { ...testLimits.signIn, ...neverDelayed, acrOfPassword: acr },
      clientAuthentication: neverDelayed,
      deviceAuthorization: {
        ...testLimits.deviceAuthorization,
        enabled: true,
        clients: 'all',
        codeMinutes: lifetimes.deviceCode / 60_000,
        guesses: neverDelayed,
      },
      identityAssertions: {
        issuers: theIssuers.map(({ issuer }) => ({ issuer, keysUrl: `${issuer}/jwks.json` })),
      },
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
    { clock, egress: documents },
  );
  const { users, passwords, clients, externalIdentities, signingKeys, retention, database } = provider.services;
  for (const statement of sabotage) await database.write(statement);
  knownHash ??= passwords.hash(testUser.password);
  const passwordHash = await knownHash;
  const people: Person[] = [];
  const personAt = (user: number): Person => {
    const person = people[user];
    if (person === undefined) throw new Error(`there is no user ${user}`);
    return person;
  };
  return {
    provider,
    clock,
    // Rows go once they have been of no use for more than a day.
    freedoms: {
      keepsExpired: day + 1,
      findsExpiredAccessTokens: false,
      alwaysTellsAcr: true,
      looksAgain: true,
      hasSigningKeys: true,
    },
    isAdministered: true,
    addClient: (client) => clients.add(client),
    addUser: async () => {
      const name = `person-${people.length}`;
      const { userId } = await users.create({ userName: name, passwordHash });
      people.push({ userId, name, browser: new TestBrowser(sendTo(provider), origin) });
    },
    decide: (user, url, decision) => decideAs(personAt(user), url, decision),
    decideOnDevice: (user, device, decision) => decideOnDeviceAs(personAt(user), device, decision),
    documents,
    link: (user, issuer, subject) => externalIdentities.link({ issuer, subject }, personAt(user).userId),
    unlink: async (issuer, subject) => void (await externalIdentities.unlink({ issuer, subject })),
    setUser: async (user, state) => {
      const { userId } = personAt(user);
      await (state === 'deleted' ? users.delete(userId) : users.setStatus(userId, state));
    },
    deleteClient: async (clientId) => void (await clients.delete(clientId)),
    withdraw: async (accessToken) => {
      const grantId = (await provider.loadAccessToken(accessToken))?.grantId;
      if (grantId !== undefined) await withdrawAccess(grantId, 'revoked by the user', provider.services);
    },
    rotateKeys: async (kind) => void (await signingKeys.rotate(kind)),
    sweep: async () => void (await retention.run()),
    close: async () => {
      await provider.close();
      await leased.release();
    },
  };
}

/** Signs in where asked, and decides where asked. Who may not sign in stays where they are. */
async function decideAs(person: Person, url: URL, decision: Decision): Promise<Arrival> {
  const { browser } = person;
  const { page, signedIn } = await signInIfAsked(person, await browser.visit(url));
  if (page instanceof URL) return { asked: false, signedIn, redirect: page };
  if (!page.html.includes('name="decision"')) return { asked: false, signedIn, redirect: undefined };
  const redirect = await browser.submitAndLeave(fieldsOf(decision, page));
  return { asked: true, signedIn, redirect };
}

/** Enters the code of a device, signs in where asked, before or after, and decides where asked. */
async function decideOnDeviceAs(person: Person, { url, userCode }: StartedDevice, decision: Decision) {
  const { browser } = person;
  let { page, signedIn } = await signInIfAsked(person, await browser.visit(url));
  for (let tries = 0; tries < 2 && isPage(page, 'user_code'); tries += 1) {
    const entered = await signInIfAsked(person, await browser.submit({ user_code: userCode }));
    signedIn ||= entered.signedIn;
    page = entered.page;
  }
  if (!isPage(page, 'decision')) return { decided: false, signedIn };
  const done = await browser.submit(fieldsOf(decision, page));
  return { decided: isPage(done, undefined), signedIn };
}

async function signInIfAsked({ name, browser }: Person, arrived: TestPage | URL) {
  if (!isPage(arrived, 'password')) return { page: arrived, signedIn: false };
  const page = await browser.submit({ username: name, password: testUser.password });
  return { page, signedIn: !isPage(page, 'password') };
}

/** Whether it is a good page; with a form that has this field. */
function isPage(arrived: TestPage | URL, field: string | undefined): arrived is TestPage {
  if (arrived instanceof URL) return false;
  return field === undefined ? arrived.status === 200 : arrived.html.includes(`name="${field}"`);
}

function fieldsOf(decision: Decision, { html }: TestPage) {
  if (typeof decision === 'string') return { decision };
  return { decision: 'allow', ...unticked(html, decision.only) };
}

/** Every tick box but this scope's, taken away. */
function unticked(html: string, kept: string): Record<string, undefined> {
  const names = [...html.matchAll(/<input type="checkbox"[^>]* name="(scope:[^"]*)"/g)].map(([, name = '']) => name);
  return Object.fromEntries(names.filter((name) => name !== `scope:${kept}`).map((name) => [name, undefined]));
}
