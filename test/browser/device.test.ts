import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { tokensOf } from '../../src/testing/test-client.ts';
import { startIn, tabTo } from './keyboard.ts';
import { type Person, personAt, whatComes } from './person.ts';
import { chromiumScenes, type Scene } from './scene.ts';

const openScene = chromiumScenes();
const withDevices = { config: { deviceAuthorization: { enabled: true } } } as const;

async function ada(scene: Scene): Promise<Person> {
  await scene.server.addUser('ada', 'Ada Lovelace');
  return scene.person();
}

describe('a device without a browser', () => {
  it('is connected by hand: address typed, code copied, a scope unticked; and is taken back under connected apps [RFC8628-06, RFC8628-07, RFC8628-16]', async () => {
    const scene = await openScene(withDevices);
    const [client, person] = [await scene.terminal(), await ada(scene)];
    const started = await client.startDevice({ scope: 'notes:read notes:write' });
    await person.open(`${scene.server.baseUrl}/device`);
    expect(await person.sees('to connect a device to Notes')).toBe(true);
    await person.signIn('ada');
    expect(await person.heading()).toBe('Connect a device');
    await person.fill({ Code: started.userCode.toLowerCase().replace('-', ' ') });
    await person.press('Continue');

    expect(await person.heading()).toBe('Workshop terminal wants access to Notes');
    const text = await person.page.locator('main').innerText();
    for (const said of ['Added by your administrator', 'A device', started.userCode, 'just now', 'Read your notes'])
      expect(text).toContain(said);
    expect(text).toContain('you have just started this on it yourself');
    await person.page.getByLabel('Write notes').uncheck();
    await person.press('Allow');
    expect(await person.heading()).toBe('You can return to your device');

    const tokens = tokensOf(await client.poll(started));
    expect(tokens.scope).toBe('notes:read');
    expect((await scene.server.post(tokens.accessToken)).status).toBe(200);
    await person.follow('your account');
    expect(await person.sees('Workshop terminal')).toBe(true);
    await person.press('Revoke');
    expect((await scene.server.post(tokens.accessToken)).status).toBe(401);
  });

  it('is connected by its link, which fills the code in and decides nothing [RFC8628-08]', async () => {
    const scene = await openScene(withDevices);
    const [client, person] = [await scene.terminal(), await ada(scene)];
    const started = await client.startDevice();
    await person.open(started.url.href);
    await person.signIn('ada');
    expect(await person.page.getByLabel('Code').inputValue()).toBe(started.userCode);
    expect((await client.poll(started)).body['error']).toBe('authorization_pending');
    await person.press('Continue');
    await person.press('Deny');
    expect(await person.heading()).toBe('Nothing was allowed');
    expect((await client.poll(started)).body['error']).toBe('access_denied');
  });

  it('is connected with the keyboard alone', async () => {
    const scene = await openScene(withDevices);
    const [client, person] = [await scene.terminal(), await ada(scene)];
    const started = await client.startDevice({ scope: 'notes:read' });
    await person.open(`${scene.server.baseUrl}/device`);
    await person.signIn('ada');
    const { page } = person;
    await startIn(page, 'Code');
    await page.keyboard.type(started.userCode);
    await whatComes(page, () => page.keyboard.press('Enter'));
    await tabTo(page, 'Allow access');
    await whatComes(page, () => page.keyboard.press('Enter'));
    expect(await person.heading()).toBe('You can return to your device');
    tokensOf(await client.poll(started));
  });

  it('may be connected by somebody else than who is signed in, with the same code', async () => {
    const scene = await openScene(withDevices);
    const [client, person] = [await scene.terminal(), await ada(scene)];
    await scene.server.addUser('grace', 'Grace Hopper');
    const started = await client.startDevice();
    await person.open(started.url.href);
    await person.signIn('ada');
    await person.press('Continue');
    await person.press(/Not you/);
    await person.signIn('grace');
    expect(await person.page.getByLabel('Code').inputValue()).toBe(started.userCode);
    await person.press('Continue');
    expect(await person.sees('Grace Hopper')).toBe(true);
    await person.press('Allow');
    tokensOf(await client.poll(started));
  });

  it('tells of a code that nobody has in its field, and of too many', async () => {
    const scene = await openScene(withDevices);
    const person = await ada(scene);
    scene.excuse(/the server responded with a status of 4/);
    await person.open(`${scene.server.baseUrl}/device`);
    await person.signIn('ada');
    const enter = async () => {
      await person.fill({ Code: 'BCDF-GHJK' });
      return (await person.press('Continue')).status();
    };
    expect(await enter()).toBe(400);
    expect(await person.page.getByLabel('Code').getAttribute('aria-invalid')).toBe('true');
    expect(await person.sees('No device waits with this code')).toBe(true);
    expect([await enter(), await enter(), await enter(), await enter()].at(-1)).toBe(429);
    expect(await person.sees('Too many wrong codes. Wait')).toBe(true);
  });

  it('cannot be connected by a page of another site: its form arrives as nobody’s, and the person is back at the code [PITFALL-12]', async () => {
    const scene = await openScene(withDevices);
    const [client, person] = [await scene.terminal(), await ada(scene)];
    const started = await client.startDevice();
    await person.open(started.url.href);
    await person.signIn('ada');
    await person.press('Continue');
    const trap = createServer((_, res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).end(
        `<form method="post" action="${scene.server.baseUrl}/device/decision"><input name="request" value="${started.userCode}">
         <input name="decision" value="allow"><button>Win a prize</button></form>`,
      );
    });
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
    scene.afterBrowsers(() => trap.close().closeAllConnections());
    const origin = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
    scene.foresee(origin);
    const tab = personAt(await person.page.context().newPage());
    await tab.open(origin);
    await tab.press('Win a prize');
    expect(await tab.heading()).toBe('Connect a device');
    expect((await client.poll(started)).body['error']).toBe('authorization_pending');
  });
});
