import { describe, expect, it } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import { withdrawAccess } from '../../src/identity/consent/withdraw.ts';
import type { Parameters, TestClient } from '../../src/testing/test-client.ts';
import {
  type ConsentHarness,
  consentPageIn,
  type Device,
  hiddenFields,
  openConsent,
  redeemed,
  scopesOn,
  startRequest,
} from '../support/consent.ts';
import { origin } from '../support/identity.ts';

/** A server on which `ada` has allowed a client, in a browser in which she is signed in. */
async function allowed(parameters: Parameters = { scope: 'read write' }, redirectUri = 'https://app.example/cb') {
  const harness = await openConsent();
  const [client, device] = [await harness.client({ redirectUri }), harness.device()];
  await device.signIn();
  await allow(client, device, parameters);
  return { harness, client, device };
}

async function allow(
  client: TestClient,
  device: Device,
  parameters: Parameters,
  unticked: readonly string[] = [],
): Promise<void> {
  const page = await consentPageIn(device.tab(), client.prepareAuthorization(parameters).url);
  const ticked = scopesOn(page)
    .optional.filter((scope) => !unticked.includes(scope))
    .map((scope) => [`scope:${scope}`, 'on']);
  expect((await device.post({ ...hiddenFields(page), ...Object.fromEntries(ticked), decision: 'allow' })).status).toBe(
    303,
  );
}

/** Whether a request is answered with a code at once, without a question. */
async function passes(
  client: TestClient,
  device: Device,
  parameters: Parameters,
  headers?: Readonly<Record<string, string>>,
): Promise<boolean> {
  const consent = await startRequest(device, client.prepareAuthorization(parameters));
  const response = await device.get(consent, headers);
  const asked = response.status === 200 && (await response.text()).includes('name="decision"');
  const code = new URL(response.headers.get('location') ?? 'x:').searchParams.has('code');
  expect([response.status, asked !== code]).toEqual([asked ? 200 : 303, true]);
  return code;
}

async function userId({ services }: ConsentHarness, name: string) {
  const user = await services.users.findByName(name);
  if (user === undefined) throw new Error(`there is no ${name}`);
  return user.userId;
}

