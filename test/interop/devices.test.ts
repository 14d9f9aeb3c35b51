import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, systemClock } from '../../src/core/clock.ts';
import { deviceCodeGrant } from '../../src/oauth/token/device-clients.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { type NotesServer, password, startNotesServer } from '../support/notes-server.ts';

const insecure = { [oauth.allowInsecureRequests]: true } as const;
const scope = 'notes:read notes:write';
const metadata = {
  client_name: 'Workshop terminal',
  redirect_uris: ['http://127.0.0.1:47110/callback'],
  grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant],
};

let server: NotesServer;

async function start(clock?: ManualClock): Promise<void> {
  server = await startNotesServer({
    config: { deviceAuthorization: { enabled: true, clients: 'all', intervalSeconds: 1 } },
    ...(clock === undefined ? {} : { clock }),
  });
  await server.addUser('ada');
}

afterEach(() => server.close());

/** What `ada` does at another device, by what the first one shows. */
async function decide(address: string, userCode: string, decision: 'allow' | 'deny'): Promise<string> {
  const browser = new TestBrowser((request) => fetch(request, { redirect: 'manual' }), server.baseUrl);
  await browser.visit(address);
  await browser.submit({ username: 'ada', password });
  await browser.submit({ user_code: userCode });
  await browser.submit({ decision });
  return browser.page.html;
}

describe('openid-client', () => {
  beforeEach(() => start());

  async function registered(method: 'none' | 'client_secret_basic'): Promise<client.Configuration> {
    const authentication = { none: client.None, client_secret_basic: client.ClientSecretBasic }[method];
    return client.dynamicClientRegistration(
      new URL(server.baseUrl),
      { ...metadata, token_endpoint_auth_method: method },
      authentication(),
      { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
    );
  }

  it.each(['none', 'client_secret_basic'] as const)(
    'with %s polls until its user has decided, uses the tokens and refreshes them [RFC8628-01, RFC8628-04, RFC8628-10]',
    async (method) => {
      const config = await registered(method);
      const started = await client.initiateDeviceAuthorization(config, { scope, resource: server.mcpUrl });
      expect(started).toMatchObject({ expires_in: 600, interval: 1, verification_uri: `${server.baseUrl}/device` });
      const polling = client.pollDeviceAuthorizationGrant(config, started, { resource: server.mcpUrl });
      const page = await decide(started.verification_uri, started.user_code, 'allow');
      expect(page).toContain('You can return to your device');
      const tokens = await polling;
      expect(tokens.scope).toBe(scope);
      expect((await server.post(tokens.access_token)).status).toBe(200);
      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
      expect((await server.post(refreshed.access_token)).status).toBe(200);
    },
  );

  it('stops polling where its user says no [RFC8628-12]', async () => {
    const config = await registered('none');
    const started = await client.initiateDeviceAuthorization(config, { scope });
    const polling = client.pollDeviceAuthorizationGrant(config, started);
    const refused = expect(polling).rejects.toMatchObject({ error: 'access_denied' });
    await decide(started.verification_uri_complete ?? '', started.user_code, 'deny');
    await refused;
  });
});

describe('oauth4webapi', () => {
  let clock: ManualClock;
  let as: oauth.AuthorizationServer;
  let device: oauth.Client;
  beforeEach(async () => {
    clock = new ManualClock();
    await start(clock);
    const issuer = new URL(server.baseUrl);
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    as = await oauth.processDiscoveryResponse(issuer, found);
    const registration = { ...metadata, token_endpoint_auth_method: 'none' };
    const response = await oauth.dynamicClientRegistrationRequest(as, registration, insecure);
    device = await oauth.processDynamicClientRegistrationResponse(response);
  });

  async function ask(): Promise<oauth.DeviceAuthorizationResponse> {
    const response = await oauth.deviceAuthorizationRequest(as, device, oauth.None(), { scope }, insecure);
    return oauth.processDeviceAuthorizationResponse(as, device, response);
  }

  async function poll(code: string, options: oauth.TokenEndpointRequestOptions = {}) {
    const response = await oauth.deviceCodeGrantRequest(as, device, oauth.None(), code, { ...insecure, ...options });
    return oauth.processDeviceCodeResponse(as, device, response);
  }

  const refused = (error: string) => expect.objectContaining({ status: 400, error });

  it('reads every answer: pending, slow down, expired, tokens, replay [RFC8628-10, RFC8628-11, RFC8628-13, RFC8628-17]', async () => {
    const { device_code, user_code, verification_uri_complete } = await ask();
    await expect(poll(device_code)).rejects.toEqual(refused('authorization_pending'));
    await expect(poll(device_code)).rejects.toEqual(refused('slow_down'));
    await decide(verification_uri_complete ?? '', user_code, 'allow');
    const tokens = await poll(device_code);
    expect((await server.post(tokens.access_token)).status).toBe(200);
    await expect(poll(device_code)).rejects.toEqual(refused('invalid_grant'));
    expect((await server.post(tokens.access_token)).status).toBe(401);

    const late = await ask();
    clock.advance(600_000);
    await expect(poll(late.device_code)).rejects.toEqual(refused('expired_token'));
  });

  it('binds the tokens of a device to its key, access and refresh token [RFC9449-05, RFC9449-14]', async () => {
    const { device_code, user_code, verification_uri } = await ask();
    await decide(verification_uri, user_code, 'allow');
    const skew = Math.round((clock.now() - systemClock.now()) / 1000);
    const DPoP = oauth.DPoP({ [oauth.clockSkew]: skew }, await oauth.generateKeyPair('ES256'));
    const tokens = await poll(device_code, { DPoP });
    expect(tokens.token_type).toBe('dpop');
    expect((await server.post(tokens.access_token)).status).toBe(401);
    const headers = new Headers({ accept: 'application/json, text/event-stream', 'content-type': 'application/json' });
    const call = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'list_notes', arguments: {} },
    });
    const resource = new URL(server.mcpUrl);
    const answer = await oauth.protectedResourceRequest(tokens.access_token, 'POST', resource, headers, call, {
      ...insecure,
      DPoP,
    });
    expect(answer.status).toBe(200);
    const bearer = await oauth.refreshTokenGrantRequest(as, device, oauth.None(), tokens.refresh_token ?? '', insecure);
    expect(bearer.status).toBe(400);
  });
});
