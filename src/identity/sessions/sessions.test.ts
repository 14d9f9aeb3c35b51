import { describe, expect, it } from 'vitest';
import { onPage, openIdentity, origin, signInAs } from '../../../test/support/identity.ts';
import { hashSecret } from '../../core/hash.ts';
import { AuthenticatedUser } from './authenticated-user.ts';

const hour = 3_600_000;

/** Signs in and gives the cookie header of the session alone. */
async function sessionOf(
  harness: Awaited<ReturnType<typeof openIdentity>>,
  userName = 'ada',
  request = new Request(origin),
) {
  const user = await harness.services.users.findByName(userName);
  if (user === undefined) throw new Error('no such user');
  const setCookie = await harness.services.sessions.start(user, request, { clientAddress: '192.0.2.1' });
  return { setCookie, cookie: setCookie?.split(';')[0] ?? '', user };
}

const withCookie = (cookie: string) => new Request(`${origin}/account`, { headers: { cookie } });

describe('a session', () => {
  it('is a secret of 256 bits in a __Host- cookie, stored only as its hash', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { setCookie = '', cookie } = await sessionOf(harness);
    expect(setCookie).toMatch(
      /^__Host-portcullis-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=604800$/,
    );
    const secret = cookie.split('=')[1] ?? '';
    const rows = await harness.services.database.read('SELECT * FROM sessions');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(rows[0]?.session_hash).toBe(hashSecret(secret));
  });

  it('over http on loopback has neither the prefix nor Secure, and the port in its name', async () => {
    const harness = await openIdentity({ baseUrl: 'http://localhost:3000' });
    await harness.addUser('ada');
    const { setCookie = '' } = await sessionOf(harness);
    expect(setCookie).toMatch(/^portcullis-session-3000=/);
    expect(setCookie).not.toContain('Secure');
  });

  it('proves its user, and nothing else does', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { cookie, user } = await sessionOf(harness);
    const proof = await harness.services.sessions.authenticate(withCookie(cookie));
    expect(proof?.user.userId).toBe(user.userId);
    expect(proof?.authenticatedAt).toBe(harness.clock.now());
    if (proof !== undefined) AuthenticatedUser.assert(proof);
    const forged = { user, sessionHash: proof?.sessionHash, authenticatedAt: 0 } as unknown as AuthenticatedUser;
    expect(() => AuthenticatedUser.assert(forged)).toThrow(TypeError);
    const name = cookie.split('=')[0];
    for (const value of ['', 'x', 'A'.repeat(43), proof?.sessionHash]) {
      expect(await harness.services.sessions.authenticate(withCookie(`${name}=${value}`))).toBeUndefined();
    }
  });

  it('ends after its idle time, however often it was looked at, and lives on while it is used', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { cookie } = await sessionOf(harness);
    for (let use = 0; use < 4; use += 1) {
      harness.clock.advance(11 * hour);
      expect(await harness.services.sessions.authenticate(withCookie(cookie))).toBeDefined();
    }
    harness.clock.advance(12 * hour);
    expect(await harness.services.sessions.authenticate(withCookie(cookie))).toBeUndefined();
  });

  it('ends at its absolute time although it is used', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { cookie } = await sessionOf(harness);
    for (let use = 0; use < 16; use += 1) {
      harness.clock.advance(10 * hour);
      expect(await harness.services.sessions.authenticate(withCookie(cookie))).toBeDefined();
    }
    harness.clock.advance(8 * hour);
    expect(await harness.services.sessions.authenticate(withCookie(cookie))).toBeUndefined();
  });

  it('is written to at most once a minute', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { cookie, user } = await sessionOf(harness);
    const start = harness.clock.now();
    const lastSeen = async () => (await harness.services.sessions.list(user.userId))[0]?.lastSeenAt;
    harness.clock.advance(59_000);
    await harness.services.sessions.authenticate(withCookie(cookie));
    expect(await lastSeen()).toBe(start);
    harness.clock.advance(1_000);
    await harness.services.sessions.authenticate(withCookie(cookie));
    expect(await lastSeen()).toBe(start + 60_000);
  });

  it('dies with its user', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { cookie, user } = await sessionOf(harness);
    await harness.services.users.setStatus(user.userId, 'disabled');
    expect(await harness.services.sessions.authenticate(withCookie(cookie))).toBeUndefined();
  });

  it('is not started for a user who was disabled, or whose password changed, while it was verified', async () => {
    const harness = await openIdentity();
    const { services, clock } = harness;
    const verified = await harness.addUser('ada');
    clock.advance(1);
    await services.users.setPasswordHash(verified.userId, 'new hash');
    expect(await services.sessions.start(verified, new Request(origin), {})).toBeUndefined();
    const current = await services.users.findById(verified.userId);
    if (current === undefined) throw new Error('no user');
    expect(await services.sessions.start(current, new Request(origin), {})).toBeDefined();
    await services.users.setStatus(verified.userId, 'disabled');
    expect(await services.sessions.start(current, new Request(origin), {})).toBeUndefined();
  });

  it('remembers when the user signed in last, where from, and with what, cut to a bearable length', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const { user } = await sessionOf(
      harness,
      'ada',
      new Request(origin, { headers: { 'user-agent': 'x'.repeat(5000) } }),
    );
    const [session] = await harness.services.sessions.list(user.userId);
    expect(session?.userAgent).toHaveLength(200);
    expect(session?.address).toBe('192.0.2.1');
    expect((await harness.services.users.findById(user.userId))?.lastSignedInAt).toBe(harness.clock.now());
  });
});

