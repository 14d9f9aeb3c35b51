import { TestBrowser } from '../../../src/testing/test-browser.ts';
import { portcullis } from '../support/command-line.ts';
import { publicOrigin } from '../support/server-process.ts';
import { redeem, rotate, type Scene } from './actions.ts';
import { callStatus, redeemCode, refresh } from './client.ts';
import type { Connection, Person, RegisteredApp } from './ledger.ts';

/** How many of the old facts are looked at again after each crash. */
const sampled = 6;
// Codes live for ten minutes here; a slow machine must not make one look lost.
const surelyAlive = 300_000;

/** Which facts to verify: those of the last round and some of the others, or every one. */
export type Extent = 'recent' | 'all';

/** Holds a server that has just started against what was acknowledged before. Nobody else may be at it. */
export async function verify(scene: Scene, extent: Extent): Promise<void> {
  const { ledger, chance } = scene;
  await verifyAccounts(scene);
  const people = ledger.people.filter(({ isTouched }) => isTouched);
  const others = ledger.people.filter(({ isTouched }) => !isTouched);
  for (const person of extent === 'all' ? ledger.people : [...people, ...chance.some(others, 2)]) {
    await verifyPerson(person, scene, extent);
    person.isTouched = false;
  }
  const apps = extent === 'all' ? ledger.apps : [...ledger.apps.slice(-sampled), ...chance.some(ledger.apps, sampled)];
  for (const app of apps) await verifyApp(app, scene);
}

/** Every user at once, as the command line tells them. */
async function verifyAccounts({ ledger, directory }: Scene): Promise<void> {
  const { code, out, err } = await portcullis(['user', 'list', '--json'], directory);
  if (code !== 0) return void ledger.violations.unclean.push(`user list: ${err}`);
  const { users } = JSON.parse(out) as { users: { userName: string; status: string }[] };
  const found = new Map(users.map(({ userName, status }) => [userName, status]));
  for (const { name, account } of ledger.people) {
    const status = found.get(name) ?? 'deleted';
    const kind = account === 'active' ? 'lost' : 'cameBack';
    ledger.check('users', kind, status === account, () => `${name} is ${status} instead of ${account}`);
  }
}

async function verifyPerson(person: Person, scene: Scene, extent: Extent): Promise<void> {
  await verifySession(person, scene);
  if (person.account === 'active') await verifyPassword(person, scene);
  const { connections } = person;
  const recent = [...connections.slice(-4), ...scene.chance.some(connections.slice(0, -4), sampled)];
  for (const connection of extent === 'all' ? connections : recent) await verifyConnection(connection, scene);
}

async function verifySession(person: Person, { ledger }: Scene): Promise<void> {
  const arrived = await person.browser.visit(`${publicOrigin}/account`);
  const isSignedIn = !(arrived instanceof URL) && arrived.url.pathname === '/account';
  if (person.session === 'live') ledger.check('sessions', 'lost', isSignedIn, () => `${person.name} is signed out`);
  if (person.session === 'ended')
    ledger.check('sessions', 'cameBack', !isSignedIn, () => `${person.name} is signed in`);
  person.session = isSignedIn ? 'live' : 'ended';
}

async function verifyPassword({ name, password }: Person, { ledger, wire }: Scene): Promise<void> {
  const stranger = new TestBrowser(wire.send, publicOrigin);
  await stranger.visit(`${publicOrigin}/sign-in`);
  const arrived = await stranger.submit({ username: name, password });
  const isIn = !(arrived instanceof URL) && arrived.url.pathname === '/account';
  ledger.check('passwords', 'lost', isIn, () => `the password of ${name} does not work`);
}

async function verifyConnection(connection: Connection, scene: Scene): Promise<void> {
  await settleCode(connection, scene);
  await settleRotation(connection, scene);
  const statuses = await Promise.all(connection.accessTokens.slice(-2).map((token) => callStatus(scene.wire, token)));
  const works = statuses.includes(200);
  const { ledger, chance } = scene;
  if (connection.state === 'unsure') connection.state = works ? 'live' : 'ended';
  else if (connection.state === 'live' && statuses.length > 0) {
    ledger.check(
      'access tokens',
      'lost',
      statuses.every((status) => status === 200),
      () => `answered with ${statuses}`,
    );
    if (chance.onceIn(3)) await rotate(connection, scene);
  } else if (connection.state === 'ended') {
    ledger.check('revoked access tokens', 'cameBack', !works, () => 'one works again');
    await verifyEnded(connection, scene);
  }
}

/** What was spent or ended must not give anything any more. */
async function verifyEnded(connection: Connection, { ledger, wire }: Scene): Promise<void> {
  const { app, code, verifier, refreshTokens } = connection;
  const again = [await redeemCode(app, wire, code.secret, verifier)];
  for (const { secret } of refreshTokens.slice(-2)) again.push(await refresh(app, wire, secret));
  const revived = again.filter(({ status }) => status === 200);
  ledger.check('ended grants', 'cameBack', revived.length === 0, () => revived.map(({ text }) => text).join());
}

/** A code that waits must work, and only once; one whose fate is not known may do either. */
async function settleCode(connection: Connection, scene: Scene): Promise<void> {
  const { app, code, verifier, codeState, state } = connection;
  if (codeState === 'ended' || state === 'ended' || Date.now() - connection.issuedAt > surelyAlive) return;
  if (codeState === 'live') return scene.chance.onceIn(2) ? redeem(connection, scene, 1) : undefined;
  const wasSpent = scene.stored.isSpent(code.secret);
  const answer = await redeemCode(app, scene.wire, code.secret, verifier);
  if (answer.status === 200) scene.ledger.win(code, 'codes redeemed');
  scene.ledger.check(
    'codes spent by a redemption that got no answer',
    wasSpent ? 'spentTwice' : 'lost',
    (answer.status === 200) !== wasSpent,
    () => `${wasSpent ? 'spent' : 'not spent'}, and then ${answer.text}`,
  );
  // The other redemption counted: this one was its replay, and has ended what it opened.
  connection.codeState = 'ended';
  connection.state = 'ended';
  if (answer.status === 200) await redeemCode(app, scene.wire, code.secret, verifier);
}

async function settleRotation(connection: Connection, { ledger, wire, stored }: Scene): Promise<void> {
  if (!connection.isRotationUnsure) return;
  const present = connection.refreshTokens.at(-1);
  connection.isRotationUnsure = false;
  if (present === undefined) return;
  const wasRotated = stored.isRotated(present.secret);
  const answer = await refresh(connection.app, wire, present.secret);
  if (answer.status === 200) ledger.win(present, 'refresh tokens rotated');
  if (wasRotated)
    ledger.check('refresh tokens rotated without an answer', 'spentTwice', answer.status !== 200, () => answer.text);
  // Either it was spent before, and this was reuse; or it is spent now, and is reused next.
  if (answer.status === 200) await refresh(connection.app, wire, present.secret);
  connection.state = 'ended';
}

/** An app that is known and has its secret gets to hear that its code is wrong, not that it is. */
async function verifyApp(app: RegisteredApp, { ledger, wire }: Scene): Promise<void> {
  const { body, text } = await redeemCode(app, wire, 'x'.repeat(43), 'x'.repeat(43));
  ledger.check('registrations', 'lost', body['error'] === 'invalid_grant', () => text);
}
