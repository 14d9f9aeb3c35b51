import { describe, expect, it } from 'vitest';
import {
  addGrant,
  type IdentityHarness,
  onPage,
  openIdentity,
  origin,
  signInAs,
} from '../../../test/support/identity.ts';
import { testUser } from '../../../test/support/portcullis-harness.ts';

const newPassword = 'violet kettle under nine bridges';
const change = { current_password: testUser.password, new_password: newPassword, new_password_again: newPassword };

async function signedIn(config = {}) {
  const harness = await openIdentity(config);
  const user = await harness.addUser('ada');
  const browser = harness.browser();
  await signInAs(browser, 'ada');
  return { harness, user, browser };
}

async function sessionCount({ services }: IdentityHarness): Promise<number> {
  return (await services.database.read('SELECT 1 AS x FROM sessions')).length;
}

describe('the account page', () => {
  it('is for the signed-in: everybody else is sent to sign in, whatever they post', async () => {
    const { browser, send } = await openIdentity();
    expect(onPage(await browser().visit(`${origin}/account`)).url.pathname).toBe('/sign-in');
    const posted = await send(
      new Request(`${origin}/account`, { method: 'POST', body: new URLSearchParams({ action: 'revoke' }) }),
    );
    expect(posted.status).toBe(303);
    expect(posted.headers.get('location')).toBe('/sign-in');
  });

  it('shows the profile, this session, and no app yet', async () => {
    const { browser } = await signedIn();
    const { html, headers } = browser.page;
    expect(html).toContain('<dd>ada</dd>');
    expect(html).toContain('This device');
    expect(html).toContain('No app has access.');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('a form without a token of this page does nothing', async () => {
    const { harness, browser } = await signedIn();
    expect(onPage(await browser.submit({ ...change, csrf_token: 'x' })).status).toBe(403);
    expect((await signInAs(harness.browser(), 'ada')).url.pathname).toBe('/account');
  });

  it('a form that was opened in a former session of the same browser does nothing', async () => {
    const { harness, browser } = await signedIn();
    const former = /name="csrf_token" value="([^"]*)"/.exec(browser.page.html)?.[1];
    await browser.visit(`${origin}/sign-in?again=1`);
    await browser.submit({ username: 'ada', password: testUser.password });
    const page = onPage(await browser.submit({ ...change, csrf_token: former }));
    expect(page.status).toBe(403);
    expect(page.html).toContain('out of date');
    expect((await signInAs(harness.browser(), 'ada')).url.pathname).toBe('/account');
  });

  it('an unknown action does nothing', async () => {
    const { browser } = await signedIn();
    const page = onPage(await browser.submit({ ...change, action: 'become-admin' }));
    expect(page.status).toBe(400);
    expect(page.html).toContain('Nothing was done');
  });
});

describe('changing the password', () => {
  it('needs the present one, ends every other session, and keeps this one', async () => {
    const { harness, browser } = await signedIn();
    await signInAs(harness.browser('198.51.100.1'), 'ada');
    harness.clock.advance(1_000);
    expect(await sessionCount(harness)).toBe(2);
    const page = onPage(await browser.submit(change));
    expect(page.html).toContain('Your password is changed.');
    expect(page.html).toContain('Last changed');
    expect(await sessionCount(harness)).toBe(1);
    expect((await signInAs(harness.browser(), 'ada')).status).toBe(400);
    expect((await signInAs(harness.browser(), 'ada', newPassword)).url.pathname).toBe('/account');
  });

  it.each([
    [{ current_password: 'not the present one' }, 'not your current password'],
    [{ new_password: 'short', new_password_again: 'short' }, 'at least 12'],
    [{ new_password_again: 'something else' }, 'The two passwords differ.'],
    [{ current_password: newPassword }, 'differs from the current one'],
  ])('%j is refused with the reason', async (wrong, reason) => {
    const { harness, browser } = await signedIn();
    const page = onPage(await browser.submit({ ...change, ...wrong }));
    expect(page.status).toBe(400);
    expect(page.html).toContain(reason);
    expect((await signInAs(harness.browser(), 'ada')).url.pathname).toBe('/account');
  });

  it('guessing the present one is slowed down like sign-in', async () => {
    const { browser } = await signedIn();
    for (let failure = 0; failure < 4; failure += 1) await browser.submit({ ...change, current_password: 'guess' });
    const page = onPage(await browser.submit(change));
    expect(page.status).toBe(429);
    expect(page.headers.get('retry-after')).toBe('1');
    expect(page.html).toContain('Wait 1 second');
  });

  it('does nothing where the session was ended while the password was verified', async () => {
    const { harness, user, browser } = await signedIn();
    const { services } = harness;
    const hash = services.passwords.hash.bind(services.passwords);
    services.passwords.hash = async (password) => {
      await services.sessions.endAll(user.userId);
      return hash(password);
    };
    expect(onPage(await browser.submit(change)).url.pathname).toBe('/sign-in');
    expect((await signInAs(harness.browser(), 'ada')).url.pathname).toBe('/account');
  });
});

