import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeCertificate } from '../support/certificates.ts';
import { password } from '../support/notes-server.ts';
import { startIn, tabTo } from './keyboard.ts';
import { whatComes } from './person.ts';
import { chromiumScenes, type Scene } from './scene.ts';

const openScene = chromiumScenes();

/** From the set-up link to a tool call and to the end of the app's access, each step as the pages offer it. */
async function wholeWay(scene: Scene, options?: Parameters<Scene['person']>[0]): Promise<void> {
  const { server } = scene;
  const ada = await scene.person(options);
  await ada.setUp(await server.portcullis.setupUrl(), 'ada', 'Ada Lovelace');
  expect(await ada.heading()).toBe('Ada Lovelace');
  expect(await ada.sees('Administrator')).toBe(true);
  await ada.press('Sign out');
  expect(await ada.heading()).toBe('You are signed out');

  const app = await scene.app();
  await ada.open(await app.begin());
  expect(await ada.heading()).toBe('Sign in');
  expect(await ada.sees('Sticky Desk')).toBe(true);
  await ada.signIn('ada');
  expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');
  await ada.press('Allow');
  expect(await ada.heading()).toBe('Back in the app');
  await app.finish();
  expect(await app.call('list_notes')).toBe('no notes yet');

  await ada.open(`${server.baseUrl}/account`);
  expect(await ada.sees('Sticky Desk')).toBe(true);
  await ada.press('Revoke access of Sticky Desk');
  expect(await ada.sees('The app has no access any more.')).toBe(true);
  expect(await ada.sees('No app has access.')).toBe(true);
  expect((await server.post(app.accessToken)).status).toBe(401);
  app.answers.length = 0;
  expect(await app.call('list_notes')).toContain('/authorize?');
  expect(app.answers).toEqual(['POST /mcp 401', 'POST /token 400']);
}

describe('a person in Chromium', () => {
  it('goes from the set-up link to a tool call of an official client, and ends its access [MCP-AUTH-01, MCP-AUTH-06, MCP-AUTH-18, OAUTH21-17]', async () => {
    const scene = await openScene();
    await wholeWay(scene);
  });

  it('goes the same way without JavaScript', async () => {
    await wholeWay(await openScene(), { javaScriptEnabled: false });
  });

  it('goes the same way on a phone in the dark', async () => {
    await wholeWay(await openScene(), { viewport: { width: 360, height: 740 }, hasTouch: true, colorScheme: 'dark' });
  });

  it('goes the same way over https, with cookies that are bound to the host [MCP-BP-09, MCP-BP-10, RFC8414-11, RFC9728-10]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-tls-'));
    const tls = makeCertificate(folder, 'localhost');
    setDefaultCACertificates([tls.pem]);
    onTestFinished(() => {
      setDefaultCACertificates([]);
      rmSync(folder, { recursive: true });
    });
    const scene = await openScene({ tls });
    await wholeWay(scene, { ignoreHTTPSErrors: true });

    const ben = await scene.person({ ignoreHTTPSErrors: true });
    await scene.server.addUser('ben');
    await ben.open(await (await scene.app()).begin());
    await ben.signIn('ben');
    const cookies = await ben.page.context().cookies();
    for (const cookie of cookies) {
      expect(cookie).toMatchObject({ domain: 'localhost', path: '/', secure: true, httpOnly: true, sameSite: 'Lax' });
      expect(cookie.name).toMatch(/^__Host-portcullis-(browser|request|session|known)-/);
    }
  });

  it('keeps cookies of their own for each port over http, where no prefix can be had', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    const ada = await scene.person();
    await ada.open(await (await scene.app()).begin());
    await ada.signIn('ada');
    const { port } = new URL(scene.server.baseUrl);
    for (const cookie of await ada.page.context().cookies()) {
      expect(cookie).toMatchObject({ path: '/', secure: false, httpOnly: true, sameSite: 'Lax' });
      expect(cookie.name).toMatch(new RegExp(`^portcullis-.*-${port}$`));
    }
  });

  it('makes the administrator once: the set-up link is used up', async () => {
    const { server, person } = await openScene();
    const link = await server.portcullis.setupUrl();
    const ada = await person();
    await ada.setUp(link, 'ada', 'Ada Lovelace');
    const stranger = await person();
    expect(await stranger.open(link ?? '')).toBe(410);
    expect(await stranger.page.locator('input').count()).toBe(0);
    expect(await server.portcullis.setupUrl()).toBeUndefined();
  });

  it('gives an app more when a tool needs it, without signing in again [MCP-AUTH-25, MCP-AUTH-26]', async () => {
    const { server, person, app: openApp } = await openScene();
    await server.addUser('ada');
    const [ada, app] = [await person(), await openApp()];
    await ada.open(await app.begin());
    await ada.signIn('ada');
    await ada.press('Allow');
    await app.finish();

    const wider = await app.call('add_note', { text: 'buy milk' });
    expect(app.answers.at(-1)).toBe('POST /mcp 403');
    await ada.open(wider ?? '');
    expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');
    expect(await ada.sees('Write notes')).toBe(true);
    await ada.press('Allow');
    await app.finish();
    expect(await app.call('add_note', { text: 'buy milk' })).toBe('added note 1');
    expect(await app.call('list_notes')).toBe('1: buy milk');
  });

  it('needs no mouse', async () => {
    const { server, person, app: openApp } = await openScene();
    const { page, heading, sees } = await person();
    const { keyboard } = page;
    const enter = (key: string) => whatComes(page, () => keyboard.press(key));

    await page.goto((await server.portcullis.setupUrl()) ?? '');
    await startIn(page, 'User name');
    await keyboard.type('ada');
    await tabTo(page, 'Your name (optional)');
    await keyboard.type('Ada Lovelace');
    await tabTo(page, 'Password');
    await keyboard.type(password);
    await tabTo(page, 'Password again');
    await keyboard.type(password);
    await enter('Enter');
    expect(await heading()).toBe('Ada Lovelace');
    await tabTo(page, 'Sign out');
    await enter('Enter');

    const app = await openApp({ scope: 'notes:read notes:write notes:delete' });
    await page.goto(await app.begin());
    await startIn(page, 'User name');
    await keyboard.type('ada');
    await tabTo(page, 'Password');
    await keyboard.type(password);
    await enter('Enter');
    expect(await heading()).toBe('Sticky Desk wants access to Notes');
    await tabTo(page, 'Delete notes');
    await keyboard.press('Space');
    await tabTo(page, 'Allow access');
    await enter('Space');
    await app.finish();
    expect(app.scope).toBe('notes:read notes:write');

    await page.goto(`${server.baseUrl}/account`);
    await tabTo(page, 'Revoke access of Sticky Desk');
    await enter('Enter');
    expect(await sees('The app has no access any more.')).toBe(true);
  });
});
