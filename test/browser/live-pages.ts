import type { BrowserContextOptions } from 'playwright-core';
import { password } from '../support/notes-server.ts';
import type { Person } from './person.ts';
import type { Scene } from './scene.ts';

const everything = 'notes:read notes:write notes:delete';

/**
 * Leads people through every page that the server can show, and looks at each.
 * @param options of every browser that takes part
 * @param look is told the page's name and finds it in front of the person
 */
export async function seeEveryPage(
  scene: Scene,
  options: BrowserContextOptions,
  look: (name: string, person: Person) => Promise<void>,
): Promise<void> {
  const { server } = scene;
  const at = (path: string) => `${server.baseUrl}${path}`;
  const ada = await scene.person(options);
  const see = (name: string) => look(name, ada);

  await ada.open(at('/'));
  await see('home');
  const link = (await server.portcullis.setupUrl()) ?? '';
  await ada.open(link);
  await see('set-up');
  await ada.fill({ 'User name': 'ada', Password: 'correct horse battery staple', 'Password again': 'x'.repeat(12) });
  await ada.press('Create administrator');
  await see('set-up-refused');
  await ada.setUp(link, 'ada', 'Ada Lovelace');
  await see('account-new');
  await ada.open(link);
  await see('set-up-used');
  await ada.open(at('/setup?token=none'));
  await see('set-up-unknown');
  await ada.open(at('/sign-out'));
  await see('sign-out');
  await ada.press(/^Sign out$/);
  await see('signed-out');

  await ada.open(at('/sign-in'));
  await see('sign-in');
  const app = await scene.app({ scope: everything });
  await ada.open(await app.begin());
  await see('sign-in-for-app');
  await ada.signIn('ada', 'not the password at all');
  await see('sign-in-refused');
  await ada.signIn('ada');
  await see('consent');
  const consent = ada.page.url();
  await seeOthers(scene, options, consent, look);
  await ada.press('Allow');
  await app.finish();
  await app.call('list_notes');
  await ada.open(consent);
  await see('request-finished');

  const again = await scene.app({ parameters: { prompt: 'login' } });
  await ada.open(await again.begin());
  await see('confirm-it-is-you');
  await ada.open(`${await again.begin()}&client_id=twice`);
  await see('parameter-twice');
  const wrong = new URL(await again.begin());
  wrong.searchParams.set('redirect_uri', 'https://elsewhere.example/cb');
  await ada.open(wrong.href);
  await see('wrong-return-address');
  wrong.searchParams.set('client_id', 'unknown');
  await ada.open(wrong.href);
  await see('unknown-app');

  const terminal = await scene.terminal();
  const device = await terminal.startDevice({ scope: everything });
  await ada.open(device.url.href);
  await see('device-code');
  await ada.press('Continue');
  await see('device-consent');
  await ada.press('Allow');
  await see('device-allowed');
  await ada.open(at('/device'));
  await ada.fill({ Code: device.userCode });
  await ada.press('Continue');
  await see('device-code-refused');

  await ada.open(at('/account'));
  await see('account');
  await ada.fill({ 'Current password': password, 'New password': 'short', 'New password again': 'short' });
  await ada.page.locator('form:has(#field-new_password)').evaluate((form) => form.setAttribute('novalidate', ''));
  await ada.press('Change password');
  await see('account-refused');
  await ada.press('Revoke');
  await see('account-revoked');
}

/** What somebody sees who has nothing to do with the request of another browser, and who guesses passwords. */
async function seeOthers(
  { server, person }: Scene,
  options: BrowserContextOptions,
  consent: string,
  look: (name: string, person: Person) => Promise<void>,
): Promise<void> {
  const eve = await person(options);
  await eve.open(consent);
  await look('another-browser', eve);
  await eve.open(`${server.baseUrl}/sign-in`);
  let status = 0;
  for (let attempt = 0; status !== 429; attempt += 1) status = (await eve.signIn('eve', `guess ${attempt}`)).status();
  await look('sign-in-wait', eve);
}