describe('sessions', () => {
  it('one other can be ended, and it is signed out at once', async () => {
    const { harness, user, browser } = await signedIn();
    const other = harness.browser('198.51.100.1');
    await signInAs(other, 'ada');
    onPage(await browser.visit(`${origin}/account`));
    expect(browser.page.html).toContain('198.51.100.1');
    const theirs = (await harness.services.sessions.list(user.userId)).find(
      ({ address }) => address === '198.51.100.1',
    );
    const page = onPage(await browser.submit({ session: theirs?.sessionHash }));
    expect(page.html).toContain('That browser is signed out.');
    expect(onPage(await other.visit(`${origin}/account`)).url.pathname).toBe('/sign-in');
  });

  it('all others can be ended at once', async () => {
    const { harness, browser } = await signedIn();
    for (let n = 0; n < 3; n += 1) await signInAs(harness.browser(), 'ada');
    onPage(await browser.visit(`${origin}/account`));
    const page = onPage(await browser.submit({ action: 'end-other-sessions' }));
    expect(page.html).toContain('You are signed out everywhere else.');
    expect(await sessionCount(harness)).toBe(1);
  });

  it('another user’s session cannot be ended by naming it', async () => {
    const { harness, browser } = await signedIn();
    const bob = await harness.addUser('bob');
    await signInAs(harness.browser(), 'bob');
    await signInAs(harness.browser(), 'ada');
    const [bobs] = await harness.services.sessions.list(bob.userId);
    onPage(await browser.visit(`${origin}/account`));
    await browser.submit({ session: bobs?.sessionHash });
    expect(await harness.services.sessions.list(bob.userId)).toHaveLength(1);
  });
});

describe('connected apps', () => {
  const scopes = { scopes: { 'notes:read': { title: 'Read your notes' } } };

  it('are shown with what each may do, and revoking one ends its grant and forgets the consent', async () => {
    const { harness, user, browser } = await signedIn(scopes);
    const { services } = harness;
    await addGrant(harness, user.userId, 'c1', 'g1');
    await addGrant(harness, user.userId, 'c2', 'g2');
    const before = onPage(await browser.visit(`${origin}/account`));
    expect(before.html).toContain('App c1');
    expect(before.html).toContain('Read your notes');
    expect(before.html).toContain('Example Notes');
    const after = onPage(await browser.submit({ grant: 'g1' }));
    expect(after.html).toContain('The app has no access any more.');
    expect(after.html).not.toContain('App c1');
    expect(after.html).toContain('App c2');
    expect(await services.database.read('SELECT client_id FROM consents')).toEqual([{ client_id: 'c2' }]);
    expect(harness.events).toContainEqual(
      expect.objectContaining({ name: 'grant.revoked', grantId: 'g1', clientId: 'c1', subject: user.userId }),
    );
  });

  it('another user’s grant cannot be revoked by naming it [PITFALL-21]', async () => {
    const { harness, user, browser } = await signedIn(scopes);
    const bob = await harness.addUser('bob');
    await addGrant(harness, user.userId, 'c1', 'g-ada');
    await addGrant(harness, bob.userId, 'c1', 'g-bob');
    await browser.visit(`${origin}/account`);
    await browser.submit({ grant: 'g-bob' });
    expect(await harness.services.grants.listForSubject(bob.userId)).toHaveLength(1);
    expect(await harness.services.grants.listForSubject(user.userId)).toHaveLength(1);
    expect(await harness.services.database.read('SELECT 1 AS x FROM consents')).toHaveLength(2);
  });
});
