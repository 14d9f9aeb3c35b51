import { describe, expect, it } from 'vitest';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import type { TestBrowser } from '../../src/testing/test-browser.ts';
import {
  createTestClient,
  type Parameters,
  type PreparedAuthorization,
  sendTo,
  type TestClient,
  type Tokens,
} from '../../src/testing/test-client.ts';
import {
  consentPageIn,
  type Device,
  hiddenFields,
  notes,
  openConsent,
  redeemed,
  startRequest,
} from '../support/consent.ts';
import { type IdentityHarness, onPage, origin } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

const second = 1000;
const minute = 60 * second;
const password = 'urn:portcullis:pwd';

async function setUp(config: PortcullisConfig = {}) {
  const harness = await openConsent(config);
  return { harness, client: await harness.client(), device: harness.device() };
}

/** Allows everything that a request asks for, once, so that it is remembered. */
async function allowOnce(client: TestClient, device: Device, parameters: Parameters = {}): Promise<Tokens> {
  const prepared = client.prepareAuthorization({ prompt: 'consent', ...parameters });
  const tab = device.tab();
  await consentPageIn(tab, prepared.url);
  return redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
}

/** Sees that the server asks the user to sign in again, and says who. */
async function expectSignInAgain(tab: TestBrowser, url: URL | string, userName: string): Promise<string> {
  const { url: at, html } = onPage(await tab.visit(url));
  expect([at.pathname, at.searchParams.get('again')]).toEqual(['/sign-in', '1']);
  expect(html).toMatch(new RegExp(`name="username"[^>]*value="${userName}"|value="${userName}"[^>]*name="username"`));
  return html;
}

async function errorOf(device: Device, prepared: PreparedAuthorization): Promise<string | null> {
  const arrived = await device.tab().visit(prepared.url);
  if (!(arrived instanceof URL)) throw new Error(`a page was shown: ${arrived.html}`);
  expect([arrived.searchParams.get('state'), arrived.searchParams.get('iss')]).toEqual([prepared.state, origin]);
  return arrived.searchParams.get('error');
}

async function claimsOf({ portcullis }: IdentityHarness, { accessToken }: Tokens) {
  return (await portcullis.verifyToken(accessToken))?.claims ?? {};
}

describe('max_age', () => {
  it('asks for the password where the user signed in longer ago, says why, and then goes on without a further question [RFC9470-04, RFC9470-07]', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    await allowOnce(client, device);
    harness.clock.advance(10 * minute);
    const prepared = client.prepareAuthorization({ max_age: '300' });
    const tab = device.tab();
    const html = await expectSignInAgain(tab, prepared.url, 'ada');
    expect(html).toContain('within the last 5 minutes');
    expect(html).toContain('Sign in as someone else');
    const arrived = await tab.submit({ password: testUser.password });
    const tokens = await redeemed(client, prepared, arrived as URL);
    expect(await claimsOf(harness, tokens)).toMatchObject({
      auth_time: harness.clock.now() / second,
      acr: password,
      amr: ['pwd'],
    });
  });

  it('asks nothing where the user signed in recently enough', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    const signedInAt = harness.clock.now();
    await allowOnce(client, device);
    harness.clock.advance(5 * minute);
    const prepared = client.prepareAuthorization({ max_age: '300' });
    const tokens = await redeemed(client, prepared, (await device.tab().visit(prepared.url)) as URL);
    expect(await claimsOf(harness, tokens)).toMatchObject({ auth_time: signedInAt / second });
    harness.clock.advance(1);
    await expectSignInAgain(device.tab(), client.prepareAuthorization({ max_age: '300' }).url, 'ada');
  });

  it('of 0 is satisfied by a sign-in for the request, however long the user then takes over the consent page [RFC9470-04]', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    harness.clock.advance(second);
    const prepared = client.prepareAuthorization({ max_age: '0' });
    const tab = device.tab();
    await expectSignInAgain(tab, prepared.url, 'ada');
    harness.clock.advance(second);
    expect(onPage(await tab.submit({ password: testUser.password })).url.pathname).toBe('/consent');
    harness.clock.advance(10 * minute);
    expect(onPage(await tab.visit(tab.page.url)).url.pathname).toBe('/consent');
    const tokens = await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
    expect(await claimsOf(harness, tokens)).toMatchObject({ auth_time: (harness.clock.now() - 10 * minute) / second });
  });

  it('is satisfied by nobody’s sign-in for another request', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    harness.clock.advance(second);
    const first = await startRequest(device, client.prepareAuthorization({ max_age: '0' }));
    const tab = device.tab();
    await expectSignInAgain(tab, first, 'ada');
    await tab.submit({ password: testUser.password });
    harness.clock.advance(second);
    await expectSignInAgain(device.tab(), client.prepareAuthorization({ max_age: '0' }).url, 'ada');
  });

  it('together with prompt=none is login_required where the user signed in longer ago [RFC9470-04]', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    await allowOnce(client, device);
    harness.clock.advance(minute);
    expect(await errorOf(device, client.prepareAuthorization({ prompt: 'none', max_age: '59' }))).toBe(
      'login_required',
    );
    const prepared = client.prepareAuthorization({ prompt: 'none', max_age: '60' });
    await redeemed(client, prepared, (await device.tab().visit(prepared.url)) as URL);
  });

  it('cannot be passed by posting a consent form that was shown before it ran out', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    const other = await consentPageIn(device.tab(), client.prepareAuthorization({ prompt: 'consent' }).url);
    harness.clock.advance(second);
    const consent = await startRequest(device, client.prepareAuthorization({ max_age: '0' }));
    const forged = { ...hiddenFields(other), request: consent.searchParams.get('request') ?? '', decision: 'allow' };
    expect((await device.post(forged)).status).toBe(403);
    expect(await harness.services.database.read('SELECT count(*) AS n FROM grants')).toEqual([{ n: 0 }]);
  });
});

