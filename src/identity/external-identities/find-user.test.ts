import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AssertionPeer, accessTokenOf, addApp, outcome } from '../../../test/protocol/assertion-peer.ts';
import { addGrant, type IdentityHarness, openIdentity, signInAs } from '../../../test/support/identity.ts';
import type { PortcullisConfig } from '../../portcullis/config.ts';
import { TestIssuer } from '../../testing/test-issuer.ts';

type Users = NonNullable<NonNullable<NonNullable<PortcullisConfig['identityAssertions']>['issuers']>[number]['users']>;

const refused = '400 invalid_grant';
const verified = { email: 'ada@example.com', email_verified: true };

interface Opened extends IdentityHarness {
  readonly peer: AssertionPeer;
  readonly other: AssertionPeer;
  readonly reasons: () => string;
}

/** The product with two issuers, of which the first may do more than the second. */
async function open(users: Users = {}, others: Users = {}): Promise<Opened> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-issuers-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [one, two] = [new TestIssuer(), new TestIssuer('https://other.example')];
  const issuers = [one, two].map((issuer, index) => {
    const keysFile = join(directory, `${index}.json`);
    writeFileSync(keysFile, JSON.stringify(issuer.key.jwks));
    return { issuer: issuer.issuer, keysFile, users: index === 0 ? users : others };
  });
  const harness = await openIdentity({
    scopes: { read: {}, write: {} },
    identityAssertions: { issuers },
  });
  await addApp(harness.portcullis);
  return {
    ...harness,
    peer: new AssertionPeer(harness.portcullis, one),
    other: new AssertionPeer(harness.portcullis, two),
    reasons: () => harness.events.map(({ reason }) => reason).join('\n'),
  };
}

async function addWithEmail({ services }: Opened, userName: string, email: string, role: 'user' | 'admin' = 'user') {
  return services.users.create({ userName, email, role, passwordHash: 'x' });
}

describe('an identity that is linked', () => {
  it('is its user, whatever else the issuer says; nobody is found by a name [MCP-EMA-10, RFC7523-17]', async () => {
    const opened = await open();
    const { services, peer, other, addUser } = opened;
    const ada = await addUser('ada');
    const bob = await addUser('bob');
    expect(outcome(await peer.attempt({ preferred_username: 'ada', ...verified }))).toBe(refused);
    expect(opened.reasons()).toContain('portcullis identity link NAME --issuer https://idp.example.com --subject ada');
    await peer.attempt({ sub: "$(id)'; id #" });
    expect(opened.reasons()).toContain(`--subject '$(id)'\\''; id #'`);
    expect(await services.externalIdentities.link({ issuer: peer.issuer.issuer, subject: 'ada' }, bob.userId)).toBe(
      true,
    );
    expect(await services.externalIdentities.link({ issuer: peer.issuer.issuer, subject: 'ada' }, ada.userId)).toBe(
      false,
    );
    expect(await peer.subjectOf(await peer.attempt({ preferred_username: 'ada' }))).toBe(bob.userId);
    expect(outcome(await other.attempt({}))).toBe(refused);
    expect(outcome(await peer.attempt({ sub: 'Ada' }))).toBe(refused);
  });

  it('may grant what its user may, at resources that are for its user', async () => {
    const { services, peer, addUser } = await open();
    const ada = await addUser('ada');
    await services.externalIdentities.link({ issuer: peer.issuer.issuer, subject: 'ada' }, ada.userId);
    await services.users.setGrantableScopes(ada.userId, ['write']);
    expect((await peer.attempt({ scope: 'read write' })).body['scope']).toBe('write');
    expect(outcome(await peer.attempt({ scope: 'read' }))).toBe('400 invalid_scope');
  });

  it('is nobody while its user is disabled, and ends with its user', async () => {
    const opened = await open({ create: true });
    const { portcullis, services, peer } = opened;
    const token = accessTokenOf(await peer.attempt({}));
    const userId = (await portcullis.verifyToken(token))?.subject ?? '';
    await services.users.setStatus(userId, 'disabled');
    expect(await portcullis.verifyToken(token)).toBeUndefined();
    expect(outcome(await peer.attempt({}))).toBe(refused);
    expect(opened.reasons()).toContain('but disabled');
    expect(await services.users.list()).toHaveLength(1);
    await services.users.delete(userId);
    expect(await services.externalIdentities.list()).toEqual([]);
  });

  it('that is unlinked keeps nothing: its tokens die at once, and those of other apps live on', async () => {
    const opened = await open({ create: true });
    const { portcullis, services, peer } = opened;
    const token = accessTokenOf(await peer.attempt({}));
    const userId = (await portcullis.verifyToken(token))?.subject ?? '';
    await addGrant(opened, userId, 'editor', 'connected');
    const identity = { issuer: peer.issuer.issuer, subject: 'ada' };
    expect(await services.externalIdentities.unlink(identity)).toBe(true);
    expect(await services.externalIdentities.unlink(identity)).toBe(false);
    expect(await portcullis.verifyToken(token)).toBeUndefined();
    expect((await services.grants.list(10)).map(({ grantId }) => grantId)).toEqual(['connected']);
    expect(opened.events.map(({ name }) => name)).toContain('identity.unlinked');
  });
});

