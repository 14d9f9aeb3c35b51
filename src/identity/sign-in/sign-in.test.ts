import { describe, expect, it } from 'vitest';
import { type IdentityHarness, onPage, openIdentity, origin, signInAs } from '../../../test/support/identity.ts';
import { testUser } from '../../../test/support/portcullis-harness.ts';
import { createTestClient } from '../../testing/test-client.ts';

const wrong = 'not the password at all';

describe('signing in', () => {
  it('with the right password leads to the account page in a new session', async () => {
    const { browser, addUser, events } = await openIdentity();
    const { userId } = await addUser('ada');
    const account = await signInAs(browser(), 'ADA');
    expect(account.url.pathname).toBe('/account');
    expect(account.html).toContain('ada');
    expect(events).toContainEqual(expect.objectContaining({ name: 'user.signed_in', subject: userId }));
  });

  it('gives the same answer whether the user exists, is disabled, or mistyped [PITFALL-24]', async () => {
    const { browser, addUser, services } = await openIdentity();
    await addUser('ada');
    const { userId } = await addUser('eve');
    await services.users.setStatus(userId, 'disabled');
    const answers = [];
    for (const [name, password] of [
      ['ada', wrong],
      ['eve', testUser.password],
      ['bob', wrong],
      ['no/such name', wrong],
    ] as const) {
      const page = await signInAs(browser(), name, password);
      expect(page.status).toBe(400);
      expect(page.html).toContain('The user name or the password is wrong.');
      answers.push(page.html.replaceAll(name, 'NAME').replace(/name="csrf_token" value="[^"]*"/g, ''));
    }
    expect(new Set(answers).size).toBe(1);
  });

  it('hashes a password for unknown users too [PITFALL-24]', async () => {
    const { browser, services } = await openIdentity();
    const verified: (string | undefined)[] = [];
    const verify = services.passwords.verify.bind(services.passwords);
    services.passwords.verify = (password, stored) => {
      verified.push(stored);
      return verify(password, stored);
    };
    await signInAs(browser(), 'nobody', wrong);
    expect(verified).toEqual([undefined]);
  });

  it('never sends a password back or reports it, nor a name that may be one [PITFALL-24]', async () => {
    const { browser, addUser, events } = await openIdentity();
    await addUser('ada');
    const page = await signInAs(browser(), 'ada', 'hunter2-hunter2-x');
    await signInAs(browser(), 'my-secret-password', wrong);
    expect(page.html).not.toContain('hunter2');
    expect(page.html).toContain('value="ada"');
    const reported = JSON.stringify(events);
    expect(reported).not.toMatch(/hunter2|my-secret-password/);
    expect(events.filter(({ name }) => name === 'user.sign_in_failed')).toHaveLength(2);
  });

  it('a password with a NUL in it is refused, whoever the user is [PITFALL-32]', async () => {
    const { browser, addUser } = await openIdentity();
    await addUser('ada');
    const page = await signInAs(browser(), 'ada', `${testUser.password}\u0000`);
    expect(page.status).toBe(400);
    expect(page.headers.get('content-type')).toContain('text/html');
  });

  it('a sign-in form of another site, or without this browser’s token, is refused', async () => {
    const { browser, addUser, send, services } = await openIdentity();
    await addUser('ada');
    const mallory = browser();
    await mallory.visit(`${origin}/sign-in`);
    const page = onPage(await mallory.submit({ username: 'ada', password: testUser.password, csrf_token: 'x' }));
    expect(page.status).toBe(403);
    const body = new URLSearchParams({ username: 'ada', password: testUser.password, csrf_token: 'x' });
    const crossSite = await send(
      new Request(`${origin}/sign-in`, { method: 'POST', body, headers: { 'sec-fetch-site': 'cross-site' } }),
    );
    expect(crossSite.status).toBe(403);
    const json = await send(
      new Request(`${origin}/sign-in`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    );
    expect(json.status).toBe(415);
    expect(await services.database.read('SELECT 1 AS x FROM sessions')).toEqual([]);
  });

  it('too many failures are answered with 429 and Retry-After before any hashing, the right password included [OAUTH21-63]', async () => {
    const { browser, addUser, clock, services, events } = await openIdentity();
    await addUser('ada');
    const visitor = browser();
    for (let failure = 0; failure < 4; failure += 1) await signInAs(visitor, 'ada', wrong);
    let hashed = 0;
    const verify = services.passwords.verify.bind(services.passwords);
    services.passwords.verify = (...of) => {
      hashed += 1;
      return verify(...of);
    };
    const blocked = await signInAs(visitor, 'ada');
    expect(blocked.status).toBe(429);
    expect(blocked.headers.get('retry-after')).toBe('1');
    expect(blocked.html).toContain('Wait 1 second');
    expect(hashed).toBe(0);
    expect(events).toContainEqual(expect.objectContaining({ name: 'request.rate_limited' }));
    clock.advance(1_000);
    expect((await signInAs(visitor, 'ada')).url.pathname).toBe('/account');
  });

  it('the browser that signed in before is not locked out by a stranger at the same address', async () => {
    const { browser, addUser } = await openIdentity();
    await addUser('ada');
    const home = browser('192.0.2.7');
    await signInAs(home, 'ada');
    await home.visit(`${origin}/sign-out`);
    await home.submit();
    const stranger = browser('192.0.2.7');
    for (let failure = 0; failure < 6; failure += 1) await signInAs(stranger, 'ada', wrong);
    expect((await signInAs(stranger, 'ada')).status).toBe(429);
    expect((await signInAs(home, 'ada')).url.pathname).toBe('/account');
  });

  it('a flood that fills the queue of hashes gets 503 and does not count as failures', async () => {
    const { browser, addUser, services } = await openIdentity({
      passwords: { memoryKiB: 7168, passes: 1, concurrency: 1, queueLimit: 1 },
    });
    await addUser('ada');
    const pages = await Promise.all(Array.from({ length: 6 }, (_, n) => signInAs(browser(`198.51.100.${n}`), 'ada')));
    const busy = pages.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    for (const page of busy) expect(page.headers.get('retry-after')).toBe('1');
    const failures = await services.database.read('SELECT failures FROM sign_in_failures WHERE failures > 0');
    expect(failures).toEqual([]);
  });

  it('a hash of other parameters is renewed at sign-in', async () => {
    const { browser, addUser, services } = await openIdentity({ passwords: { memoryKiB: 8192, passes: 1 } });
    const { userId } = await addUser('ada');
    const old = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    await services.users.setPasswordHash(userId, old);
    expect((await signInAs(browser(), 'ada', 'password')).url.pathname).toBe('/account');
    expect((await services.users.findCredentials('ada'))?.passwordHash).toContain('$m=8192,t=1,p=1$');
  });
});

describe('where sign-in leads', () => {
  it('nowhere but to the account page or the waiting request, whatever the address says', async () => {
    const { browser, addUser } = await openIdentity();
    await addUser('ada');
    const visitor = browser();
    await visitor.visit(`${origin}/sign-in?next=https://evil.example&return_to=//evil.example&redirect=/x`);
    const page = onPage(await visitor.submit({ username: 'ada', password: testUser.password }));
    expect(page.url.href).toBe(`${origin}/account`);
  });

  it('a request that is unknown or finished is a page that says so', async () => {
    const { browser } = await openIdentity();
    const page = onPage(await browser().visit(`${origin}/sign-in?request=https://evil.example`));
    expect(page.status).toBe(400);
    expect(page.html).toContain('finished or has expired');
  });

  it('whoever is signed in goes on at once, unless the password is asked again', async () => {
    const { browser, addUser, services } = await openIdentity();
    const { userId } = await addUser('ada');
    const visitor = browser();
    await signInAs(visitor, 'ada');
    expect(onPage(await visitor.visit(`${origin}/sign-in`)).url.pathname).toBe('/account');
    const [before] = await services.sessions.list(userId);
    const again = onPage(await visitor.visit(`${origin}/sign-in?again=1`));
    expect(again.html).toContain('Confirm it is you');
    expect(again.html).toContain('value="ada"');
    const failed = onPage(await visitor.submit({ username: 'ada', password: wrong }));
    expect(failed.html).toContain('Confirm it is you');
    expect(onPage(await visitor.submit({ username: 'ada', password: testUser.password })).url.pathname).toBe(
      '/account',
    );
    const after = await services.sessions.list(userId);
    expect(after).toHaveLength(1);
    expect(after[0]?.sessionHash).not.toBe(before?.sessionHash);
  });

  it('with a waiting request it names the client, leads to consent, and its CSP lets the form end at the client', async () => {
    const harness = await openIdentity({ scopes: { 'notes:read': { title: 'Read notes' } } });
    await harness.addUser('ada');
    const visitor = harness.browser();
    const page = onPage(await visitor.visit(await authorizationOf(harness)));
    expect(page.url.pathname).toBe('/sign-in');
    expect(page.html).toContain('Test App');
    expect(page.html).toContain('value="ada@hint"');
    expect(page.headers.get('content-security-policy')).not.toContain('form-action');
    const failed = onPage(await visitor.submit({ username: 'ada', password: wrong }));
    expect(failed.html).toContain('Test App');
    const consent = onPage(await visitor.submit({ username: 'ada', password: testUser.password }));
    expect(consent.url.pathname).toBe('/consent');
    expect(consent.html).toContain('wants access');
  });

  it('“Not you?” on the consent page signs out and asks the next user for the same request', async () => {
    const harness = await openIdentity({ scopes: { 'notes:read': { title: 'Read notes' } } });
    await harness.addUser('ada');
    await harness.addUser('bob');
    const visitor = harness.browser();
    await visitor.visit(await authorizationOf(harness));
    await visitor.submit({ username: 'ada', password: testUser.password });
    const signIn = onPage(await visitor.submit({ request: requestIn(visitor.page.url) }));
    expect(signIn.url.pathname).toBe('/sign-in');
    expect(signIn.html).toContain('Test App');
    const consent = onPage(await visitor.submit({ username: 'bob', password: testUser.password }));
    expect(consent.html).toContain('bob');
  });
});

describe('the pages', () => {
  it('cannot be framed, are not cached, and send their origin with forms [OAUTH21-65, PITFALL-29, RFC9700-25]', async () => {
    const { browser } = await openIdentity();
    const page = onPage(await browser().visit(`${origin}/sign-in`));
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
  });

  it('a failure of the server is a page with a reference, without its reason', async () => {
    const { browser, services, events } = await openIdentity();
    services.users.findCredentials = () => Promise.reject(new Error('the disk is on fire'));
    const page = await signInAs(browser(), 'ada', wrong);
    expect(page.status).toBe(500);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.html).not.toContain('fire');
    const reported = events.find(({ name }) => name === 'server.error');
    expect(page.html).toContain(reported?.requestId);
  });
});

/** The address of an authorization request of a client called Test App. */
async function authorizationOf({ portcullis }: IdentityHarness): Promise<URL> {
  const client = await createTestClient(portcullis, { metadata: { client_name: 'Test App' } });
  return client.prepareAuthorization({ login_hint: 'ada@hint' }).url;
}

function requestIn(url: URL): string {
  return url.searchParams.get('request') ?? '';
}
