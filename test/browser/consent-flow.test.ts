import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { ClientId } from '../../src/core/ids.ts';
import type { LoopbackAppOptions } from './loopback-app.ts';
import { type Person, personAt, whatComes } from './person.ts';
import { chromiumScenes, type Scene } from './scene.ts';

const openScene = chromiumScenes();
const asksConsent = 'Sticky Desk wants access to Notes';
const finished = 'This request is finished or has expired';
const everything = 'notes:read notes:write notes:delete';

/** Ada, signed in, in front of the consent page of an app. */
async function adaAtConsent(scene: Scene, options?: LoopbackAppOptions) {
  await scene.server.addUser('ada', 'Ada Lovelace');
  const [ada, app] = [await scene.person(), await scene.app(options)];
  await ada.open(await app.begin());
  await ada.signIn('ada');
  return { ada, app };
}

/** Another page of the same browser. */
async function newTab({ page }: Person): Promise<Person> {
  return personAt(await page.context().newPage());
}

/** A site that has nothing to do with the server, until the end of the test. */
async function site(scene: Scene, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  scene.afterBrowsers(() => server.close().closeAllConnections());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  scene.foresee(origin);
  return origin;
}

function htmlSite(scene: Scene, html: string): Promise<string> {
  return site(scene, (_, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end(html));
}

/** How many codes the server has issued. */
function approvals({ server }: Scene): number {
  return server.events.filter(({ name }) => name === 'authorization.approved').length;
}

describe('the consent page', () => {
  it('says who asks, for what, with which tools, where the answer goes and for how long [MCP-BP-04, MCP-BP-05, MCP-BP-06, MCP-SEC-16, MCP-SEC-17, OAUTH21-55, RFC7591-15]', async () => {
    const { ada, app } = await adaAtConsent(await openScene(), { scope: everything });
    expect(await ada.heading()).toBe(asksConsent);
    const text = await ada.page.locator('main').innerText();
    for (const said of [
      'Unverified',
      'Signed in as Ada Lovelace',
      new URL(app.redirectUrl).host,
      'An app on this computer',
      'Read your notes',
      'list_notes',
      'Write notes',
      'add_note',
      'Delete notes',
      'Remove notes for good.',
      'delete_note',
      '180 days at most',
    ]) {
      expect(text).toContain(said);
    }
  });

  it('shows a hostile name as text and nothing else [PITFALL-14, RFC7591-16, OAUTH21-68]', async () => {
    const name = '<img src="https://evil.example/x.png" onerror="alert(1)"><b>Notes</b>';
    const { ada } = await adaAtConsent(await openScene(), { name });
    expect(await ada.heading()).toBe(`${name} wants access to Notes`);
    expect(await ada.page.locator('main img, main b').count()).toBe(0);
  });

  it('cannot be framed [MCP-BP-08, OAUTH21-65, OAUTH21-66]', async () => {
    const scene = await openScene();
    scene.excuse(/frame-ancestors/);
    const { ada } = await adaAtConsent(scene);
    const trap = await htmlSite(scene, `<iframe src="${ada.page.url()}"></iframe>`);
    const tab = await newTab(ada);
    const answered = tab.page.waitForResponse((response) => response.url().includes('/consent'));
    await tab.open(trap);
    expect((await answered).headers()).toMatchObject({ 'x-frame-options': 'DENY' });
    const [, frame] = tab.page.frames();
    await frame?.waitForLoadState();
    expect(await frame?.locator('button').count()).toBe(0);
  });
});

describe('a decision', () => {
  it('to deny is told to the app, with its state and the issuer, and nothing is granted [CASE-45, MCP-AUTH-09, RFC9207-01, OAUTH21-38]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene);
    await ada.press('Deny');
    expect(await ada.heading()).toBe('Back in the app');
    const { searchParams } = await app.callback();
    expect(Object.fromEntries(searchParams)).toMatchObject({ error: 'access_denied', iss: scene.server.baseUrl });
    expect(searchParams.get('state')).toBe(app.sentState);
    expect(approvals(scene)).toBe(0);
    app.arrive(new URL(`${app.redirectUrl}?${searchParams}`));
    await expect(app.finish()).rejects.toThrow(/access_denied|denied/);
  });

  it('without an optional scope gives a token that lacks it, and says so [OAUTH21-01]', async () => {
    const { ada, app } = await adaAtConsent(await openScene(), { scope: everything });
    expect(await ada.page.getByLabel('Read your notes').isDisabled()).toBe(true);
    await ada.page.getByLabel('Delete notes').uncheck();
    await ada.press('Allow');
    await app.finish();
    expect(app.scope).toBe('notes:read notes:write');
    expect(await app.call('add_note', { text: 'buy milk' })).toBe('added note 1');
    expect(await app.call('delete_note', { id: 1 })).toContain('/authorize?');
    expect(app.answers.at(-1)).toBe('POST /mcp 403');
  });

  it('is final: the back button shows that the request is finished, and no second code exists', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene);
    await ada.press('Allow');
    await app.finish();
    expect((await whatComes(ada.page, () => ada.page.goBack())).status()).toBe(400);
    expect(await ada.heading()).toBe(finished);
    expect(await ada.page.locator('main button').count()).toBe(0);
    expect(approvals(scene)).toBe(1);
    await ada.follow('Sign in to your account');
    expect(await ada.heading()).toBe('Ada Lovelace');
    expect(await app.call('list_notes')).toBe('no notes yet');
  });

  it('made by a double click gives the app one code, with which it connects [PITFALL-12]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene);
    await ada.page.getByRole('button', { name: 'Allow' }).dblclick({ delay: 20, noWaitAfter: true });
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');
    expect(approvals(scene)).toBe(1);
    await expect.poll(() => ada.heading()).toMatch(/^(Back in the app|This request is finished or has expired)$/);
  });

  it('after the request has expired is not taken', async () => {
    const clock = new ManualClock();
    const scene = await openScene({ clock });
    const { ada } = await adaAtConsent(scene);
    clock.advance(31 * 60_000);
    expect((await ada.press('Allow')).status()).toBe(400);
    expect(await ada.heading()).toBe(finished);
    expect(approvals(scene)).toBe(0);
  });

  it('in a second copy of the page finds the request finished by the first [CASE-51, PITFALL-12]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene);
    const copy = await newTab(ada);
    await copy.open(ada.page.url());
    expect(await copy.heading()).toBe(asksConsent);
    await ada.press('Allow');
    await app.finish();
    expect((await copy.press('Allow')).status()).toBe(400);
    expect(await copy.heading()).toBe(finished);
    expect(approvals(scene)).toBe(1);
    expect(await app.call('list_notes')).toBe('no notes yet');
  });

  it('in two tabs for two apps reaches each app by itself [CASE-51]', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    const left = await scene.person();
    const right = await newTab(left);
    const [desk, phone] = [await scene.app({ name: 'Desk' }), await scene.app({ name: 'Phone' })];
    await left.open(await desk.begin());
    await right.open(await phone.begin());
    await left.signIn('ada');
    await right.signIn('ada');
    expect([await left.heading(), await right.heading()]).toEqual([
      'Desk wants access to Notes',
      'Phone wants access to Notes',
    ]);
    await right.press('Allow');
    await phone.finish();
    await left.press('Allow');
    await desk.finish();
    expect([await desk.call('list_notes'), await phone.call('list_notes')]).toEqual(['no notes yet', 'no notes yet']);
  });

  it('cannot be made in a browser in which the request was not started [CASE-52, PITFALL-12]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene);
    await scene.server.addUser('eve');
    const eve = await scene.person();
    await eve.open(`${scene.server.baseUrl}/sign-in`);
    await eve.signIn('eve');
    expect(await eve.open(ada.page.url())).toBe(403);
    expect(await eve.heading()).toBe('This request belongs to another browser');
    await ada.press('Allow');
    await app.finish();
  });

  it('cannot be made by a page of another site [CASE-50, MCP-BP-07]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene);
    const request = new URL(ada.page.url()).searchParams.get('request');
    const trap = await htmlSite(
      scene,
      `<form method="post" action="${scene.server.baseUrl}/consent"><input name="request" value="${request}">
       <input name="decision" value="allow"><button>Win a prize</button></form>`,
    );
    const tab = await newTab(ada);
    await tab.open(trap);
    expect((await tab.press('Win a prize')).status()).toBe(403);
    expect(await tab.heading()).toBe('This form came from another site');
    expect(approvals(scene)).toBe(0);
    await ada.press('Allow');
    await app.finish();
  });
});

