import { TestBrowser } from '../../../src/testing/test-browser.ts';
import { portcullis } from '../support/command-line.ts';
import type { Seeded } from '../support/seeded.ts';
import { publicOrigin } from '../support/server-process.ts';
import { Lost, type Wire } from '../support/wire.ts';
import { authorizationRequest, keepTokens, redeemCode, refresh, registerApp, revoke } from './client.ts';
import { type Connection, endEverything, type Ledger, type Person, type RegisteredApp } from './ledger.ts';
import type { Stored } from './stored.ts';

/** Where actions take place. */
export interface Scene {
  readonly ledger: Ledger;
  readonly wire: Wire;
  readonly chance: Seeded;
  readonly directory: string;
  readonly stored: Stored;
}

const authMethods = ['none', 'client_secret_basic', 'client_secret_post'] as const;

export async function register({ ledger, wire, chance }: Scene): Promise<void> {
  const app = await registerApp(wire, chance.pick(authMethods) ?? 'none');
  ledger.apps.push(app);
  ledger.acknowledge('registrations');
}

/** Adds a user by the command line. */
export async function addPerson({ ledger, wire, directory }: Scene): Promise<void> {
  ledger.names += 1;
  const name = `user${ledger.names}`;
  const person: Person = {
    name,
    password: `violet kettle ${ledger.names} harbour`,
    browser: new TestBrowser(wire.send, publicOrigin),
    account: 'active',
    session: 'ended',
    connections: [],
    waiting: undefined,
    isBusy: false,
    isTouched: true,
  };
  await command(['user', 'add', name, '--password-stdin'], directory, person.password);
  ledger.people.push(person);
  ledger.acknowledge('users added');
}

/** Begins an authorization; now and then the person leaves it open for later. */
export async function authorize(person: Person, app: RegisteredApp, scene: Scene): Promise<void> {
  const { url, verifier } = authorizationRequest(app);
  const arrived = await person.browser.visit(url);
  const page = arrived instanceof URL ? undefined : arrived.url;
  if (page?.searchParams.has('request') === true) {
    scene.ledger.acknowledge('authorization requests');
    person.waiting = {
      app,
      verifier,
      page: new URL(`${publicOrigin}/consent?request=${page.searchParams.get('request')}`),
    };
    if (scene.chance.onceIn(4)) return;
    await decide(person, scene);
    return;
  }
  if (arrived instanceof URL) receive(person, app, verifier, arrived, scene.ledger);
  else unexpected(scene.ledger, `an authorization ended on ${arrived.url} with ${arrived.status}`);
}

/** Signs in where asked, and allows. */
export async function decide(person: Person, scene: Scene): Promise<void> {
  const { waiting, browser } = person;
  if (waiting === undefined) return;
  let arrived = await person.browser.visit(waiting.page);
  if (!(arrived instanceof URL) && arrived.url.pathname === '/sign-in') arrived = await signIn(person, scene);
  // From here on, the request may be finished whether or not that is heard of.
  person.waiting = undefined;
  if (!(arrived instanceof URL)) {
    const isOpen = arrived.status === 200 && arrived.html.includes('value="allow"');
    const { status, url } = arrived;
    scene.ledger.check('open authorization requests', 'lost', isOpen, () => `${status} at ${url}`);
    if (!isOpen) return;
    arrived = await browser.submitAndLeave({ decision: 'allow' });
  }
  receive(person, waiting.app, waiting.verifier, arrived, scene.ledger);
}

async function signIn(person: Person, { ledger }: Scene) {
  person.session = 'unsure';
  const arrived = await person.browser.submit({ username: person.name, password: person.password });
  const isIn = arrived instanceof URL || arrived.url.pathname !== '/sign-in';
  ledger.check('sign-ins', 'lost', isIn, () => `${person.name} could not sign in`);
  person.session = isIn ? 'live' : 'ended';
  if (isIn) ledger.acknowledge('sign-ins');
  return arrived;
}

function receive(person: Person, app: RegisteredApp, verifier: string, arrived: URL, ledger: Ledger): void {
  const secret = arrived.searchParams.get('code');
  if (secret === null) {
    unexpected(ledger, `no code in ${arrived}`);
    return;
  }
  ledger.acknowledge('codes');
  person.connections.push({
    app,
    verifier,
    code: { secret, wins: 0 },
    issuedAt: Date.now(),
    codeState: 'live',
    state: 'live',
    accessTokens: [],
    refreshTokens: [],
    isRotationUnsure: false,
  });
}

