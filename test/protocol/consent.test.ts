import { describe, expect, it } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import {
  consentPageIn,
  expectRefused,
  hiddenFields,
  openConsent,
  redeemed,
  scopesOn,
  startRequest,
} from '../support/consent.ts';
import { onPage, origin } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

const everything = { scope: 'read write delete' };

describe('the way through sign-in and consent', () => {
  it('ends at the client with a code, the state and iss byte for byte, after the user was authenticated [CASE-28, RFC9207-01, MCP-AUTH-09, OAUTH21-17, OAUTH21-18, OAUTH21-38]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    const state = 'a+b c/%2F=&é?#"<\\>~\'';
    const prepared = client.prepareAuthorization({ ...everything, state });
    const tab = device.tab();
    const signIn = onPage(await tab.visit(prepared.url));
    expect(signIn.url.pathname).toBe('/sign-in');
    const consent = onPage(await tab.submit({ username: testUser.userName, password: testUser.password }));
    expect([consent.url.pathname, consent.status]).toEqual(['/consent', 200]);
    const arrived = await tab.submitAndLeave({ decision: 'allow' });
    expect(`${arrived.origin}${arrived.pathname}`).toBe('https://app.example/cb');
    expect([...arrived.searchParams.keys()]).toEqual(['code', 'state', 'iss']);
    expect(arrived.searchParams.get('state')).toBe(state);
    expect(arrived.searchParams.get('iss')).toBe(origin);
    expect(await redeemed(client, prepared, arrived)).toMatchObject({ scope: 'read write delete' });
  });

  it('answers the form with 303, and no cache keeps the code [OAUTH21-60, OAUTH21-61, RFC9700-22]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const page = await consentPageIn(device.tab(), await startRequest(device, client.prepareAuthorization()));
    const response = await device.post({ ...hiddenFields(page), decision: 'allow' });
    expect([response.status, response.headers.get('cache-control')]).toEqual([303, 'no-store']);
    expect(response.headers.get('location')).toMatch(/^https:\/\/app\.example\/cb\?code=[\w-]{43}&/);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('keeps the query of the redirect URI byte for byte, for codes and for errors [CASE-47, OAUTH21-06]', async () => {
    const harness = await openConsent();
    const redirectUri = 'https://app.example/cb?flag&x=%7e+1&empty=';
    const [client, device] = [await harness.client({ redirectUri }), harness.device()];
    await device.signIn();
    for (const decision of ['allow', 'deny']) {
      const page = await consentPageIn(device.tab(), client.prepareAuthorization({ prompt: 'consent' }).url);
      const location = (await device.post({ ...hiddenFields(page), decision })).headers.get('location');
      expect(location?.startsWith(`${redirectUri}&${decision === 'allow' ? 'code' : 'error'}=`)).toBe(true);
    }
  });

  it('that the user ends with Deny tells the client access_denied with state and iss, once [CASE-45, RFC6749-04, RFC9207-01]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const prepared = client.prepareAuthorization();
    const page = await consentPageIn(device.tab(), prepared.url);
    const response = await device.post({ ...hiddenFields(page), decision: 'deny' });
    const { searchParams } = new URL(response.headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: prepared.state,
      iss: origin,
    });
    await expectRefused(harness, await device.post({ ...hiddenFields(page), decision: 'allow' }), 400);
    await expectRefused(harness, await device.get(page.url), 400);
  });
});

