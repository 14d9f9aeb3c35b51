import { describe, expect, it } from 'vitest';
import type { Subject } from '../../src/core/ids.ts';
import { formPost, type Parameters } from '../../src/testing/test-client.ts';
import { type ConsentHarness, type Device, openConsent } from '../support/consent.ts';
import { addGrant, type IdentityHarness, openIdentity, origin } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

const sessionName = '__Host-portcullis-session';

function post(device: Device, path: string, fields: Parameters, headers: Readonly<Record<string, string>> = {}) {
  return device.send(
    formPost(`${origin}${path}`, fields, { accept: 'text/html', origin, 'sec-fetch-site': 'same-origin', ...headers }),
  );
}

/** The CSRF token of the first form on a page that posts to an address. */
async function tokenFrom(device: Device, path: string, action = path): Promise<string> {
  const html = await (await device.get(path)).text();
  const token = new RegExp(`action="${action}"[^>]*><input type="hidden" name="csrf_token" value="([^"]+)"`).exec(html);
  if (token?.[1] === undefined) throw new Error(`no form to ${action} on ${path}`);
  return token[1];
}

async function userId({ services }: IdentityHarness, name: string): Promise<Subject> {
  const user = await services.users.findByName(name);
  if (user === undefined) throw new Error(`there is no ${name}`);
  return user.userId;
}

async function isSignedIn(device: Device): Promise<boolean> {
  return (await device.get('/account')).status === 200;
}

describe('a session cookie that an attacker planted', () => {
  it('is not the one after sign-in, and does not live on beside it', async () => {
    const harness = await openConsent();
    const [mallory, victim] = [harness.device(), harness.device()];
    await mallory.signIn('bob');
    const planted = mallory.cookies.get(sessionName) ?? '';
    victim.cookies.set(sessionName, planted);
    await victim.signIn('ada');
    expect(victim.cookies.get(sessionName)).not.toBe(planted);
    expect(await isSignedIn(mallory)).toBe(false);
    const invented = 'A'.repeat(43);
    victim.cookies.set(sessionName, invented);
    await victim.signIn('ada');
    expect(victim.cookies.get(sessionName)).not.toBe(invented);
  });

  it.each(['', 'x', `${'A'.repeat(42)}=`, "' OR '1'='1", 'A'.repeat(44), '../../x', `${'A'.repeat(43)}; x`])(
    '%j signs nobody in',
    async (value) => {
      const harness = await openConsent();
      const device = harness.device();
      device.cookies.set(sessionName, value);
      expect(await isSignedIn(device)).toBe(false);
    },
  );

  it('cannot be the hash that the account page and the database show', async () => {
    const harness = await openConsent();
    const [device, thief] = [harness.device(), harness.device()];
    await device.signIn();
    const secret = device.cookies.get(sessionName) ?? '';
    const page = await (await device.get('/account')).text();
    const dump = JSON.stringify(await harness.services.database.read('SELECT * FROM sessions'));
    expect(page.includes(secret) || dump.includes(secret)).toBe(false);
    const [row] = await harness.services.database.read('SELECT session_hash FROM sessions');
    thief.cookies.set(sessionName, String(row?.['session_hash']));
    expect(await isSignedIn(thief)).toBe(false);
  });
});

describe('a form that another site sends', () => {
  it('does not sign the victim in as the attacker, not even with a token and binding of the attacker’s own [MCP-BP-07]', async () => {
    const harness = await openConsent();
    const [mallory, victim] = [harness.device(), harness.device()];
    const fields = { username: 'bob', password: testUser.password, csrf_token: await tokenFrom(mallory, '/sign-in') };
    const hostile: Readonly<Record<string, string>>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
      { 'sec-fetch-site': 'same-site', origin: 'https://sibling.example.com' },
    ];
    for (const headers of hostile) expect((await post(victim, '/sign-in', fields, headers)).status).toBe(403);
    // A sandboxed frame in a browser that says nothing of where a request comes from.
    const silent = { origin: 'null', 'sec-fetch-site': '' };
    expect((await post(victim, '/sign-in', fields, silent)).status).toBe(403);
    for (const [name, value] of mallory.cookies) victim.cookies.set(name, value);
    for (const headers of hostile) expect((await post(victim, '/sign-in', fields, headers)).status).toBe(403);
    expect(victim.cookies.has(sessionName)).toBe(false);
  });

  it('does not sign the victim out', async () => {
    const harness = await openConsent();
    const [mallory, victim] = [harness.device(), harness.device()];
    await victim.signIn('ada');
    await mallory.signIn('bob');
    const csrf_token = await tokenFrom(mallory, '/sign-out');
    expect((await post(victim, '/sign-out', { csrf_token }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post(victim, '/sign-out', { csrf_token })).status).toBe(403);
    expect(await isSignedIn(victim)).toBe(true);
  });

  it('does nothing on the account page with a token of another session, also of the same user in the same browser', async () => {
    const harness = await openConsent();
    const device = harness.device();
    await device.signIn('ada');
    const old = await tokenFrom(device, '/account');
    await device.signIn('ada');
    const other = harness.device();
    await other.signIn('ada');
    expect((await post(device, '/account', { csrf_token: old, action: 'end-other-sessions' })).status).toBe(403);
    expect(await isSignedIn(other)).toBe(true);
  });
});