describe('ending sessions', () => {
  it('the secret changes at every sign-in, and the browser’s former session ends', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const first = await sessionOf(harness);
    const second = await sessionOf(harness, 'ada', withCookie(first.cookie));
    expect(second.cookie).not.toBe(first.cookie);
    expect(await harness.services.sessions.authenticate(withCookie(first.cookie))).toBeUndefined();
    expect(await harness.services.sessions.list(first.user.userId)).toHaveLength(1);
  });

  it('a session id planted in the browser before sign-in is worth nothing after it', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const planted = `__Host-portcullis-session=${'A'.repeat(43)}`;
    await sessionOf(harness, 'ada', withCookie(planted));
    expect(await harness.services.sessions.authenticate(withCookie(planted))).toBeUndefined();
  });

  it('a user ends one, the others, or all, and nobody else’s', async () => {
    const harness = await openIdentity();
    const { services } = harness;
    await harness.addUser('ada');
    await harness.addUser('bob');
    const [a, b, c] = [await sessionOf(harness), await sessionOf(harness), await sessionOf(harness)];
    const bobs = await sessionOf(harness, 'bob');
    const hashOf = (cookie: string) => hashSecret(cookie.split('=')[1] ?? '');
    expect(await services.sessions.end(hashOf(bobs.cookie), a.user.userId)).toBe(false);
    expect(await services.sessions.end(hashOf(b.cookie), a.user.userId)).toBe(true);
    expect(await services.sessions.authenticate(withCookie(b.cookie))).toBeUndefined();
    const proof = await services.sessions.authenticate(withCookie(a.cookie));
    if (proof === undefined) throw new Error('not signed in');
    expect(await services.sessions.endOthers(proof)).toBe(1);
    expect(await services.sessions.authenticate(withCookie(c.cookie))).toBeUndefined();
    expect(await services.sessions.authenticate(withCookie(a.cookie))).toBeDefined();
    expect(await services.sessions.endAll(a.user.userId)).toBe(1);
    expect(await services.sessions.authenticate(withCookie(bobs.cookie))).toBeDefined();
  });

  it('expired sessions are removed by the retention job, living ones stay [PITFALL-23]', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    await sessionOf(harness);
    harness.clock.advance(13 * hour);
    await sessionOf(harness);
    await harness.services.retention.run();
    expect(await harness.services.database.read('SELECT 1 AS x FROM sessions')).toHaveLength(1);
  });
});

describe('signing out', () => {
  it('takes a form of ours; then the session is gone on the server too', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const browser = harness.browser();
    await signInAs(browser, 'ada');
    const confirm = onPage(await browser.visit(`${origin}/sign-out`));
    expect(confirm.html).toContain('Sign out?');
    const after = onPage(await browser.submit());
    expect(after.html).toContain('You are signed out');
    expect(await harness.services.database.read('SELECT 1 AS x FROM sessions')).toEqual([]);
    expect(onPage(await browser.visit(`${origin}/account`)).url.pathname).toBe('/sign-in');
    expect(harness.events.map(({ name }) => name)).toContain('user.signed_out');
  });

  it('a link or another site’s form signs nobody out', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const browser = harness.browser();
    await signInAs(browser, 'ada');
    await browser.visit(`${origin}/sign-out`);
    onPage(await browser.visit(`${origin}/account`));
    const forged = onPage(await browser.submit({ csrf_token: 'forged' }));
    expect(forged.status).toBe(403);
    expect(await harness.services.database.read('SELECT 1 AS x FROM sessions')).toHaveLength(1);
  });
});
