import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { password } from '../support/notes-server.ts';
import { chromiumScenes } from './scene.ts';

const openScene = chromiumScenes();
const minute = 60_000;
const wrong = 'The user name or the password is wrong.';

describe('a sign-in that fails', () => {
  it('looks the same whether the user exists or not, and gives the name back but not the password [PITFALL-24]', async () => {
    const { server, person } = await openScene();
    await server.addUser('ada');
    const looks: unknown[] = [];
    for (const userName of ['ada', 'nobody']) {
      const { page, open, signIn } = await person();
      await open(`${server.baseUrl}/sign-in`);
      const answer = await signIn(userName, 'not the password at all');
      expect(await page.getByRole('alert').innerText()).toBe(wrong);
      expect(await page.getByLabel('User name').inputValue()).toBe(userName);
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      looks.push([answer.status(), await page.title(), (await page.locator('main').innerText()).trim()]);
    }
    expect(looks[0]).toEqual(looks[1]);
    expect(looks[0]).toMatchObject([400, 'Error: Sign in · Notes', expect.anything()]);
  });

  it('several times makes the person wait, says for how long, and lets the right password in afterwards [OAUTH21-63]', async () => {
    const clock = new ManualClock();
    const { server, person } = await openScene({ clock });
    await server.addUser('ada', 'Ada Lovelace');
    const { open, sees, signIn, heading } = await person();
    await open(`${server.baseUrl}/sign-in`);
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) statuses.push((await signIn('ada', `wrong ${attempt}`)).status());
    expect(statuses).toEqual([400, 400, 400, 400]);

    const refused = await signIn('ada');
    expect(refused.status()).toBe(429);
    expect(refused.headers()['retry-after']).toBe('1');
    expect(await sees('Wait 1 second')).toBe(true);
    clock.advance(1000);
    expect((await signIn('ada')).status()).toBe(200);
    expect(await heading()).toBe('Ada Lovelace');
  });

  it('again and again elsewhere does not keep the user out of a browser that the server knows [OAUTH21-63]', async () => {
    const { server, person } = await openScene({ clock: new ManualClock() });
    await server.addUser('ada', 'Ada Lovelace');
    const ada = await person();
    await ada.open(`${server.baseUrl}/sign-in`);
    await ada.signIn('ada');
    await ada.press('Sign out');

    const stranger = await person();
    await stranger.open(`${server.baseUrl}/sign-in`);
    let status = 0;
    for (let attempt = 0; status !== 429; attempt += 1) {
      status = (await stranger.signIn('ada', `guess ${attempt}`)).status();
    }
    await ada.open(`${server.baseUrl}/sign-in`);
    expect((await ada.signIn('ada')).status()).toBe(200);
    expect(await ada.heading()).toBe('Ada Lovelace');
  });

  it('on the way to an app keeps the request: the right password goes on to its consent page', async () => {
    const { server, person, app: openApp } = await openScene();
    await server.addUser('ada');
    const [ada, app] = [await person(), await openApp()];
    await ada.open(await app.begin());
    await ada.signIn('ada', 'not the password at all');
    expect(await ada.sees(wrong)).toBe(true);
    await ada.signIn('ada');
    expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');
    await ada.press('Allow');
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');
  });
});