/** Ada and bob, each signed in and with a grant of one client, and what bob sends from his account page. */
async function adaAndBob(): Promise<{
  harness: ConsentHarness;
  ada: Device;
  act: (fields: Parameters) => Promise<Response>;
}> {
  const harness = await openConsent();
  const [ada, bob] = [harness.device(), harness.device()];
  await ada.signIn('ada');
  await bob.signIn('bob');
  await addGrant(harness, await userId(harness, 'ada'), 'client', 'grant-of-ada');
  const csrf_token = await tokenFrom(bob, '/account');
  return { harness, ada, act: (fields) => post(bob, '/account', { csrf_token, ...fields }) };
}

describe('one user against another', () => {
  it('cannot end a session that is not his, though he knows its identifier', async () => {
    const { harness, ada, act } = await adaAndBob();
    const [session] = await harness.services.sessions.list(await userId(harness, 'ada'));
    for (const id of [session?.sessionHash, `${session?.sessionHash}' OR '1'='1`, '%', "x' OR user_id <> '"]) {
      expect((await act({ action: 'end-session', session: id })).status).toBe(303);
    }
    expect(await isSignedIn(ada)).toBe(true);
  });

  it('cannot revoke a grant that is not his, nor make its consent forgotten [PITFALL-21]', async () => {
    const { harness, act } = await adaAndBob();
    for (const grant of ['grant-of-ada', "x' OR '1'='1", 'client']) {
      expect((await act({ action: 'revoke', grant })).status).toBe(303);
    }
    const { database } = harness.services;
    expect(await database.read('SELECT revoked_at FROM grants')).toEqual([{ revoked_at: null }]);
    expect(await database.read('SELECT count(*) AS n FROM consents')).toEqual([{ n: 1 }]);
  });

  it('cannot become an administrator, act for somebody else or widen what he may grant by fields that no form has', async () => {
    const { harness, act } = await adaAndBob();
    const { database } = harness.services;
    const before = await database.read('SELECT * FROM users ORDER BY user_key');
    const extra = {
      role: 'admin',
      user_id: await userId(harness, 'ada'),
      userId: 'x',
      status: 'active',
      grantable_scopes: '[]',
      password_hash: 'x',
    };
    for (const action of [
      'end-session',
      'revoke',
      'end-other-sessions',
      'change-password',
      'set-role',
      '__proto__',
      'constructor',
      'toString',
    ]) {
      const response = await act({ action, session: 'x', grant: 'x', username: 'ada', ...extra });
      expect([303, 400], action).toContain(response.status);
    }
    expect(await database.read('SELECT * FROM users ORDER BY user_key')).toEqual(before);
  });
});

describe('what stays behind in a browser', () => {
  it('is no page of an account: each answer is kept by nobody, redirects and errors included', async () => {
    const harness = await openConsent();
    const device = harness.device();
    await device.signIn();
    for (const path of [
      '/account',
      '/sign-in',
      '/sign-in?again=1',
      '/sign-out',
      '/consent?request=x',
      '/setup?token=x',
      '/account?x=%ff',
    ]) {
      const response = await device.get(path);
      expect([path, response.headers.get('cache-control')]).toEqual([path, 'no-store']);
      expect([path, response.headers.get('referrer-policy')]).toEqual([path, 'same-origin']);
    }
    const response = await post(device, '/sign-out', { csrf_token: await tokenFrom(device, '/sign-out') });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(device.cookies.has(sessionName)).toBe(false);
  });
});

describe('the set-up link', () => {
  it('cannot be guessed, made up, injected into or used for more than one administrator by people who race for it', async () => {
    const harness = await openIdentity();
    const token = new URL((await harness.portcullis.setupUrl()) ?? '').searchParams.get('token') ?? '';
    for (const guess of ['', 'x', token.slice(1), `${token}x`, token.toLowerCase(), "' OR '1'='1", '%']) {
      if (guess !== token) expect(await harness.services.setupLinks.state(guess), guess).toBe('expired');
    }
    const racers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        harness.services.setupLinks.createAdministrator(token, { userName: `admin-${n}`, passwordHash: 'x' }),
      ),
    );
    expect(racers.filter((outcome) => typeof outcome !== 'string')).toHaveLength(1);
    expect(await harness.services.users.countAdministrators()).toBe(1);
    expect(await harness.services.setupLinks.state(token)).toBe('used');
    expect(await harness.portcullis.setupUrl()).toBeUndefined();
  });

  it('opens nothing again once the administrators are gone or disabled: the last one stays', async () => {
    const harness = await openIdentity();
    const ada = await harness.addUser('ada', 'admin');
    const { users } = harness.services;
    for (const attempt of [
      () => users.delete(ada.userId),
      () => users.setRole(ada.userId, 'user'),
      () => users.setStatus(ada.userId, 'disabled'),
    ]) {
      await expect(attempt()).rejects.toThrow('last active administrator');
    }
    expect(await harness.portcullis.setupUrl()).toBeUndefined();
  });

  it('is in no event, no row and no link of its page', async () => {
    const harness = await openIdentity();
    const url = (await harness.portcullis.setupUrl()) ?? '';
    const token = new URL(url).searchParams.get('token') ?? '';
    const page = await (await harness.send(new Request(url))).text();
    expect(page.split(token)).toHaveLength(2);
    expect(page).not.toMatch(/(href|src)="https?:/);
    expect(JSON.stringify(harness.events)).not.toContain(token);
    expect(JSON.stringify(await harness.services.database.read('SELECT * FROM setup_links'))).not.toContain(token);
  });
});