describe('a request that cannot be answered', () => {
  it('tells the person what to do about an app that is not registered any more [CASE-31, OAUTH21-12]', async () => {
    const { server, person, app: openApp } = await openScene();
    const [ada, app] = [await person(), await openApp()];
    const url = await app.begin();
    await server.portcullis.services.clients.delete((app.clientInformation()?.client_id ?? '') as ClientId);
    expect(await ada.open(url)).toBe(400);
    expect(await ada.heading()).toBe('This app is not known here');
    expect(await ada.sees('remove this server and add it again')).toBe(true);
  });

  it('keeps the person here where the return address is not the app’s [CASE-32, OAUTH21-11, OAUTH21-12, MCP-SEC-12]', async () => {
    const { person, app: openApp } = await openScene();
    const [ada, app] = [await person(), await openApp({ parameters: { redirect_uri: 'https://evil.example/cb' } })];
    expect(await ada.open(await app.begin())).toBe(400);
    expect(await ada.heading()).toBe('This app sent a wrong return address');
  });

  it('is shown as a page where an address has sent too many, with the time to wait', async () => {
    const config = { authorize: { rateLimit: { limit: 1, windowSeconds: 90 } } };
    const { person, app: openApp } = await openScene({ config });
    const [ada, app] = [await person(), await openApp()];
    const url = await app.begin();
    expect([await ada.open(url), await ada.open(url)]).toEqual([200, 429]);
    expect(await ada.heading()).toBe('Too busy at the moment');
  });
});