describe('clocks that are set back', () => {
  it('between the request and the sign-in: the user is asked once, not for ever', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    harness.clock.advance(second);
    const prepared = client.prepareAuthorization({ max_age: '0' });
    const tab = device.tab();
    await expectSignInAgain(tab, prepared.url, 'ada');
    harness.clock.advance(-60 * minute);
    expect(onPage(await tab.submit({ password: testUser.password })).url.pathname).toBe('/consent');
    const tokens = await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
    expect(await claimsOf(harness, tokens)).toMatchObject({ auth_time: harness.clock.now() / second });
  });

  it('after the sign-in: one that is dated in the future is not recent', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    await allowOnce(client, device);
    harness.clock.advance(-60 * minute);
    await expectSignInAgain(device.tab(), client.prepareAuthorization({ max_age: '86400' }).url, 'ada');
  });

  it('at the resource: a token of a sign-in in the future does not open what wants a recent one', async () => {
    const scopes = { ...notes.scopes, read: { tools: ['wipe'], signIn: { maxAgeSeconds: 60 } } };
    const { harness, client, device } = await setUp({ scopes });
    await device.signIn();
    const tokens = await allowOnce(client, device);
    harness.clock.advance(-30 * second);
    expect(await statusOf(harness, tokens, 'wipe')).toBe(200);
    harness.clock.advance(-60 * minute);
    expect(await statusOf(harness, tokens, 'wipe')).toBe(401);
  });
});

async function statusOf({ portcullis }: IdentityHarness, { accessToken }: Tokens, tool: string): Promise<number> {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool } };
  const request = new Request(`${origin}/mcp`, { headers: { authorization: `Bearer ${accessToken}` } });
  return (await portcullis.authenticate(request, { body })).response?.status ?? 200;
}