describe('the consent page', () => {
  it('says who asks, that nobody has checked it, for what, for how long, and where the answer goes [MCP-BP-04, MCP-BP-05, MCP-BP-06, MCP-SEC-17, OAUTH21-55, RFC7591-15]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client({ metadata: { client_name: 'Diary' } }), harness.device()];
    await device.signIn();
    const { html } = await consentPageIn(device.tab(), client.prepareAuthorization(everything).url);
    for (const text of [
      'Diary',
      'Unverified',
      'app.example',
      'Example Notes',
      `${origin}/mcp`,
      'Read notes',
      'See all notes.',
      'Write notes',
      'list_notes',
      'delete_note',
      '180 days',
      'ada',
    ]) {
      expect(html, text).toContain(text);
    }
  });

  it('is never framed, loads nothing from elsewhere, and its form carries a token that a cookie of this browser matches [CASE-49, MCP-BP-07, MCP-BP-08, OAUTH21-65, OAUTH21-66, RFC9700-07, PITFALL-29, RFC9700-25]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const page = await consentPageIn(device.tab(), client.prepareAuthorization().url);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    expect(page.html).not.toMatch(/(src|href)="(https?:)?\/\/(?!mcp\.example\.com)/);
    expect(hiddenFields(page)).toMatchObject({
      csrf_token: expect.stringMatching(/^[\w-]{43}$/),
      request: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect([...device.cookies.keys()].some((name) => name.startsWith('__Host-portcullis-browser-'))).toBe(true);
  });

  it('sets cookies that no script, no other site and no subdomain can use, and that say nothing themselves [MCP-BP-09, MCP-BP-10, MCP-BP-11]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    const consent = await startRequest(device, client.prepareAuthorization());
    const response = await device.get(consent);
    const cookies = response.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies)
      expect(cookie).toMatch(
        /^__Host-portcullis-[\w-]+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure(; Max-Age=\d+)?$/,
      );
  });

  it('escapes what the client says of itself [CASE-49, OAUTH21-68, RFC7591-16]', async () => {
    const harness = await openConsent();
    const name = `"><script>alert(1)</script><img src=x onerror='x'>&amp;`;
    const [client, device] = [
      await harness.client({ metadata: { client_name: name, logo_uri: 'https://evil.example/x.png' } }),
      harness.device(),
    ];
    await device.signIn();
    const { html } = await consentPageIn(device.tab(), client.prepareAuthorization({ state: '"><b>' }).url);
    expect(html).not.toMatch(/<script|<img|<b>/);
    expect(html).not.toContain('evil.example');
    expect(html).toContain('&lt;script&gt;');
  });

  it('warns where the answer goes to an app on this computer [MCP-SEC-16, MCP-BP-26]', async () => {
    const harness = await openConsent();
    const device = harness.device();
    await device.signIn();
    for (const [redirectUri, warns] of [
      ['http://localhost:9999/cb', true],
      ['http://127.0.0.1/cb', true],
      ['com.example.app:/cb', true],
      ['https://app.example/cb', false],
    ] as const) {
      const client = await harness.client({ redirectUri });
      const { html } = await consentPageIn(device.tab(), client.prepareAuthorization().url);
      expect(html.includes('notice warning'), redirectUri).toBe(warns);
    }
  });

  it('shows a client that an administrator added as such', async () => {
    const harness = await openConsent();
    const [registered, device] = [await harness.client(), harness.device()];
    const stored = await harness.services.clients.get(registered.clientId as ClientId);
    if (stored === undefined) throw new Error('the client is not stored');
    await harness.services.clients.add({ ...stored, clientId: 'ours' as ClientId, registeredBy: 'administrator' });
    await device.signIn();
    const { html } = await consentPageIn(device.tab(), registered.prepareAuthorization({ client_id: 'ours' }).url);
    expect([html.includes('Added by your administrator'), html.includes('Unverified')]).toEqual([true, false]);
  });

  it('offers what a self-registered client asks for, whatever privileges it claimed [PITFALL-16, PITFALL-11]', async () => {
    const harness = await openConsent();
    const metadata = {
      skip_consent: true,
      trusted: true,
      first_party: true,
      registered_by: 'administrator',
      registeredBy: 'administrator',
      prompt: 'none',
      client_id: 'admin',
    };
    const [client, device] = [await harness.client({ metadata }), harness.device()];
    await device.signIn();
    const { html } = await consentPageIn(device.tab(), client.prepareAuthorization().url);
    expect(html).toContain('Unverified');
  });
});

