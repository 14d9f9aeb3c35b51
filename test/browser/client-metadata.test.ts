import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createFetcher } from '../../src/core/egress/create.ts';
import { answerJson, startOutsideHost } from '../support/outside-host.ts';
import { chromiumScenes } from './scene.ts';

const openScene = chromiumScenes();

/** Ada in front of the consent page of an app that comes with its document. */
async function adaAtConsent() {
  const members = { client_name: 'Sticky Desk', redirect_uris: ['http://127.0.0.1/callback'] };
  const host = await startOutsideHost('desk.example', (request, response) =>
    answerJson({ ...members, client_id: clientMetadataUrl })(request, response),
  );
  onTestFinished(() => host.close());
  const clientMetadataUrl = `${host.origin}/client.json`;
  const options = { privateHosts: [host.exception] };
  const egress = createFetcher(options, { clock: systemClock, report: () => {}, resolver: host.resolver });
  const scene = await openScene(egress === undefined ? {} : { egress });
  await scene.server.addUser('ada', 'Ada Lovelace');
  const [ada, app] = [await scene.person(), await scene.app({ clientMetadataUrl })];
  await ada.open(await app.begin());
  await ada.signIn('ada');
  return { scene, ada, app, host: new URL(clientMetadataUrl).host };
}

describe('an app that comes with the URL of its document', () => {
  it('is shown with the host that describes it, and that this proves nothing on a computer [CIMD-21, CIMD-22, MCP-SEC-16, MCP-SEC-17]', async () => {
    const { ada, app, host } = await adaAtConsent();
    expect(await ada.heading()).toBe('Sticky Desk wants access to Notes');
    const text = await ada.page.locator('main').innerText();
    for (const said of [
      `It says that it is from ${host}.`,
      'Any program on this computer can say that.',
      new URL(app.redirectUrl).host,
      'Allow it only if you have just started it yourself.',
    ])
      expect(text).toContain(said);
    await ada.press('Allow');
    await app.finish();
    expect(await app.call('list_notes')).toBe('no notes yet');
  });

  it('is asked about again, and is on the account page with its host', async () => {
    const { scene, ada, app, host } = await adaAtConsent();
    await ada.press('Allow');
    await app.finish();
    const again = await scene.app({ clientMetadataUrl: app.clientMetadataUrl });
    await ada.open(await again.begin());
    expect(await ada.page.locator('main').innerText()).toContain('Already allowed');
    await ada.open(`${scene.server.baseUrl}/account`);
    expect(await ada.page.locator('main').innerText()).toContain(`From ${host}`);
  });
});