describe('another user who signs in where one was asked to do so again', () => {
  it('is asked for consent by name, though everything was allowed before', async () => {
    const { harness, client, device } = await setUp();
    const bobs = harness.device();
    await bobs.signIn('bob');
    await allowOnce(client, bobs);
    await device.signIn('ada');
    await allowOnce(client, device);
    harness.clock.advance(10 * minute);
    const prepared = client.prepareAuthorization({ max_age: '60' });
    const tab = device.tab();
    await expectSignInAgain(tab, prepared.url, 'ada');
    // What the page does not let a person change.
    const page = onPage(await tab.submit({ username: 'bob', password: testUser.password }));
    expect(page.url.pathname).toBe('/consent');
    expect(page.html).toMatch(/Signed in as <strong>bob<\/strong>/);
    const tokens = await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
    const bob = await harness.services.users.findByName('bob');
    expect((await harness.portcullis.verifyToken(tokens.accessToken))?.subject).toBe(bob?.userId);
    expect(await claimsOf(harness, tokens)).toMatchObject({ auth_time: harness.clock.now() / second });
  });

  it('is asked after "Sign in as someone else" too, and the first user’s sign-in has not become a new one', async () => {
    const { harness, client, device } = await setUp();
    const bobs = harness.device();
    await bobs.signIn('bob');
    await allowOnce(client, bobs);
    await device.signIn('ada');
    harness.clock.advance(10 * minute);
    const prepared = client.prepareAuthorization({ max_age: '60' });
    const tab = device.tab();
    const html = await expectSignInAgain(tab, prepared.url, 'ada');
    const form = /<form method="post" action="\/sign-out".*?<\/form>/s.exec(html)?.[0] ?? '';
    const hidden = [...form.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    const signedOut = await device.send(
      new Request(`${origin}/sign-out`, {
        method: 'POST',
        body: new URLSearchParams(hidden as [string, string][]),
        headers: { origin, 'sec-fetch-site': 'same-origin' },
      }),
    );
    expect(signedOut.headers.get('location')).toMatch(/^\/sign-in\?request=/);
    await tab.visit(new URL(signedOut.headers.get('location') ?? '', origin));
    const page = onPage(await tab.submit({ username: 'bob', password: testUser.password }));
    expect(page.html).toMatch(/Signed in as <strong>bob<\/strong>/);
    const consent = page.url;
    await device.signIn('ada');
    const again = onPage(await device.tab().visit(consent));
    expect(again.url.pathname).toBe('/consent');
    harness.clock.advance(10 * minute);
    const old = client.prepareAuthorization({ max_age: '60' });
    await expectSignInAgain(device.tab(), old.url, 'ada');
  });
});

describe('signing in again', () => {
  it('ends the session that was there, so that whoever knew its id has nothing', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    const known = new Map(device.cookies);
    harness.clock.advance(second);
    const tab = device.tab();
    const prepared = client.prepareAuthorization({ max_age: '0' });
    await expectSignInAgain(tab, prepared.url, 'ada');
    await tab.submit({ password: testUser.password });
    const thief = harness.device();
    for (const [name, value] of known) thief.cookies.set(name, value);
    expect((await thief.get('/account')).headers.get('location')).toBe('/sign-in');
    expect((await device.get('/account')).status).toBe(200);
  });

  it('with a wrong password leaves the session as it was, and the request waiting', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    harness.clock.advance(second);
    const tab = device.tab();
    await expectSignInAgain(tab, client.prepareAuthorization({ max_age: '0' }).url, 'ada');
    const refused = onPage(await tab.submit({ password: 'wrong horse battery staple' }));
    expect([refused.status, refused.html.includes('value="ada"')]).toEqual([400, true]);
    expect((await device.get('/account')).status).toBe(200);
    expect(onPage(await tab.submit({ password: testUser.password })).url.pathname).toBe('/consent');
  });

  it('in another browser changes nothing for the one that the request belongs to', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    harness.clock.advance(second);
    const consent = await startRequest(device, client.prepareAuthorization({ max_age: '0' }));
    await expectSignInAgain(device.tab(), consent, 'ada');
    const other = harness.device();
    const tab = other.tab();
    await tab.visit(new URL(`/sign-in?${consent.searchParams}`, origin));
    const elsewhere = onPage(await tab.submit({ username: 'ada', password: testUser.password }));
    expect([elsewhere.url.pathname, elsewhere.status]).toEqual(['/consent', 403]);
    await expectSignInAgain(device.tab(), consent, 'ada');
  });
});

