import { describe, expect, it } from 'vitest';
import { password } from '../support/notes-server.ts';
import type { LoopbackApp } from './loopback-app.ts';
import type { Person } from './person.ts';
import { chromiumScenes, type Scene } from './scene.ts';

const openScene = chromiumScenes();
const changed = 'orange ladder behind seven lamps';

/** Somebody signed in on the account page, in a new browser. */
async function atAccount({ server, person }: Scene, userName = 'ada', userAgent?: string): Promise<Person> {
  const somebody = await person(userAgent === undefined ? {} : { userAgent });
  await somebody.open(`${server.baseUrl}/account`);
  await somebody.signIn(userName);
  return somebody;
}

async function connect(ada: Person, app: LoopbackApp): Promise<void> {
  await ada.open(await app.begin());
  await ada.press('Allow');
  await app.finish();
}

/** What the account page shows once it is opened anew. */
async function reopened(ada: Person, scene: Scene): Promise<string> {
  await ada.open(`${scene.server.baseUrl}/account`);
  return ada.heading();
}

describe('a new password', () => {
  it('ends the sessions of all other browsers, and is the one that counts from then on', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada', 'Ada Lovelace');
    const [desk, phone] = [await atAccount(scene), await atAccount(scene)];
    await desk.fill({ 'Current password': password, 'New password': changed, 'New password again': changed });
    await desk.press('Change password');
    expect(await desk.sees('Your password is changed. You are signed out everywhere else.')).toBe(true);

    expect(await reopened(desk, scene)).toBe('Ada Lovelace');
    expect(await reopened(phone, scene)).toBe('Sign in');
    expect((await phone.signIn('ada')).status()).toBe(400);
    await phone.signIn('ada', changed);
    expect(await phone.heading()).toBe('Ada Lovelace');
  });

  it.each([
    [
      'is not taken with a wrong current one',
      {
        'Current password': changed,
        'New password': changed.toUpperCase(),
        'New password again': changed.toUpperCase(),
      },
      'This is not your current password.',
    ],
    [
      'is not taken where the two copies differ',
      { 'Current password': password, 'New password': changed, 'New password again': password },
      'The two passwords differ.',
    ],
    [
      'is not taken where it is well known',
      {
        'Current password': password,
        'New password': 'correct horse battery staple',
        'New password again': 'correct horse battery staple',
      },
      /guess|known|common/,
    ],
  ])('%s, and the person is led to what is wrong', async (_title, fields, message) => {
    const scene = await openScene();
    await scene.server.addUser('ada', 'Ada Lovelace');
    const ada = await atAccount(scene);
    await ada.fill(fields);
    expect((await ada.press('Change password')).status()).toBe(400);
    expect(await ada.page.title()).toBe('Error: Your account · Notes');
    const problem = await ada.page.getByRole('alert').getByRole('link').innerText();
    expect(problem).toMatch(message);
    const focus = ada.page.locator(':focus');
    expect(await focus.getAttribute('aria-invalid')).toBe('true');
    await expect.poll(() => focus.evaluate((field) => field.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
    for (const label of Object.keys(fields)) {
      expect(await ada.page.getByLabel(label, { exact: true }).inputValue()).toBe('');
    }
    await ada.press('Sign out');
    await ada.open(`${scene.server.baseUrl}/sign-in`);
    expect((await ada.signIn('ada')).status()).toBe(200);
  });
});

describe('the sessions of a user', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

  it('are listed, and one of them can be ended', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada', 'Ada Lovelace');
    const [phone, desk] = [await atAccount(scene, 'ada', firefox), await atAccount(scene)];
    expect(await desk.sees('Firefox')).toBe(true);
    expect(await desk.sees('This device')).toBe(true);
    await desk.press(/^Sign out of Firefox/);
    expect(await desk.sees('That browser is signed out.')).toBe(true);
    expect(await desk.sees('Only on this device.')).toBe(true);
    expect(await reopened(phone, scene)).toBe('Sign in');
    expect(await reopened(desk, scene)).toBe('Ada Lovelace');
  });

  it('can all be ended but the one that asks, and those of other users go on', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada', 'Ada Lovelace');
    await scene.server.addUser('ben', 'Ben Bitdiddle');
    const [first, second, ben] = [await atAccount(scene), await atAccount(scene), await atAccount(scene, 'ben')];
    const desk = await atAccount(scene);
    await desk.press('Sign out everywhere else');
    expect(await desk.sees('You are signed out everywhere else.')).toBe(true);
    expect([await reopened(first, scene), await reopened(second, scene)]).toEqual(['Sign in', 'Sign in']);
    expect([await reopened(desk, scene), await reopened(ben, scene)]).toEqual(['Ada Lovelace', 'Ben Bitdiddle']);
  });

  it('end without ending what apps may do', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    const [ada, app] = [await atAccount(scene), await scene.app()];
    await connect(ada, app);
    await reopened(ada, scene);
    await ada.press('Sign out');
    expect(await app.call('list_notes')).toBe('no notes yet');
  });

  it('that ended meanwhile are noticed by a page that is still open', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    const [phone, desk] = [await atAccount(scene), await atAccount(scene)];
    await desk.press('Sign out everywhere else');
    await phone.fill({ 'Current password': password, 'New password': changed, 'New password again': changed });
    await phone.press('Change password');
    expect(await phone.heading()).toBe('Sign in');
    expect((await phone.signIn('ada')).status()).toBe(200);
  });
});

describe('the connected apps', () => {
  it('are listed with what they may do, and one is revoked without the other', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    const ada = await atAccount(scene);
    expect(await ada.sees('No app has access.')).toBe(true);
    const desk = await scene.app({ name: 'Desk', scope: 'notes:read notes:write' });
    const phone = await scene.app({ name: 'Phone' });
    await connect(ada, desk);
    await connect(ada, phone);
    await desk.call('list_notes');

    await reopened(ada, scene);
    const row = ada.page.getByRole('listitem').filter({ has: ada.page.getByRole('heading', { name: /^Desk/ }) });
    const text = await row.innerText();
    for (const said of ['Unverified', 'Notes', 'Read your notes', 'Write notes', 'Allowed', 'Last used']) {
      expect(text).toContain(said);
    }
    await ada.press('Revoke access of Desk');
    expect((await scene.server.post(desk.accessToken)).status).toBe(401);
    expect(await phone.call('list_notes')).toBe('no notes yet');
    expect(await ada.page.getByRole('button', { name: /^Revoke/ }).count()).toBe(1);
  });

  it('on two devices of one user are revoked one by one, although they share a client id [PITFALL-18]', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    const ada = await atAccount(scene);
    const [desk, laptop] = [await scene.app(), await scene.app()];
    await connect(ada, desk);
    laptop.saveClientInformation(desk.clientInformation() ?? { client_id: '' });
    await connect(ada, laptop);
    await reopened(ada, scene);
    expect(await ada.page.getByRole('button', { name: /^Revoke/ }).count()).toBe(2);

    await ada.page
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .click();
    await ada.page.waitForURL('**/account?done=revoked');
    const statuses = [desk, laptop].map(async ({ accessToken }) => (await scene.server.post(accessToken)).status);
    expect((await Promise.all(statuses)).sort()).toEqual([200, 401]);
  });

  it('of one user are not shown to another', async () => {
    const scene = await openScene();
    await scene.server.addUser('ada');
    await scene.server.addUser('ben');
    await connect(await atAccount(scene), await scene.app());
    const ben = await atAccount(scene, 'ben');
    expect(await ben.sees('No app has access.')).toBe(true);
  });
});
