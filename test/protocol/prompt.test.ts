import { describe, expect, it } from 'vitest';
import type { Parameters, TestClient } from '../../src/testing/test-client.ts';
import { consentPageIn, type Device, hiddenFields, openConsent, redeemed, startRequest } from '../support/consent.ts';
import { onPage, origin } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

async function setUp() {
  const harness = await openConsent();
  return { harness, client: await harness.client(), device: harness.device() };
}

async function allow(client: TestClient, device: Device): Promise<void> {
  const page = await consentPageIn(device.tab(), client.prepareAuthorization({ prompt: 'consent' }).url);
  expect((await device.post({ ...hiddenFields(page), decision: 'allow' })).status).toBe(303);
}

/** What the client hears of a request that must not ask anything. */
async function errorOf(client: TestClient, device: Device, parameters: Parameters): Promise<string | null> {
  const prepared = client.prepareAuthorization(parameters);
  const arrived = await device.tab().visit(prepared.url);
  if (!(arrived instanceof URL)) throw new Error('a page was shown');
  expect([
    arrived.searchParams.get('state'),
    arrived.searchParams.get('iss'),
    arrived.searchParams.has('code'),
  ]).toEqual([prepared.state, origin, false]);
  return arrived.searchParams.get('error');
}

describe('prompt=none', () => {
  it('is login_required where nobody is signed in, and shows nothing [RFC9207-01]', async () => {
    const { client, device } = await setUp();
    expect(await errorOf(client, device, { prompt: 'none' })).toBe('login_required');
  });

  it('is consent_required where the user has not consented to all of it', async () => {
    const { client, device } = await setUp();
    await device.signIn();
    expect(await errorOf(client, device, { prompt: 'none' })).toBe('consent_required');
    await allow(client, device);
    expect(await errorOf(client, device, { prompt: 'none', scope: 'read write' })).toBe('consent_required');
  });

  it('yields a code where the user has', async () => {
    const { client, device } = await setUp();
    await device.signIn();
    await allow(client, device);
    const prepared = client.prepareAuthorization({ prompt: 'none' });
    const arrived = await device.tab().visit(prepared.url);
    expect(arrived instanceof URL && (await redeemed(client, prepared, arrived)).scope).toBe('read');
  });

  it('is consent_required where another site sent the browser: there a remembered consent does not count [CASE-53]', async () => {
    const { client, device } = await setUp();
    await device.signIn();
    await allow(client, device);
    const consent = await startRequest(device, client.prepareAuthorization({ prompt: 'none' }));
    const response = await device.get(consent, { 'sec-fetch-site': 'cross-site' });
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('error')).toBe('consent_required');
  });

  it('is refused in combination with consent', async () => {
    const { client, device } = await setUp();
    expect(await errorOf(client, device, { prompt: 'none consent' })).toBe('invalid_request');
  });
});

describe('prompt=consent', () => {
  it('asks again what is remembered, and says that it is', async () => {
    const { client, device } = await setUp();
    await device.signIn();
    await allow(client, device);
    const page = await consentPageIn(device.tab(), client.prepareAuthorization({ prompt: 'consent' }).url);
    expect(page.html).toContain('Already allowed');
  });
});

describe.each(['login', 'select_account'])('prompt=%s', (prompt) => {
  it('asks for the password again, though the user is signed in, and then goes on', async () => {
    const { client, device, harness } = await setUp();
    await device.signIn();
    harness.clock.advance(1000);
    const tab = device.tab();
    const prepared = client.prepareAuthorization({ prompt });
    const signIn = onPage(await tab.visit(prepared.url));
    expect([signIn.url.pathname, signIn.url.searchParams.get('again')]).toEqual(['/sign-in', '1']);
    harness.clock.advance(1000);
    const consent = onPage(await tab.submit({ username: testUser.userName, password: testUser.password }));
    expect(consent.url.pathname).toBe('/consent');
    await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
  });

  it('cannot be passed by going to the consent page, or posting its form, without signing in again', async () => {
    const { client, device, harness } = await setUp();
    await device.signIn();
    await allow(client, device);
    harness.clock.advance(1000);
    const consent = await startRequest(device, client.prepareAuthorization({ prompt }));
    for (let visit = 0; visit < 2; visit += 1)
      expect((await device.get(consent)).headers.get('location')).toMatch(/^\/sign-in\?request=[\w-]+&again=1$/);
    const other = await consentPageIn(device.tab(), client.prepareAuthorization({ prompt: 'consent' }).url);
    const forged = await device.post({
      ...hiddenFields(other),
      request: consent.searchParams.get('request') ?? '',
      decision: 'allow',
    });
    expect([forged.status, forged.headers.get('location')]).toEqual([403, null]);
  });

  it('is satisfied by a sign-in after the request was made, also of another user', async () => {
    const { client, device, harness } = await setUp();
    await device.signIn();
    harness.clock.advance(1000);
    const consent = await startRequest(device, client.prepareAuthorization({ prompt }));
    harness.clock.advance(1000);
    await device.signIn('bob');
    expect((await consentPageIn(device.tab(), consent)).html).toContain('bob');
  });

  it('is refused in combination with none', async () => {
    const { client, device } = await setUp();
    expect(await errorOf(client, device, { prompt: `none ${prompt}` })).toBe('invalid_request');
  });
});

describe('login_hint', () => {
  it('fills the user name in, escaped', async () => {
    const { client, device } = await setUp();
    const page = onPage(await device.tab().visit(client.prepareAuthorization({ login_hint: 'ada"><script>' }).url));
    expect(page.html).toContain('value="ada&quot;&gt;&lt;script&gt;"');
  });
});