describe('acr_values', () => {
  it('are advertised as configured, and end up in tokens [RFC9470-05, RFC9470-07, RFC9470-09]', async () => {
    const { harness, client, device } = await setUp({ signIn: { acrOfPassword: 'https://example.com/password' } });
    expect(harness.portcullis.serverMetadata()).toMatchObject({
      acr_values_supported: ['https://example.com/password'],
    });
    await device.signIn();
    const tokens = await allowOnce(client, device, { acr_values: 'urn:other https://example.com/password' });
    expect(await claimsOf(harness, tokens)).toMatchObject({ acr: 'https://example.com/password', amr: ['pwd'] });
  });

  it('that this server does not have are an unmet requirement, signed in or not [RFC9470-06]', async () => {
    const { client, device } = await setUp();
    const prepared = () => client.prepareAuthorization({ acr_values: 'urn:example:hardware-key' });
    expect(await errorOf(device, prepared())).toBe('unmet_authentication_requirements');
    await device.signIn();
    expect(await errorOf(device, prepared())).toBe('unmet_authentication_requirements');
  });

  it('of a request that waited while the operator renamed them are unmet, and the user is not asked for ever [RFC9470-05]', async () => {
    const { harness, client, device } = await setUp();
    await device.signIn();
    const prepared = client.prepareAuthorization({ acr_values: password });
    const consent = await startRequest(device, prepared);
    const { database } = harness.services;
    await database.write({
      sql: "UPDATE authorization_requests SET parameters = replace(parameters, ?, 'urn:example:former')",
      values: [password],
    });
    const tab = device.tab();
    await expectSignInAgain(tab, consent, 'ada');
    const arrived = (await tab.submit({ password: testUser.password })) as URL;
    expect(arrived.searchParams.get('error')).toBe('unmet_authentication_requirements');
    expect(arrived.searchParams.get('state')).toBe(prepared.state);
  });
});

describe('a scope that demands a recent sign-in', () => {
  const scopes = {
    read: { tools: ['list_notes'] },
    write: { tools: ['add_note'], signIn: { maxAgeSeconds: 3600 } },
    delete: { tools: ['delete_note'], toolSignIn: { delete_note: { maxAgeSeconds: 300, acr: password } } },
  };

  it('gets it at every authorization, though the client knows nothing of max_age [RFC9470-11]', async () => {
    const { harness, client, device } = await setUp({ scopes });
    await device.signIn();
    await allowOnce(client, device, { scope: 'read' });
    harness.clock.advance(10 * minute);
    const silent = client.prepareAuthorization({ scope: 'read' });
    await redeemed(client, silent, (await device.tab().visit(silent.url)) as URL);
    const tab = device.tab();
    const prepared = client.prepareAuthorization({ scope: 'read delete' });
    const html = await expectSignInAgain(tab, prepared.url, 'ada');
    expect(html).toContain('within the last 5 minutes');
    await tab.submit({ password: testUser.password });
    const tokens = await redeemed(
      client,
      prepared,
      await tab.submitAndLeave({ decision: 'allow', 'scope:delete': 'on' }),
    );
    expect(await statusOf(harness, tokens, 'delete_note')).toBe(200);
  });

  it('is closed to a token that was seen to be good a moment ago, as soon as the time is over [RFC9470-01]', async () => {
    const { harness, client, device } = await setUp({ scopes });
    await device.signIn();
    const tab = device.tab();
    const prepared = client.prepareAuthorization({ scope: 'read write delete' });
    await consentPageIn(tab, prepared.url);
    const everything = { decision: 'allow', 'scope:write': 'on', 'scope:delete': 'on' };
    const tokens = await redeemed(client, prepared, await tab.submitAndLeave(everything));
    harness.clock.advance(5 * minute);
    for (let times = 0; times < 3; times += 1) expect(await statusOf(harness, tokens, 'delete_note')).toBe(200);
    harness.clock.advance(1);
    expect(await statusOf(harness, tokens, 'delete_note')).toBe(401);
    expect(await statusOf(harness, tokens, 'add_note')).toBe(200);
  });

  it('cannot be had with prompt=none once the sign-in is too old', async () => {
    const { harness, client, device } = await setUp({ scopes });
    await device.signIn();
    await allowOnce(client, device, { scope: 'read write' });
    harness.clock.advance(61 * minute);
    const prepared = client.prepareAuthorization({ scope: 'read write', prompt: 'none' });
    expect(await errorOf(device, prepared)).toBe('login_required');
  });

  it('is refused at start-up where nobody could meet it', async () => {
    await expect(openConsent({ scopes: { read: { signIn: { acr: 'urn:example:hardware-key' } } } })).rejects.toThrow(
      "scopes.read.signIn.acr 'urn:example:hardware-key' is no way of signing in here; known: urn:portcullis:pwd",
    );
  });
});

