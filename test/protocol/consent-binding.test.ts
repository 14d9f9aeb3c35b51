import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sql } from '../../src/core/database.ts';
import type { ClientId } from '../../src/core/ids.ts';
import { openDatabase } from '../../src/storage/open.ts';
import type { TestClient } from '../../src/testing/test-client.ts';
import {
  type ConsentHarness,
  consentPageIn,
  type Device,
  expectRefused,
  hiddenFields,
  openConsent,
  redeemed,
  startRequest,
} from '../support/consent.ts';
import { engine, testDatabase } from '../support/engine.ts';
import { onPage, origin } from '../support/identity.ts';

/** A consent page in a browser in which `ada` is signed in, and the fields that its Allow would send. */
async function asked(config?: Parameters<typeof openConsent>[0]) {
  const harness = await openConsent(config);
  const [client, device] = [await harness.client(), harness.device()];
  await device.signIn();
  return { harness, client, device, ...(await ask(client, device)) };
}

async function ask(client: TestClient, device: Device) {
  const prepared = client.prepareAuthorization();
  const page = await consentPageIn(device.tab(), prepared.url);
  const allow: Readonly<Record<string, string>> = { ...hiddenFields(page), decision: 'allow' };
  return { prepared, page, allow };
}

async function userId(harness: ConsentHarness, name: string): Promise<string> {
  return (await harness.services.users.findByName(name))?.userId ?? '';
}

/** Allows what a page asked, and redeems the code: the page was still good. */
async function expectStillGood(
  client: TestClient,
  device: Device,
  { prepared, allow }: Awaited<ReturnType<typeof ask>>,
): Promise<void> {
  const response = await device.post(allow);
  expect(response.status).toBe(303);
  await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''));
}

describe('a decision is bound to the form', () => {
  it('without its CSRF token, or with another one, it is refused and the request stays open [CASE-50, MCP-BP-07]', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    const other = await ask(client, device);
    for (const token of [
      undefined,
      '',
      'x',
      'A'.repeat(43),
      allow['csrf_token']?.slice(0, -1),
      other.allow['csrf_token'],
    ]) {
      await expectRefused(harness, await device.post({ ...allow, csrf_token: token }), 403);
    }
    await expectStillGood(client, device, { prepared, page, allow });
  });

  it('without the cookie that the token was made for it is refused [CASE-50]', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    const kept = new Map(device.cookies);
    const ofBrowser = (name: string) => name.includes('portcullis-browser');
    for (const name of [...device.cookies.keys()].filter(ofBrowser)) device.cookies.delete(name);
    await expectRefused(harness, await device.post(allow), 403);
    for (const name of [...kept.keys()].filter(ofBrowser)) device.cookies.set(name, 'B'.repeat(43));
    await expectRefused(harness, await device.post(allow), 403);
    for (const [name, value] of kept) device.cookies.set(name, value);
    await expectStillGood(client, device, { prepared, page, allow });
  });

  it('posted by another site it is refused, even with everything right [MCP-BP-07]', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
      { origin: `${origin}.evil.example` },
    ]) {
      await expectRefused(harness, await device.post(allow, headers), 403);
    }
    await expectStillGood(client, device, { prepared, page, allow });
  });

  it('posted in another form than a form it is refused', async () => {
    const { harness, device, allow } = await asked();
    for (const [type, body] of [
      ['application/json', JSON.stringify(allow)],
      ['text/plain', new URLSearchParams(allow).toString()],
      ['multipart/form-data', 'x'],
    ] as const) {
      const request = new Request(`${origin}/consent`, {
        method: 'POST',
        body,
        headers: { 'content-type': type, origin, 'sec-fetch-site': 'same-origin' },
      });
      await expectRefused(harness, await device.send(request), 415);
    }
  });

  it('without a choice, or with an unknown one, nothing is decided', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    for (const decision of [undefined, '', 'Allow', 'yes', 'allow deny'])
      await expectRefused(harness, await device.post({ ...allow, decision }), 400);
    const twice = new Request(`${origin}/consent`, {
      method: 'POST',
      body: new URLSearchParams([...Object.entries(allow), ['decision', 'deny']]),
      headers: { origin, 'sec-fetch-site': 'same-origin' },
    });
    await expectRefused(harness, await device.send(twice), 400);
    await expectStillGood(client, device, { prepared, page, allow });
  });
});