/** Redeems a code, now and then twice at the same moment, which is a replay. */
export async function redeem(connection: Connection, scene: Scene, times: 1 | 2): Promise<void> {
  const { ledger, wire } = scene;
  const { app, code, verifier } = connection;
  connection.codeState = 'unsure';
  const answers = await Promise.allSettled(
    Array.from({ length: times }, () => redeemCode(app, wire, code.secret, verifier)),
  );
  const heard = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  for (const answer of heard.filter(({ status }) => status === 200)) {
    ledger.win(code, 'codes redeemed');
    ledger.acknowledge('redemptions');
    keepTokens(connection, answer);
    connection.codeState = 'ended';
  }
  for (const { status, text } of heard)
    if (status !== 200 && status !== 400) unexpected(ledger, `a code got ${status}: ${text}`);
  if (times === 2) connection.state = heard.length === 2 ? 'ended' : 'unsure';
  const refused = answers.find((answer) => answer.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
  if (times === 1 && code.wins === 0)
    ledger.check('codes redeemed', 'lost', false, () => `a code was refused: ${heard[0]?.text}`);
}

/** Rotates the present refresh token. */
export async function rotate(connection: Connection, { ledger, wire }: Scene): Promise<void> {
  const present = connection.refreshTokens.at(-1);
  if (present === undefined) return;
  connection.isRotationUnsure = true;
  const answer = await refresh(connection.app, wire, present.secret);
  connection.isRotationUnsure = false;
  ledger.check(
    'refresh tokens rotated',
    'lost',
    answer.status === 200,
    () => `refused with ${answer.status}: ${answer.text}`,
  );
  if (answer.status !== 200) return;
  ledger.win(present, 'refresh tokens rotated');
  ledger.acknowledge('rotations');
  keepTokens(connection, answer);
}

/** Presents a refresh token that was rotated before, which ends its whole family. */
export async function reuse(connection: Connection, { ledger, wire, chance }: Scene): Promise<void> {
  const spent = chance.pick(connection.refreshTokens.slice(0, -1));
  if (spent === undefined) return;
  connection.state = 'unsure';
  const answer = await refresh(connection.app, wire, spent.secret);
  if (answer.status === 200) ledger.win(spent, 'refresh tokens reused');
  else ledger.acknowledge('reuses refused');
  connection.state = 'ended';
}

export async function endByClient(connection: Connection, { ledger, wire, chance }: Scene): Promise<void> {
  const token = chance.onceIn(2) ? connection.accessTokens.at(-1) : connection.refreshTokens.at(-1)?.secret;
  if (token === undefined) return;
  connection.state = 'unsure';
  const { status } = await revoke(connection.app, wire, token);
  if (status !== 200) return unexpected(ledger, `a revocation was answered with ${status}`);
  connection.state = 'ended';
  ledger.acknowledge('revocations');
}

/** What an administrator does beside the server. */
export async function administer(person: Person, { ledger, chance, directory }: Scene): Promise<void> {
  const { name } = person;
  if (person.account === 'disabled') {
    await command(['user', 'enable', name], directory);
    person.account = 'active';
  } else if (chance.onceIn(3)) {
    person.password = `violet kettle harbour ${chance.below(1e9)}`;
    await command(['user', 'password', name, '--password-stdin'], directory, person.password);
    person.session = 'ended';
  } else if (chance.onceIn(6)) {
    await command(['user', 'delete', name, '--yes'], directory);
    person.account = 'deleted';
    endEverything(person);
  } else if (chance.onceIn(2)) {
    await command(['user', 'disable', name], directory);
    person.account = 'disabled';
    endEverything(person);
  } else if (person.connections.some(({ state, accessTokens }) => state === 'live' && accessTokens.length > 0)) {
    await command(['grant', 'revoke', '--user', name], directory);
    for (const connection of person.connections) if (connection.codeState !== 'live') connection.state = 'ended';
  } else return;
  ledger.acknowledge('changes by the command line');
}

/** @throws Error where the command failed: beside a server that dies, it must not */
async function command(words: readonly string[], directory: string, input = ''): Promise<void> {
  const { code, err } = await portcullis(words, directory, `${input}\n`);
  if (code !== 0) throw new Error(`portcullis ${words.join(' ')} ended with ${code}: ${err}`);
}

function unexpected(ledger: Ledger, what: string): void {
  ledger.violations.unclean.push(what);
}

/** Whether an error only says that the server has gone. */
export function isLost(error: unknown): boolean {
  return error instanceof Lost;
}