describe('a remembered consent', () => {
  const quiet = { parameters: { prompt: undefined } };

  it('lets the same app in again without a question where the person opened the link [MCP-BP-12]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene, quiet);
    await ada.press('Allow');
    await app.finish();
    app.invalidateCredentials();
    await ada.open(await app.begin());
    expect(await ada.heading()).toBe('Back in the app');
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');

    const other = await scene.app({ ...quiet, name: 'Sticky Desk' });
    await ada.open(await other.begin());
    expect(await ada.heading()).toBe(asksConsent);
  });

  it('is not used where a link on another site led here [CASE-53, OAUTH21-56]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene, quiet);
    await ada.press('Allow');
    await app.finish();
    app.invalidateCredentials();
    const url = (await app.begin()).replaceAll('&', '&amp;');
    await ada.open(await htmlSite(scene, `<a href="${url}">Notes</a>`));
    await ada.follow('Notes');
    expect(await ada.heading()).toBe(asksConsent);
    await ada.press('Allow');
    await app.finish();
  });

  it('does not cover more than it was given for [PITFALL-11]', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene, quiet);
    await ada.press('Allow');
    await app.finish();
    await ada.open((await app.call('add_note', { text: 'buy milk' })) ?? '');
    expect(await ada.heading()).toBe(asksConsent);
  });

  it('ends with the access of the app', async () => {
    const scene = await openScene();
    const { ada, app } = await adaAtConsent(scene, quiet);
    await ada.press('Allow');
    await app.finish();
    await ada.open(`${scene.server.baseUrl}/account`);
    await ada.press(/^Revoke/);
    app.invalidateCredentials();
    await ada.open(await app.begin());
    expect(await ada.heading()).toBe(asksConsent);
  });
});

describe('the way back to the app', () => {
  it('may lead on to another site from the callback [PITFALL-13]', async () => {
    const scene = await openScene();
    const end = await htmlSite(scene, '<h1>Welcome</h1>');
    const { ada, app } = await adaAtConsent(scene, {
      onCallback: (_, res) => void res.writeHead(302, { location: `${end}/welcome` }).end(),
    });
    await ada.press('Allow');
    expect(await ada.heading()).toBe('Welcome');
    expect(ada.page.url()).toBe(`${end}/welcome`);
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');
  });

  it('may be the link of an installed app [PITFALL-13]', async () => {
    const scene = await openScene();
    scene.foresee('cursor:');
    const redirectUri = 'cursor://anysphere.cursor-mcp/oauth/callback';
    const { ada, app } = await adaAtConsent(scene, { redirectUri });
    expect(await ada.sees('An app on this device, opened by its link.')).toBe(true);
    const answered = ada.page.waitForResponse((response) => response.request().method() === 'POST');
    await ada.page.getByRole('button', { name: 'Allow' }).click({ noWaitAfter: true });
    const answer = await answered;
    expect(answer.status()).toBe(303);
    const { location = '' } = await answer.allHeaders();
    expect(location).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/);
    app.arrive(new URL(location));
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');
  });
});
