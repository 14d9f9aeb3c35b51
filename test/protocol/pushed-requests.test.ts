import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import { ConfigurationError } from '../../src/core/urls.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { OAuthProvider } from '../../src/provider.ts';
import { createTestClient, formPost, sendTo, tokensOf } from '../../src/testing/test-client.ts';
import { consentPageIn, hiddenFields, openConsent, redeemed, startRequest } from '../support/consent.ts';
import { testDatabase } from '../support/engine.ts';
import { origin } from '../support/identity.ts';
import { expectError, expectRedirectedError, peersOf, providers, redirectUri, validRequest } from './support.ts';

const metadataPath = '/.well-known/oauth-authorization-server';

describe.each(providers)('pushed authorization requests at $name', (kind) => {
  const peer = peersOf(kind);

  it('are advertised with their endpoint, and as required only where they are [RFC9126-01, RFC9126-13]', async () => {
    const optional = await (await (await peer()).send(metadataPath)).json();
    expect(optional).toMatchObject({ pushed_authorization_request_endpoint: 'http://localhost:3000/par' });
    expect(optional).not.toHaveProperty('require_pushed_authorization_requests');
    const server = await peer({ options: { pushedRequests: { required: true } } });
    expect(await (await server.send(metadataPath)).json()).toMatchObject({
      pushed_authorization_request_endpoint: 'http://localhost:3000/par',
      require_pushed_authorization_requests: true,
    });
  });

  it('are neither advertised, routed nor accepted where they are switched off [RFC9126-17]', async () => {
    const server = await peer({ options: { pushedRequests: { enabled: false } } });
    expect(JSON.stringify(await (await server.send(metadataPath)).json())).not.toContain('pushed');
    const client = await server.register();
    expect((await server.post('/par', validRequest(client))).status).toBe(404);
    const request_uri = `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`;
    expectRedirectedError(await server.authorize(client, { request_uri }), 'request_uri_not_supported');
  });

  it('are the only way in where the server requires them, by whatever method a client tries another [RFC9126-13]', async () => {
    const server = await peer({ options: { pushedRequests: { required: true } } });
    const client = await server.register();
    const parameters = validRequest(client);
    const description = expectRedirectedError(await server.authorize(client), 'invalid_request');
    expect(description).toContain('http://localhost:3000/par');
    expectRedirectedError(await server.post('/authorize', parameters), 'invalid_request');
    for (const request_uri of ['', 'urn:example:x', 'https://client.example/request'])
      expect((await server.authorize(client, { request_uri })).headers.get('location')).toMatch(
        /error=invalid_request&/,
      );
    const { request_uri } = (await (await server.post('/par', parameters)).json()) as { request_uri: string };
    const response = await server.post('/authorize', { client_id: client.client_id, request_uri });
    const arrived = await server.running.approve(new URL(response.headers.get('location') ?? ''));
    await server.redeem(client, arrived.searchParams.get('code') ?? '');
  });

  it('report themselves and their refusals, without a word of what was in them [PITFALL-24]', async () => {
    const server = await peer();
    const client = await server.register();
    const { request_uri } = (await (await server.post('/par', validRequest(client))).json()) as { request_uri: string };
    await expectError(await server.post('/par', validRequest(client, { scope: 'nothing' })), 400, 'invalid_scope');
    const { events } = server.running;
    expect(events.filter(({ name }) => name.startsWith('authorization.'))).toEqual([
      expect.objectContaining({ name: 'authorization.pushed', clientId: client.client_id }),
      expect.objectContaining({ name: 'authorization.refused', clientId: client.client_id }),
    ]);
    expect(JSON.stringify(events)).not.toContain(request_uri.slice(-43));
  });

  it('count for nothing once their client has lost what they ask for [RFC9126-11, RFC9126-16]', async () => {
    const server = await peer();
    const client = await server.register();
    const push = async () => {
      const response = await server.post('/par', validRequest(client, { scope: 'write' }));
      return ((await response.json()) as { request_uri: string }).request_uri;
    };
    const stored = await server.provider.getClient(client.client_id as ClientId);
    if (stored === undefined) throw new Error('no client');
    const lost = [
      [{ ...stored, scopes: ['read'] }, /^http:\/\/localhost:9999\/cb\?error=invalid_scope/],
      [{ ...stored, redirectUris: ['https://new.example/cb'] }, undefined],
      [{ ...stored, grantTypes: [] }, undefined],
      [undefined, undefined],
    ] as const;
    for (const [changed, location] of lost) {
      const request_uri = await push();
      const { getClient } = server.provider;
      server.provider.getClient = async () => changed;
      const query = new URLSearchParams({ client_id: client.client_id, request_uri });
      const response = await server.send(`/authorize?${query}`);
      server.provider.getClient = getClient;
      if (location === undefined) expect([response.status, response.headers.get('location')]).toEqual([400, null]);
      else expect(response.headers.get('location')).toMatch(location);
    }
  });

  it('are not answered to a client that may not use the code grant', async () => {
    const server = await peer();
    const client = await server.register();
    const stored = await server.provider.getClient(client.client_id as ClientId);
    if (stored === undefined) throw new Error('no client');
    server.provider.getClient = async () => ({ ...stored, grantTypes: ['client_credentials'] });
    await expectError(await server.post('/par', validRequest(client)), 400, 'unauthorized_client');
  });

  it('stay a secret of their client: credentials are not kept with them, nor asked for again [PITFALL-24]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_post' });
    let kept = '';
    const push = server.provider.pushAuthorizationRequest;
    server.provider.pushAuthorizationRequest = async (by, pushed) => {
      kept = JSON.stringify(pushed);
      await push?.call(server.provider, by, pushed);
    };
    const response = await server.post('/par', validRequest(client, { client_secret: client.client_secret }));
    const { request_uri } = (await response.json()) as { request_uri: string };
    expect(kept).toContain(encodeURIComponent(redirectUri));
    for (const secret of [client.client_secret ?? '', request_uri.slice(-43)]) expect(kept).not.toContain(secret);
    const query = new URLSearchParams({ client_id: client.client_id, request_uri });
    expect((await server.send(`/authorize?${query}`)).status).toBe(302);
  });

  it('that a store hands out in spite of their age, or to the wrong client, are refused all the same [RFC9126-07, RFC9126-10]', async () => {
    const server = await peer();
    const client = await server.register();
    const query = new URLSearchParams({
      client_id: client.client_id,
      request_uri: `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`,
    });
    const parameters = new URLSearchParams(
      Object.entries(validRequest(client)).map(([name, value]): [string, string] => [name, value ?? '']),
    ).toString();
    const now = server.running.clock.now();
    for (const [clientId, expiresAt] of [
      [client.client_id, now],
      [client.client_id, Number.NaN],
      ['another', now + 1000],
    ] as const) {
      server.provider.takePushedRequest = async (_, hash) => ({
        hash,
        clientId: clientId as ClientId,
        parameters,
        expiresAt,
      });
      await expectError(await server.send(`/authorize?${query}`), 400, 'invalid_request_uri');
    }
  });
});