describe('a challenge for a stronger sign-in', () => {
  async function start(acr: string) {
    const provider = new InMemoryProvider(
      { baseUrl: origin, clientRegistration: { enabled: true }, approve: () => ({ subject: 'ada', acr }) },
      {
        acrValues: ['one', 'two', 'three'],
        scopes: { list: { tools: ['list'] }, export: { tools: ['export'], signIn: { acr: 'two' } }, required: {} },
      },
    );
    const client = await createTestClient(provider);
    const arrivedWith = async (parameters: Parameters) => {
      const prepared = client.prepareAuthorization(parameters);
      const response = await sendTo(provider)(new Request(prepared.url));
      return { prepared, arrived: new URL(response.headers.get('location') ?? '') };
    };
    const call = async (token: string | undefined, name: string, scopes: readonly string[] = []) => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } };
      return (await provider.authenticate(new Request(`${origin}/mcp`, { headers }), { body, scopes })).response;
    };
    return { provider, client, arrivedWith, call };
  }

  it('names the way that is demanded and all that are stronger, to nobody without a token and for nothing else [RFC9470-02, RFC9470-10]', async () => {
    const { client, arrivedWith, call, provider } = await start('one');
    const { prepared, arrived } = await arrivedWith({ scope: 'list' });
    const { accessToken } = await redeemed(client, prepared, arrived);
    const { loadAccessToken } = provider;
    // As if a way of signing in had been strong enough when the token was issued.
    provider.loadAccessToken = async (token) => {
      const record = await loadAccessToken.call(provider, token);
      return record && { ...record, scopes: ['list', 'export'] };
    };
    const challenge = (await call(accessToken, 'export'))?.headers.get('www-authenticate');
    expect(challenge).toContain('acr_values="two three"');
    expect(challenge).not.toContain('max_age');
    expect(await call(accessToken, 'list')).toBeUndefined();
    expect((await call(undefined, 'export'))?.headers.get('www-authenticate')).not.toContain('acr_values');
  });

  it('is answered by a code only where the sign-in is that strong, by whatever the request or its scopes want [RFC9470-05, RFC9470-06]', async () => {
    const weak = await start('one');
    for (const parameters of [
      { scope: 'export' },
      { scope: 'list', acr_values: 'two' },
      { acr_values: 'three nine' },
    ]) {
      const { arrived } = await weak.arrivedWith(parameters);
      expect(arrived.searchParams.get('error')).toBe('unmet_authentication_requirements');
    }
    const strong = await start('three');
    const { prepared, arrived } = await strong.arrivedWith({ scope: 'export', acr_values: 'one two' });
    const { accessToken } = await redeemed(strong.client, prepared, arrived);
    expect(await strong.call(accessToken, 'export')).toBeUndefined();
  });

  it('is not needed where a provider forgets about max_age: it gets no code for an old sign-in [RFC9470-04]', async () => {
    const longAgo = Date.now() - 10 * minute;
    const provider = new InMemoryProvider({
      baseUrl: origin,
      clientRegistration: { enabled: true },
      approve: () => ({ subject: 'ada', authenticatedAt: longAgo }),
    });
    const client = await createTestClient(provider);
    const errorFor = async (parameters: Parameters) => {
      const response = await sendTo(provider)(new Request(client.prepareAuthorization(parameters).url));
      return new URL(response.headers.get('location') ?? '').searchParams.get('error');
    };
    expect(await errorFor({ max_age: '300' })).toBe('login_required');
    expect(await errorFor({ prompt: 'login' })).toBe('login_required');
    expect(await errorFor({ max_age: '3600' })).toBeNull();
  });
});
