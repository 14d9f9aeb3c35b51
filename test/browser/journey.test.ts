import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { password, startNotesServer } from '../support/notes-server.ts';
import { launchChromium } from './chromium.ts';
import { LoopbackApp } from './loopback-app.ts';
import { personAt } from './person.ts';
import { watch } from './watch.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

describe('x', () => {
  it('y', async () => {
    const server = await startNotesServer();
    const app = await LoopbackApp.open(server.mcpUrl);
    const context = await browser.newContext();
    const seen = watch(context, server.baseUrl, new URL(app.redirectUrl).origin);
    const ada = personAt(await context.newPage());
    await ada.page.goto((await server.portcullis.setupUrl()) ?? '');
    console.log(await ada.heading());
    await ada.fill({ 'User name': 'ada', 'Your name (optional)': 'Ada Lovelace', Password: password, 'Password again': password });
    await ada.press('Create administrator');
    console.log(ada.page.url(), await ada.heading());
    await ada.press('Sign out');
    console.log(ada.page.url(), await ada.heading());
    await ada.page.goto(await app.begin());
    console.log(ada.page.url(), await ada.heading());
    await ada.signIn('ada');
    console.log(ada.page.url(), await ada.heading());
    await ada.press('Allow');
    console.log(ada.page.url(), await ada.heading());
    await app.finish();
    console.log(await app.call('list_notes'), app.scope);
    await ada.page.goto(`${server.baseUrl}/account`);
    await ada.press(/^Revoke/);
    console.log(ada.page.url(), await ada.heading());
    console.log((await server.post(app.accessToken)).status);
    console.log(await app.call('list_notes'), app.answers);
    console.log(seen);
    await app.close();
    await context.close();
    await server.close();
  });
});