describe('a sign-in', () => {
  it('is answered with 303 and a session that the browser did not have before [OAUTH21-60, OAUTH21-61, RFC9700-22]', async () => {
    const { server, person } = await openScene();
    await server.addUser('ada');
    const { page, open, signIn } = await person();
    const session = async () =>
      (await page.context().cookies()).find(({ name }) => name.startsWith('portcullis-session'))?.value;
    await open(`${server.baseUrl}/sign-in`);
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await signIn('ada');
    expect((await answered).status()).toBe(303);
    const first = await session();
    expect(first).toMatch(/^[\w-]{43}$/);
    await open(`${server.baseUrl}/sign-in?again=1`);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/account');
    expect(await session()).not.toBe(first);
    await page
      .context()
      .addCookies([
        { name: `portcullis-session-${new URL(server.baseUrl).port}`, value: first ?? '', url: server.baseUrl },
      ]);
    await open(`${server.baseUrl}/account`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
  });

  it('that has expired by the time of consent is asked for again, and then the same request goes on', async () => {
    const clock = new ManualClock();
    const { server, person, app: openApp } = await openScene({ clock, config: { sessions: { idleMinutes: 10 } } });
    await server.addUser('ada');
    const [ada, app] = [await person(), await openApp()];
    await ada.open(await app.begin());
    await ada.signIn('ada');
    expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');

    clock.advance(11 * minute);
    await ada.press('Allow');
    expect(await ada.sees('Nothing was done.')).toBe(true);
    await ada.follow('Open the page again');
    expect(await ada.heading()).toBe('Sign in');
    await ada.signIn('ada');
    expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');
    await ada.press('Allow');
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');
  });

  it('is asked for again on the account page once the session has expired', async () => {
    const clock = new ManualClock();
    const { server, person } = await openScene({ clock, config: { sessions: { idleMinutes: 10 } } });
    await server.addUser('ada', 'Ada Lovelace');
    const ada = await person();
    await ada.open(`${server.baseUrl}/account`);
    await ada.signIn('ada');
    expect(await ada.heading()).toBe('Ada Lovelace');
    clock.advance(11 * minute);
    await ada.press('Sign out');
    expect(await ada.heading()).toBe('You are signed out');
    await ada.open(`${server.baseUrl}/account`);
    expect(await ada.heading()).toBe('Sign in');
  });

  it('is not asked for twice: the back button on the consent page leads forward again', async () => {
    const { server, person, app: openApp } = await openScene();
    await server.addUser('ada');
    const [ada, app] = [await person(), await openApp()];
    await ada.open(await app.begin());
    await ada.signIn('ada');
    await ada.page.goBack();
    expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');
    await ada.press('Allow');
    await app.finish();
  });

  it('as somebody else is one press away on the consent page, and the app acts for that user [PITFALL-12]', async () => {
    const { server, person, app: openApp } = await openScene();
    await server.addUser('ada', 'Ada Lovelace');
    const ben = await server.addUser('ben', 'Ben Bitdiddle');
    const [page, app] = [await person(), await openApp()];
    await page.open(await app.begin());
    await page.signIn('ada');
    expect(await page.sees('Signed in as Ada Lovelace')).toBe(true);
    await page.press('Not you?');
    expect(await page.heading()).toBe('Sign in');
    await page.signIn('ben');
    expect(await page.sees('Signed in as Ben Bitdiddle')).toBe(true);
    await page.press('Allow');
    await app.finish();
    const [, claims = ''] = app.accessToken.split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ sub: ben.userId });
  });

  it('is asked for anew with prompt=login, as the same user or as another', async () => {
    const { server, person, app: openApp } = await openScene();
    await server.addUser('ada', 'Ada Lovelace');
    await server.addUser('ben', 'Ben Bitdiddle');
    const ada = await person();
    await ada.open(`${server.baseUrl}/sign-in`);
    await ada.signIn('ada');
    const app = await openApp({ parameters: { prompt: 'login' } });
    await ada.open(await app.begin());
    expect(await ada.heading()).toBe('Confirm it is you');
    const userName = ada.page.getByLabel('User name');
    expect([await userName.inputValue(), await userName.isEditable()]).toEqual(['ada', false]);
    await ada.fill({ Password: 'not the password at all' });
    expect((await ada.press('Continue')).status()).toBe(400);
    expect(await ada.sees(wrong)).toBe(true);
    expect(await userName.isEditable()).toBe(false);
    await ada.fill({ Password: password });
    await ada.press('Continue');
    expect(await ada.sees('Signed in as Ada Lovelace')).toBe(true);
    await ada.press('Allow');
    await app.finish();

    const other = await openApp({ parameters: { prompt: 'login' } });
    await ada.open(await other.begin());
    await ada.press('Sign in as someone else');
    await ada.signIn('ben');
    expect(await ada.sees('Signed in as Ben Bitdiddle')).toBe(true);
    await ada.press('Allow');
    await other.finish();
    expect(await other.call('list_notes')).toBe('no notes yet');
  });
});
