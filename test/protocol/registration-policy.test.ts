import { describe, expect, it } from 'vitest';
import type { RegistrationPolicy } from '../../src/core/settings.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { sendTo } from '../../src/testing/test-client.ts';
import { testUser } from '../support/portcullis-harness.ts';
import { approveClient, invitation } from '../support/registration.ts';
import { base, expectError, location, peersOf, providers, type RegisteredClient, redirectUri } from './support.ts';

const metadata = { client_name: 'Notes', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const html = { accept: 'text/html' };

async function registered(response: Response): Promise<RegisteredClient> {
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as RegisteredClient;
}

describe.each(providers)('the registration policy of $name', (kind) => {
  const open = peersOf(kind);
  const peer = (policy: RegistrationPolicy) => open({ options: { clientRegistration: { policy } } });

  it('token: nobody registers without an initial access token, and a wrong one is as good as none [RFC7591-19, RFC7591-20]', async () => {
    const server = await peer('token');
    const good = await invitation(server.provider);
    for (const headers of [{}, bearer('wrong'), bearer(`${good}x`), { authorization: `Basic ${good}` }]) {
      const response = await server.registration(metadata, headers);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      await expectError(response, 401, 'invalid_token');
    }
    const client = await registered(await server.registration(metadata, bearer(good)));
    expect(await server.provider.getClient(client.client_id as never)).toMatchObject({ admission: 'invited' });
    expect(await server.tokens(client)).toMatchObject({ scope: 'read' });
    await expectError(await server.registration(metadata, bearer(good)), 401, 'invalid_token');
  });

  it('token: a refused registration costs no use [RFC7591-20]', async () => {
    const server = await peer('token');
    const token = await invitation(server.provider);
    const wrong = { ...metadata, redirect_uris: ['javascript:alert(1)'] };
    await expectError(await server.registration(wrong, bearer(token)), 400, 'invalid_redirect_uri');
    await registered(await server.registration(metadata, bearer(token)));
  });

  it('token: of two hundred that come at once with a token for seven, seven get in [RFC7591-20]', async () => {
    const server = await peer('token');
    const token = await invitation(server.provider, 7);
    const answers = await Promise.all(Array.from({ length: 200 }, () => server.registration(metadata, bearer(token))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(7);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(193);
  });

  it('token: an initial access token ends with its time [RFC7591-20]', async () => {
    const server = await peer('token');
    const token = await invitation(server.provider, 5);
    server.running.clock.advance(7 * 86_400_000 - 1);
    await registered(await server.registration(metadata, bearer(token)));
    server.running.clock.advance(1);
    await expectError(await server.registration(metadata, bearer(token)), 401, 'invalid_token');
  });

  it('approval: a client waits, is shown a page and gets nothing, until an administrator approves it [RFC7591-21]', async () => {
    const server = await peer('approval');
    const client = await registered(await server.registration(metadata));
    const page = await server.authorize(client, {}, html);
    expect({ status: page.status, location: page.headers.get('location') }).toEqual({ status: 400, location: null });
    expect(await page.text()).toMatch(/administrator has to approve/);
    for (const prompt of [undefined, 'none']) {
      const refused = await server.authorize(client, { prompt });
      expect(await expectError(refused, 400, 'unauthorized_client')).toContain(client.client_id);
    }
    await expectError(await server.redemption(client, 'x'), 400, 'unauthorized_client');
    await expectError(await server.refresh(client, 'x'), 400, 'unauthorized_client');
    await expectError(
      await server.post(server.provider.settings.paths.pushedRequest, { client_id: client.client_id }),
      400,
      'unauthorized_client',
    );
    expect(await approveClient(server.provider, client.client_id)).toBe(true);
    expect(await approveClient(server.provider, client.client_id)).toBe(false);
    expect(await server.tokens(client)).toMatchObject({ scope: 'read' });
  });

  it('approval: no metadata makes a client an approved one, and other clients are not let in with it [RFC7591-21, PITFALL-16]', async () => {
    const server = await peer('approval');
    const claims = {
      admission: 'approved',
      registeredBy: 'administrator',
      registered_by: 'administrator',
      policy: 'open',
    };
    const client = await registered(await server.registration({ ...metadata, ...claims }));
    const other = await registered(await server.registration(metadata));
    expect(await server.provider.getClient(client.client_id as never)).toMatchObject({
      admission: 'pending',
      registeredBy: 'dynamic',
    });
    await approveClient(server.provider, client.client_id);
    await expectError(await server.authorize(other), 400, 'unauthorized_client');
  });

  it('approval: who brings an initial access token need not wait; a wrong one is told so [RFC7591-20, RFC7591-21]', async () => {
    const server = await peer('approval');
    const token = await invitation(server.provider);
    const client = await registered(await server.registration(metadata, bearer(token)));
    expect(location(await server.authorize(client)).href).not.toContain('error');
    await expectError(await server.registration(metadata, bearer(token)), 401, 'invalid_token');
  });

  it('approval: no more than a hundred wait, and they do not wait for ever [RFC7591-21, PITFALL-15]', async () => {
    const server = await peer('approval');
    for (let n = 0; n < 100; n += 1) await registered(await server.registration(metadata));
    await expectError(await server.registration(metadata), 503, 'temporarily_unavailable');
    server.running.clock.advance(3 * 86_400_000 + 1);
    if (server.provider instanceof Portcullis) await server.provider.services.retention.run();
    await registered(await server.registration(metadata));
  });

  it('open: a stray Authorization header is nobody’s business [RFC7591-06]', async () => {
    const server = await peer('open');
    await registered(await server.registration(metadata, bearer('left over')));
  });

  it('off: there is no endpoint, nor is one told of', async () => {
    const server = await open({ options: { clientRegistration: { enabled: false, policy: 'off' } } });
    expect((await server.registration(metadata)).status).toBe(404);
    expect(server.provider.serverMetadata()).not.toHaveProperty('registration_endpoint');
  });
});

it.each([
  ['approved', /Approved by your administrator/],
  ['invited', /Invited/],
] as const)('the consent page says of an %s client how it was let in [RFC7591-15]', async (admission, badge) => {
  const kind = providers.find(({ name }) => name === 'Portcullis');
  if (kind === undefined) throw new Error('no Portcullis');
  const server = await peersOf(kind)({ options: { clientRegistration: { policy: 'approval' } } });
  const { provider } = server;
  const headers = admission === 'invited' ? bearer(await invitation(provider)) : {};
  const client = await registered(await server.registration(metadata, headers));
  if (admission === 'approved') await approveClient(provider, client.client_id);
  const browser = new TestBrowser(sendTo(provider), base);
  await browser.visit(location(await server.authorize(client)));
  const page = await browser.submit({ username: testUser.userName, password: testUser.password });
  if (page instanceof URL) throw new Error('no consent page');
  expect(page.html).toMatch(badge);
  expect(page.html).not.toContain('Unverified');
});

describe('settings that contradict each other', () => {
  const refused = (clientRegistration: object) => () => new InMemoryProvider({ baseUrl: base, clientRegistration });

  it('are refused where a provider is made', () => {
    expect(refused({ enabled: true, policy: 'off' })).toThrow(/policy is 'off', but .* enabled: true/);
    expect(refused({ enabled: false, policy: 'token' })).toThrow(/leave enabled out/);
    expect(refused({ policy: 'closed' })).toThrow(/must be one of off, open, token, approval/);
  });

  it('are refused where Portcullis is opened', async () => {
    const opened = Portcullis.open({ database: ':memory:', registration: { enabled: false, policy: 'approval' } });
    await expect(opened).rejects.toThrow(/registration\.policy is 'approval', but registration\.enabled is false/);
  });

  it('a provider that could not keep a policy is not made', () => {
    class Bare extends InMemoryProvider {}
    Object.defineProperty(Bare.prototype, 'registerPendingClient', { value: undefined });
    Object.defineProperty(Bare.prototype, 'registerInvitedClient', { value: undefined });
    const make = (policy: RegistrationPolicy) => () => new Bare({ baseUrl: base, clientRegistration: { policy } });
    expect(make('approval')).toThrow(/needs Bare to implement registerPendingClient/);
    expect(make('token')).toThrow(/needs Bare to implement registerInvitedClient/);
    expect(make('open')).not.toThrow();
  });
});