describe('a verified address', () => {
  it('links its user once, where the issuer may speak for its domain; from then on the subject counts [MCP-EMA-10]', async () => {
    const opened = await open({ matchEmailDomains: ['example.com'] });
    const ada = await addWithEmail(opened, 'ada', 'Ada@Example.com');
    const { peer } = opened;
    expect(await peer.subjectOf(await peer.attempt({ ...verified, email: 'ADA@example.COM' }))).toBe(ada.userId);
    expect(await peer.subjectOf(await peer.attempt({ email: 'somebody@else.example' }))).toBe(ada.userId);
    // A mailbox that was given to somebody else is another subject: it does not become the same user.
    expect(outcome(await peer.attempt({ sub: 'new owner', ...verified }))).toBe(refused);
  });

  it.each([
    ['is not verified', { email: 'ada@example.com' }],
    ['is said not to be verified', { ...verified, email_verified: false }],
    ['is said to be verified in another type', { ...verified, email_verified: 'true' }],
    ['is of another domain', { ...verified, email: 'ada@other.example' }],
    ['is of a domain below', { ...verified, email: 'ada@mail.example.com' }],
    ['has letters that fold to others', { ...verified, email: 'ada@e\u212aample.com' }],
    ['has a long s', { ...verified, email: 'ada\u017f@example.com' }],
    ['is a list', { ...verified, email: ['ada@example.com'] }],
    ['has two at signs', { ...verified, email: 'ada@example.com@evil.example' }],
    ['has white space', { ...verified, email: ' ada@example.com' }],
    ['has a comment', { ...verified, email: '"ada"@example.com' }],
  ])('that %s links nobody', async (_, claims) => {
    const opened = await open({ matchEmailDomains: ['example.com'] });
    for (const address of [
      'ada@example.com',
      'ada@other.example',
      'ada@mail.example.com',
      'adas@example.com',
      'ada@ekample.com',
    ])
      await addWithEmail(opened, address.replace('@', '-'), address);
    expect(outcome(await opened.peer.attempt(claims))).toBe(refused);
    expect(await opened.services.externalIdentities.list()).toEqual([]);
  });

  it('links nobody unless the administrator allows it for that issuer, and makes no second account either', async () => {
    const opened = await open({ matchEmailDomains: ['example.com'] }, { create: true });
    await addWithEmail(opened, 'ada', 'ada@example.com');
    expect(outcome(await opened.other.attempt(verified))).toBe(refused);
    expect(opened.reasons()).toContain('may not be found by it');
    expect(await opened.services.users.list()).toHaveLength(1);
  });

  it('never links an administrator, a disabled user, or one of two who share it, and makes nobody in their place', async () => {
    const opened = await open({ create: true, matchEmailDomains: ['example.com'] });
    await addWithEmail(opened, 'root', 'root@example.com', 'admin');
    const gone = await addWithEmail(opened, 'gone', 'gone@example.com');
    await opened.services.users.setStatus(gone.userId, 'disabled');
    await addWithEmail(opened, 'one', 'team@example.com');
    await addWithEmail(opened, 'two', 'TEAM@example.com');
    for (const name of ['root', 'gone', 'team'])
      expect(outcome(await opened.peer.attempt({ ...verified, sub: name, email: `${name}@example.com` })), name).toBe(
        refused,
      );
    expect(await opened.services.users.list()).toHaveLength(4);
    expect(await opened.services.externalIdentities.list()).toEqual([]);
  });

  it('of a user that another issuer had made finds nobody: that issuer chose the address', async () => {
    const opened = await open({ matchEmailDomains: ['example.com'] }, { create: true });
    accessTokenOf(await opened.other.attempt({ sub: 'intruder', ...verified }));
    expect(outcome(await opened.peer.attempt(verified))).toBe(refused);
    expect(await opened.services.externalIdentities.list()).toHaveLength(1);
  });
});