describe('a remembered consent', () => {
  it('answers the same request again without a question, with the same scopes and on record at the server [MCP-BP-01, MCP-BP-03]', async () => {
    const { harness, client, device } = await allowed();
    const prepared = client.prepareAuthorization({ scope: 'write read' });
    const arrived = await device.tab().visit(prepared.url);
    if (!(arrived instanceof URL)) throw new Error('asked again');
    expect([...arrived.searchParams.keys()]).toEqual(['code', 'state', 'iss']);
    expect(await redeemed(client, prepared, arrived)).toMatchObject({ scope: 'write read' });
    const rows = await harness.services.database.read(
      'SELECT user_id, client_id, redirect_host, resource, scope FROM consents ORDER BY scope',
    );
    const key = {
      user_id: await userId(harness, 'ada'),
      client_id: client.clientId,
      redirect_host: 'https://app.example',
      resource: `${origin}/mcp`,
    };
    expect(rows).toEqual([
      { ...key, scope: 'read' },
      { ...key, scope: 'write' },
    ]);
  });

  it('covers fewer scopes, and asks where one is added [PITFALL-11]', async () => {
    const { client, device } = await allowed();
    expect(await passes(client, device, { scope: 'read' })).toBe(true);
    expect(await passes(client, device, { scope: 'read write' })).toBe(true);
    expect(await passes(client, device, { scope: 'read write delete' })).toBe(false);
    const page = await consentPageIn(device.tab(), client.prepareAuthorization({ scope: 'read delete' }).url);
    expect(page.html.match(/Already allowed/g)).toHaveLength(1);
  });

  it('grows with each answer', async () => {
    const { client, device } = await allowed({ scope: 'read' });
    await allow(client, device, { scope: 'read delete' });
    expect(await passes(client, device, { scope: 'read delete' })).toBe(true);
    expect(await passes(client, device, { scope: 'read write' })).toBe(false);
  });

  it('does not hold what the person unticked', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    await allow(client, device, { scope: 'read write delete' }, ['write']);
    expect(await passes(client, device, { scope: 'read delete' })).toBe(true);
    expect(await passes(client, device, { scope: 'read write' })).toBe(false);
  });

  it('does not exist after Deny', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    const page = await consentPageIn(device.tab(), client.prepareAuthorization().url);
    await device.post({ ...hiddenFields(page), decision: 'deny' });
    expect(await passes(client, device, {})).toBe(false);
  });

  it('counts for that client and no other, though it has the same name and address [PITFALL-11, MCP-BP-12]', async () => {
    const { harness, client, device } = await allowed();
    expect(await passes(await harness.client(), device, { scope: 'read' })).toBe(false);
    expect(await passes(client, device, { scope: 'read' })).toBe(true);
  });

  it('counts for that user and no other [PITFALL-11]', async () => {
    const { client, device } = await allowed();
    await device.signIn('bob');
    expect(await passes(client, device, { scope: 'read' })).toBe(false);
    await device.signIn('ada');
    expect(await passes(client, device, { scope: 'read' })).toBe(true);
  });

  it('counts for that redirect host and no other; another path of it is the same [PITFALL-11]', async () => {
    const harness = await openConsent();
    const redirectUris = [
      'https://app.example/cb',
      'https://app.example/other',
      'https://app.example:8443/cb',
      'https://evil.example/cb',
      'http://localhost/cb',
    ];
    const [client, device] = [await harness.client({ metadata: { redirect_uris: redirectUris } }), harness.device()];
    await device.signIn();
    await allow(client, device, { scope: 'read' });
    const outcomes = [];
    for (const redirect_uri of redirectUris)
      outcomes.push(await passes(client, device, { scope: 'read', redirect_uri }));
    expect(outcomes).toEqual([true, true, false, false, false]);
  });

  it('counts for a loopback host at any port, and not for another name of it', async () => {
    const harness = await openConsent();
    const redirectUris = ['http://localhost:1234/cb', 'http://127.0.0.1/cb', 'http://[::1]/cb'];
    const [client, device] = [
      await harness.client({ redirectUri: 'http://localhost:1234/cb', metadata: { redirect_uris: redirectUris } }),
      harness.device(),
    ];
    await device.signIn();
    await allow(client, device, { scope: 'read' });
    expect(await passes(client, device, { scope: 'read', redirect_uri: 'http://localhost:60000/cb' })).toBe(true);
    expect(await passes(client, device, { scope: 'read', redirect_uri: 'http://127.0.0.1:1234/cb' })).toBe(false);
    expect(await passes(client, device, { scope: 'read', redirect_uri: 'http://[::1]:1234/cb' })).toBe(false);
  });

  it('counts for that resource and no other [PITFALL-11]', async () => {
    const { harness, client, device } = await allowed();
    await harness.services.database.write({
      sql: "UPDATE consents SET resource = 'https://mcp.example.com/other'",
      values: [],
    });
    expect(await passes(client, device, { scope: 'read' })).toBe(false);
  });

  it('is asked for anew where another site sent the browser, where the browser does not say, and in a prefetch [CASE-53, OAUTH21-56]', async () => {
    const { client, device } = await allowed();
    for (const site of ['cross-site', 'same-site', '', 'None', 'none, same-origin']) {
      expect(await passes(client, device, { scope: 'read' }, { 'sec-fetch-site': site })).toBe(false);
    }
    const consent = await startRequest(device, client.prepareAuthorization({ scope: 'read' }));
    const silent = await device.send(new Request(consent, { headers: { accept: 'text/html' } }));
    expect([silent.status, (await silent.text()).includes('name="decision"')]).toEqual([200, true]);
    expect(await passes(client, device, { scope: 'read' }, { 'sec-purpose': 'prefetch;prerender' })).toBe(false);
    expect(await passes(client, device, { scope: 'read' }, { 'sec-fetch-site': 'same-origin' })).toBe(true);
  });

  it('is followed after a sign-in for the same request', async () => {
    const { client, device } = await allowed();
    device.cookies.clear();
    const tab = device.tab();
    await tab.visit(client.prepareAuthorization({ scope: 'read' }).url);
    const arrived = await tab.submitAndLeave({ username: 'ada', password: 'correct horse battery staple' });
    expect(arrived.searchParams.has('code')).toBe(true);
  });

  it('does not give what an administrator has taken from the user since', async () => {
    const { harness, client, device } = await allowed();
    await harness.services.users.setGrantableScopes(await userId(harness, 'ada'), ['read']);
    const prepared = client.prepareAuthorization({ scope: 'read write' });
    const arrived = await device.tab().visit(prepared.url);
    expect(arrived instanceof URL && (await redeemed(client, prepared, arrived)).scope).toBe('read');
  });

  it('is forgotten when the client’s access is taken back, and with the client and the user', async () => {
    const { harness, client, device } = await allowed();
    const prepared = client.prepareAuthorization({ scope: 'read' });
    const arrived = await device.tab().visit(prepared.url);
    if (!(arrived instanceof URL)) throw new Error('asked again');
    const tokens = await redeemed(client, prepared, arrived);
    const [grant] = await harness.services.grants.list(10);
    if (grant === undefined) throw new Error('there is no grant');
    expect(await withdrawAccess(grant.grantId, 'test', harness.services)).toBe(true);
    expect((await client.refresh(tokens.refreshToken)).body['error']).toBe('invalid_grant');
    expect(await passes(client, device, { scope: 'read' })).toBe(false);
    expect(await withdrawAccess(grant.grantId, 'test', harness.services)).toBe(false);
    await allow(client, device, { scope: 'read' });
    await harness.services.clients.delete(client.clientId as ClientId);
    expect(await harness.services.database.read('SELECT * FROM consents')).toEqual([]);
    const second = await harness.client();
    await allow(second, device, { scope: 'read' });
    await harness.services.users.delete(await userId(harness, 'ada'));
    expect(await harness.services.database.read('SELECT * FROM consents')).toEqual([]);
  });
});