describe('scopes at the consent page', () => {
  it('that are optional can be unticked, and the token then lacks them and the response says so [OAUTH21-01]', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const prepared = client.prepareAuthorization(everything);
    const page = await consentPageIn(device.tab(), prepared.url);
    expect(scopesOn(page)).toEqual({ optional: ['write', 'delete'], required: ['read'] });
    const response = await device.post({ ...hiddenFields(page), 'scope:delete': 'on', decision: 'allow' });
    const tokens = await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''));
    expect(tokens.scope).toBe('read delete');
    const request = new Request(`${origin}/mcp`, { headers: { authorization: `Bearer ${tokens.accessToken}` } });
    const { token } = await harness.portcullis.authenticate(request);
    expect(token?.scopes).toEqual(['read', 'delete']);
    expect((await client.refresh(tokens.refreshToken, { scope: 'read write' })).body['error']).toBe('invalid_scope');
  });

  it('that are required are granted with Allow even where the form was changed to leave them out', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const prepared = client.prepareAuthorization(everything);
    const { 'scope:read': _, ...fields } = hiddenFields(await consentPageIn(device.tab(), prepared.url));
    const response = await device.post({ ...fields, decision: 'allow' });
    expect(await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''))).toMatchObject({
      scope: 'read',
    });
  });

  it('that were not offered are not granted, however the form is changed', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const prepared = client.prepareAuthorization({ scope: 'read write' });
    const fields = hiddenFields(await consentPageIn(device.tab(), prepared.url));
    const response = await device.post({
      ...fields,
      'scope:delete': 'on',
      'scope:admin': 'on',
      scope: 'delete',
      decision: 'allow',
    });
    expect(await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''))).toMatchObject({
      scope: 'read',
    });
  });

  it('that are all unticked leave nothing to allow: the client is told access_denied', async () => {
    const harness = await openConsent({ requiredScopes: [] });
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const page = await consentPageIn(device.tab(), client.prepareAuthorization({ scope: 'read write' }).url);
    expect(scopesOn(page).optional).toEqual(['read', 'write']);
    const response = await device.post({ ...hiddenFields(page), decision: 'allow' });
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied');
  });

  it('that the operator made optional or not follow that setting', async () => {
    const harness = await openConsent({ scopes: { read: {}, write: { optional: false }, delete: { optional: true } } });
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const page = await consentPageIn(device.tab(), client.prepareAuthorization(everything).url);
    expect(scopesOn(page)).toEqual({ optional: ['delete'], required: ['read', 'write'] });
  });

  it('may be many', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `scope-${index}`);
    const harness = await openConsent({
      scopes: Object.fromEntries(names.map((name) => [name, {}])),
      requiredScopes: [],
    });
    const [client, device] = [await harness.client({ scope: names.join(' ') }), harness.device()];
    await device.signIn();
    const tab = device.tab();
    const prepared = client.prepareAuthorization({ scope: names.join(' ') });
    await consentPageIn(tab, prepared.url);
    expect(await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }))).toMatchObject({
      scope: names.join(' '),
    });
  });

  it('that the user may not grant are not offered, and without a required one the client is told access_denied', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    const ada = await harness.services.users.findByName('ada');
    await device.signIn();
    await harness.services.users.setGrantableScopes(ada?.userId ?? '', ['read', 'delete']);
    const prepared = client.prepareAuthorization(everything);
    const page = await consentPageIn(device.tab(), prepared.url);
    expect(scopesOn(page)).toEqual({ optional: ['delete'], required: ['read'] });
    const response = await device.post({
      ...hiddenFields(page),
      'scope:write': 'on',
      'scope:delete': 'on',
      decision: 'allow',
    });
    expect(await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''))).toMatchObject({
      scope: 'read delete',
    });

    for (const scopes of [['write'], []]) {
      await harness.services.users.setGrantableScopes(ada?.userId ?? '', scopes);
      const refused = await device.tab().visit(client.prepareAuthorization({ ...everything, prompt: 'consent' }).url);
      expect(refused instanceof URL && refused.searchParams.get('error')).toBe('access_denied');
    }
  });

  it('that were taken from the user while the page was open are not granted', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const ada = await harness.services.users.findByName('ada');
    const prepared = client.prepareAuthorization(everything);
    const page = await consentPageIn(device.tab(), prepared.url);
    await harness.services.users.setGrantableScopes(ada?.userId ?? '', ['read']);
    const response = await device.post({ ...hiddenFields(page), 'scope:write': 'on', decision: 'allow' });
    expect(await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''))).toMatchObject({
      scope: 'read',
    });
  });

  it('are none where the server has none: the user is asked all the same', async () => {
    const harness = await openConsent({ scopes: {}, requiredScopes: [] });
    const [client, device] = [await harness.client({ scope: '' }), harness.device()];
    await device.signIn();
    const prepared = client.prepareAuthorization();
    const page = await consentPageIn(device.tab(), prepared.url);
    const response = await device.post({ ...hiddenFields(page), decision: 'allow' });
    await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''));
  });
});