describe('a user who is made', () => {
  it('has the role user, no password, the scopes of the configuration, and a name that nobody had', async () => {
    const opened = await open({ create: true, grantableScopes: ['read'] });
    const { peer, services, addUser, browser } = opened;
    await addUser('ada');
    const claims = { preferred_username: 'ada', name: ' Ada Lovelace ', ...verified, scope: 'read write' };
    const answer = await peer.attempt(claims);
    expect(answer.body['scope']).toBe('read');
    const user = await services.users.findById((await peer.subjectOf(answer)) ?? '');
    expect(user).toMatchObject({
      userName: 'ada-2',
      displayName: 'Ada Lovelace',
      email: 'ada@example.com',
      role: 'user',
      status: 'active',
      grantableScopes: ['read'],
    });
    for (const password of ['!', '', ' ', 'correct horse battery staple'])
      expect((await signInAs(browser(), 'ada-2', password)).url.pathname, password).toBe('/sign-in');
    expect(opened.events).toContainEqual(expect.objectContaining({ name: 'user.created', subject: user?.userId }));
  });

  it.each([
    ['Ada.Lovelace@example.com', 'Ada.Lovelace@example.com'],
    ['  ada  lovelace/<b>  ', 'ada.lovelace.b'],
    ['../../root', 'root'],
    ['\u3164', undefined],
    ['x'.repeat(500), 'x'.repeat(50)],
    [7, undefined],
    ['', undefined],
  ])('from preferred_username %j is called %j', async (preferred, expected) => {
    const { peer, services } = await open({ create: true });
    const answer = await peer.attempt({ preferred_username: preferred, name: 'A\u202eda', email: 'x@example.com' });
    const user = await services.users.findById((await peer.subjectOf(answer)) ?? '');
    expect(user?.userName).toMatch(expected === undefined ? /^user-[\w-]{8}$/ : expected);
    expect(user?.displayName).toBe(user?.userName);
    expect(user?.email).toBeUndefined();
  });

  it('is one, however many requests come at the same moment', async () => {
    const { peer, services } = await open({ create: true });
    const answers = await Promise.all(Array.from({ length: 3 }, () => peer.attempt({ preferred_username: 'ada' })));
    expect(new Set(await Promise.all(answers.map((answer) => peer.subjectOf(answer)))).size).toBe(1);
    expect(await services.users.list()).toHaveLength(1);
  });

  it('is the last one where the issuer has had as many made as it may, and who is there stays', async () => {
    const opened = await open({ create: true, maximumCreated: 2 }, { create: true });
    const { peer, other, services } = opened;
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map(async (sub) => outcome(await peer.attempt({ sub }))));
    expect(outcomes.filter((each) => each === '200')).toHaveLength(2);
    expect(opened.reasons()).toContain('maximumCreated');
    expect(outcome(await other.attempt({ sub: 'e' }))).toBe('200');
    expect(await services.users.list()).toHaveLength(3);
    const [linked] = await services.externalIdentities.list();
    expect(outcome(await peer.attempt({ sub: linked?.subject }))).toBe('200');
  });
});