describe('a decision is bound to one request', () => {
  it('a form that names another request, or none, is refused [PITFALL-12]', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    const other = await ask(client, device);
    for (const request of [other.allow['request'], undefined, 'A'.repeat(43), "' OR 1=1 --"]) {
      await expectRefused(harness, await device.post({ ...allow, request }), 403);
    }
    await expectStillGood(client, device, { prepared, page, allow });
    await expectStillGood(client, device, other);
  });

  it('a page rendered twice: either form works, and then neither does again [CASE-51, PITFALL-12]', async () => {
    const { client, device, prepared, page, allow } = await asked();
    const again = hiddenFields(await consentPageIn(device.tab(), page.url));
    await expectStillGood(client, device, { prepared, page, allow });
    for (const fields of [allow, { ...again, decision: 'allow' }, { ...again, decision: 'deny' }]) {
      const response = await device.post(fields);
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
      expect(await response.text()).toContain('finished or has expired');
    }
  });

  it('two clients in two tabs: each form works, in any order, and finishing one leaves the other [CASE-51]', async () => {
    const harness = await openConsent();
    const [first, second, device] = [await harness.client(), await harness.client(), harness.device()];
    await device.signIn();
    const [a, b, c] = [await ask(first, device), await ask(second, device), await ask(first, device)];
    await expectStillGood(second, device, b);
    await expectStillGood(first, device, c);
    await expectStillGood(first, device, a);
  });

  it('two tabs of a browser that is new here, opened at once: both can sign in and finish [CASE-51]', async () => {
    const harness = await openConsent();
    const device = harness.device();
    const started = await Promise.all(
      [await harness.client(), await harness.client()].map(async (client) => {
        const prepared = client.prepareAuthorization();
        return { client, prepared, address: await startRequest(device, prepared) };
      }),
    );
    await Promise.all(started.map(({ address }) => device.tab().visit(address)));
    await device.signIn();
    for (const { client, prepared, address } of started) {
      const page = await consentPageIn(device.tab(), address);
      await expectStillGood(client, device, { prepared, page, allow: { ...hiddenFields(page), decision: 'allow' } });
    }
  });

  it('of many posts at once one gets the code, and one grant exists [PITFALL-12]', async () => {
    const { harness, device, allow } = await asked();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => device.post({ ...allow, decision: index % 5 === 4 ? 'deny' : 'allow' })),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
    const [row] = await harness.services.database.read('SELECT count(*) AS n FROM grants');
    const [winner] = answers.filter(({ status }) => status === 303);
    expect(row?.['n']).toBe(winner?.headers.get('location')?.includes('code=') === true ? 1 : 0);
  });

  it('a request that waited too long is finished, at the page and at the form', async () => {
    const { harness, device, page, allow } = await asked({ sessions: { idleMinutes: 300 } });
    harness.clock.advance(30 * 60_000);
    await expectRefused(harness, await device.post(allow), 400);
    await expectRefused(harness, await device.get(page.url), 400);
  });

  it('a request is open for as long as the setting says, and so is the browser’s cookie for it', async () => {
    const harness = await openConsent({
      signIn: { requestMinutes: 120, rateLimit: { limit: 1000 } },
      sessions: { idleMinutes: 300 },
    });
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const consent = await startRequest(device, client.prepareAuthorization());
    const [cookie] = (await device.get(consent)).headers
      .getSetCookie()
      .filter((each) => each.includes('portcullis-request'));
    expect(cookie).toMatch(/Max-Age=7200$/);
    harness.clock.advance(119 * 60_000);
    await consentPageIn(device.tab(), consent);
  });

  it('the browser forgets its cookie for a request that is finished', async () => {
    const { device, allow } = await asked();
    const waiting = () => [...device.cookies.keys()].filter((name) => name.includes('portcullis-request')).length;
    expect(waiting()).toBe(1);
    await device.post(allow);
    expect(waiting()).toBe(0);
  });
});

describe('a decision is bound to one browser', () => {
  it('another browser cannot go on with a request, though the same user is signed in there [CASE-52, PITFALL-12]', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    const elsewhere = harness.device();
    await elsewhere.signIn();
    expect(await expectRefused(harness, await elsewhere.get(page.url), 403)).toContain('another browser');
    await expectRefused(harness, await elsewhere.post(allow), 403);
    const own = await ask(client, elsewhere);
    await expectRefused(harness, await elsewhere.post({ ...own.allow, request: allow['request'] }), 403);
    await expectStillGood(client, device, { prepared, page, allow });
  });

  it('neither can a browser that has lost its cookie for the request, or made one up [CASE-52, MCP-BP-11]', async () => {
    const { harness, device, allow, page } = await asked();
    const [name = ''] = [...device.cookies.keys()].filter((each) => each.includes('portcullis-request'));
    device.cookies.delete(name);
    await expectRefused(harness, await device.post(allow), 403);
    for (const value of ['A'.repeat(43), '', 'x']) {
      device.cookies.set(name, value);
      await expectRefused(harness, await device.post(allow), 403);
      await expectRefused(harness, await device.get(page.url), 403);
    }
  });

  it('it is the first one that opens the page, though nobody is signed in there yet [CASE-52]', async () => {
    const harness = await openConsent();
    const [client, device, elsewhere] = [await harness.client(), harness.device(), harness.device()];
    const consent = await startRequest(device, client.prepareAuthorization());
    expect(onPage(await device.tab().visit(consent)).url.pathname).toBe('/sign-in');
    await elsewhere.signIn();
    await expectRefused(harness, await elsewhere.get(consent), 403);
    await device.signIn();
    await consentPageIn(device.tab(), consent);
  });
});