describe('a provider that lacks a method for pushed requests', () => {
  class Half extends InMemoryProvider {}
  Object.defineProperty(Half.prototype, 'takePushedRequest', { value: undefined });
  const baseUrl = 'https://mcp.example.com';

  it('does not advertise them', () => {
    expect(new Half({ baseUrl }).serverMetadata()).not.toHaveProperty('pushed_authorization_request_endpoint');
  });

  it('is not built where they are required', () => {
    expect(() => new Half({ baseUrl, pushedRequests: { required: true } })).toThrow(ConfigurationError);
    expect(() => new InMemoryProvider({ baseUrl, pushedRequests: { required: true, enabled: false } })).toThrow(
      /pushedRequests\.enabled/,
    );
    expect(new InMemoryProvider({ baseUrl, pushedRequests: { required: true } })).toBeInstanceOf(OAuthProvider);
  });
});

describe('pushed requests and the pages of Portcullis', () => {
  it('the consent page can be loaded again, and the back button leads to it: the request is pending by then [RFC9126-09]', async () => {
    const harness = await openConsent();
    const client = await harness.client();
    const device = harness.device();
    await device.signIn();
    const prepared = await client.preparePushedAuthorization();
    const consent = await startRequest(device, prepared);
    for (let visit = 0; visit < 3; visit += 1) await consentPageIn(device.tab(), consent);
    harness.clock.advance(5 * 60_000);
    const tab = device.tab();
    await consentPageIn(tab, consent);
    await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
  });

  it('a second browser with the same link gets a page that says so, and the first one goes on [RFC9126-09]', async () => {
    const harness = await openConsent();
    const client = await harness.client();
    const [own, other] = [harness.device(), harness.device()];
    await own.signIn();
    await other.signIn('bob');
    const prepared = await client.preparePushedAuthorization();
    const consent = await startRequest(own, prepared);
    const page = await consentPageIn(own.tab(), consent);
    const again = await other.get(prepared.url);
    expect([again.status, again.headers.get('location')]).toEqual([400, null]);
    expect(await again.text()).toContain('This link was used already or has expired');
    expect((await other.get(consent)).status).toBe(403);
    const decided = await own.post({ ...hiddenFields(page), decision: 'allow' });
    expect(decided.headers.get('location')).toMatch(/^https:\/\/app\.example\/cb\?code=/);
  });

  it('a link preview that asks for the head only spends nothing', async () => {
    const harness = await openConsent();
    const client = await harness.client();
    const prepared = await client.preparePushedAuthorization();
    expect((await harness.send(new Request(prepared.url, { method: 'HEAD' }))).status).toBe(405);
    await startRequest(harness.device(), prepared);
  });

  async function opened(config: PortcullisConfig) {
    const harness = await openConsent(config);
    return { harness, client: await harness.client() };
  }

  it('no more wait than configured, and the client is told to try again [PITFALL-36]', async () => {
    const { harness, client } = await opened({ pushedRequests: { maximumWaiting: 2, lifetimeSeconds: 30 } });
    const push = () => client.push(client.prepareAuthorization());
    expect([(await push()).status, (await push()).body['expires_in']]).toEqual([201, 30]);
    const refused = await push();
    expect([refused.status, refused.body['error']]).toEqual([503, 'temporarily_unavailable']);
    expect(harness.events.at(-1)).toMatchObject({
      name: 'request.rate_limited',
      reason: expect.stringContaining('pushedRequests.maximumWaiting'),
    });
    harness.clock.advance(30_000);
    expect((await push()).status).toBe(201);
  });

  it('an address that pushes too often is told to wait, where scripts can read it [RFC9126-08, PITFALL-22, PITFALL-36]', async () => {
    const rateLimit = { limit: 3, windowSeconds: 60 };
    const { harness, client } = await opened({ pushedRequests: { rateLimit } });
    const push = (clientAddress: string) =>
      harness.send(formPost(`${origin}/par`, Object.fromEntries(client.prepareAuthorization().url.searchParams)), {
        clientAddress,
      });
    for (let count = 0; count < 3; count += 1) expect((await push('192.0.2.7')).status).toBe(201);
    const refused = await push('192.0.2.7');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    expect(refused.headers.get('content-type')).toBe('application/json');
    expect((await push('192.0.2.8')).status).toBe(201);
  });

  it('a client that must push cannot authorize any more where pushed requests are switched off', async () => {
    const harness = await openConsent();
    const client = await harness.client({ metadata: { require_pushed_authorization_requests: true } });
    const stored = await harness.portcullis.getClient(client.clientId as ClientId);
    if (stored === undefined) throw new Error('no client');
    const without = await Portcullis.open({
      baseUrl: origin,
      ...(await testDatabase()),
      pushedRequests: { enabled: false },
    });
    onTestFinished(() => without.close());
    await without.services.clients.add(stored);
    const response = await sendTo(without)(new Request(client.prepareAuthorization().url));
    expect(response.headers.get('location')).toMatch(/^https:\/\/app\.example\/cb\?error=invalid_request&/);
    await expect(createTestClient(without).then((other) => other.registration)).resolves.not.toHaveProperty(
      'require_pushed_authorization_requests',
    );
  });

  it('the tokens of a pushed request are like any other', async () => {
    const harness = await openConsent();
    const client = await harness.client({ authMethod: 'client_secret_basic' });
    const device = harness.device();
    await device.signIn();
    const prepared = await client.preparePushedAuthorization({ scope: 'read' });
    const tab = device.tab();
    await consentPageIn(tab, prepared.url);
    const tokens = await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' }));
    expect(tokens.scope).toBe('read');
    expect(tokensOf(await client.refresh(tokens.refreshToken)).scope).toBe('read');
  });
});