describe('a decision is bound to one user, who is signed in', () => {
  it('nothing is decided where nobody is signed in [PITFALL-20, OAUTH21-17]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    const consent = await startRequest(device, client.prepareAuthorization());
    await device.get(consent);
    const request = consent.searchParams.get('request') ?? '';
    await expectRefused(harness, await device.post({ request, decision: 'allow' }), 403);
    const next = await device.get(consent);
    expect(next.headers.get('location')).toBe(`/sign-in?request=${request}`);
  });

  it('one user’s form does not work for the next user of the browser [PITFALL-12]', async () => {
    const { harness, client, device, allow, page, prepared } = await asked();
    await device.signIn('bob');
    await expectRefused(harness, await device.post(allow), 403);
    const own = await consentPageIn(device.tab(), page.url);
    expect(own.html).toContain('bob');
    await expectStillGood(client, device, { prepared, page: own, allow: { ...hiddenFields(own), decision: 'allow' } });
    const [grant] = await harness.services.database.read('SELECT subject FROM grants');
    expect(grant?.['subject']).toBe(await userId(harness, 'bob'));
  });

  it('“Not you?” signs out and asks the next user for the same request', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const tab = device.tab();
    const prepared = client.prepareAuthorization();
    const page = await consentPageIn(tab, prepared.url);
    const signOut = /<form method="post" action="\/sign-out".*?<\/form>/s.exec(page.html)?.[0] ?? '';
    const fields = Object.fromEntries(
      [...signOut.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const response = await device.send(
      new Request(`${origin}/sign-out`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { origin, 'sec-fetch-site': 'same-origin' },
      }),
    );
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      `/sign-in?request=${page.url.searchParams.get('request')}`,
    ]);
    await device.signIn('bob');
    expect((await consentPageIn(tab, page.url)).html).toContain('bob');
  });

  it('a user who was disabled or deleted since signing in decides nothing, and no grant is left behind', async () => {
    for (const end of ['disable', 'delete'] as const) {
      const { harness, device, page, allow } = await asked();
      const id = await userId(harness, 'ada');
      if (end === 'disable') await harness.services.users.setStatus(id, 'disabled');
      else await harness.services.users.delete(id);
      await expectRefused(harness, await device.post(allow), 403);
      expect((await device.get(page.url)).headers.get('location')).toMatch(/^\/sign-in/);
      expect(await harness.services.database.read('SELECT * FROM grants')).toEqual([]);
    }
  });

  it('a user who is disabled at the very moment of the decision ends up with no living grant', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { harness, device, allow } = await asked();
      const disable = harness.services.users.setStatus(await userId(harness, 'ada'), 'disabled');
      await Promise.all([disable, device.post(allow), device.post(allow)]);
      expect(await harness.services.database.read('SELECT * FROM grants WHERE revoked_at IS NULL')).toEqual([]);
    }
  });

  it('a client that was deleted meanwhile gets nothing, and the person is told', async () => {
    const { harness, client, device, page, allow } = await asked();
    await harness.services.clients.delete(client.clientId as ClientId);
    expect(await expectRefused(harness, await device.post(allow), 400)).toContain('no longer registered');
    await expectRefused(harness, await device.get(page.url), 400);
  });

  it('a client whose redirect URI is no longer registered gets nothing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-consent-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const settings = await testDatabase(join(directory, 'test.db'));
    const { harness, device, page, allow } = await asked(settings);
    const elsewhere = await openDatabase(settings.database);
    await elsewhere.write(sql("UPDATE clients SET metadata = replace(metadata, 'app.example', 'other.example')"));
    await elsewhere.close();
    if (engine === 'postgres') await new Promise((resolve) => setTimeout(resolve, 1000));
    await expectRefused(harness, await device.post(allow), 400);
    await expectRefused(harness, await device.get(page.url), 400);
  });
});

describe('looking is not deciding', () => {
  it('HEAD of the authorization endpoint and of the consent page does nothing', async () => {
    const { harness, client, device, prepared, page, allow } = await asked();
    const head = (url: URL) => device.send(new Request(url, { method: 'HEAD', headers: { 'sec-fetch-site': 'none' } }));
    const requests = () => harness.services.database.read('SELECT count(*) AS n FROM authorization_requests');
    const before = await requests();
    for (const url of [client.prepareAuthorization().url, page.url, prepared.url]) {
      const response = await head(url);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
    }
    expect(await requests()).toEqual(before);
    await expectStillGood(client, device, { prepared, page, allow });
    const remembered = await startRequest(device, client.prepareAuthorization());
    expect((await head(remembered)).status).toBe(405);
    expect((await device.get(remembered)).headers.get('location')).toContain('code=');
  });

  it('an address without a request, or with a malformed one, is answered with a page', async () => {
    const harness = await openConsent();
    const device = harness.device();
    for (const address of [
      '/consent',
      '/consent?request=',
      '/consent?request=unknown',
      '/consent?request=a&request=b',
      '/consent?request=%00',
      '/consent?request=%FF',
    ]) {
      await expectRefused(harness, await device.get(address), 400);
    }
  });
});
