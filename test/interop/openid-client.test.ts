import * as client from 'openid-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { type NotesServer, password, startNotesServer } from '../support/notes-server.ts';
import { HeadlessBrowser } from './headless-browser.ts';

const redirectUri = 'http://127.0.0.1:47110/callback';
const scope = 'notes:read notes:write';
const minute = 60_000;

let clock: ManualClock;
let server: NotesServer;
let browser: HeadlessBrowser;

beforeEach(async () => {
  clock = new ManualClock();
  server = await startNotesServer({ clock });
  await server.addUser('ada');
  browser = new HeadlessBrowser(server.baseUrl, { username: 'ada', password });
});

afterEach(() => server.close());

const options: client.DiscoveryRequestOptions = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };

type Method = 'none' | 'client_secret_basic' | 'client_secret_post';

/** The library's configuration for a client that has just registered itself. */
async function registered(method: Method): Promise<client.Configuration> {
  const metadata = { client_name: 'openid-client', redirect_uris: [redirectUri], token_endpoint_auth_method: method };
  const authentication = {
    none: client.None,
    client_secret_basic: client.ClientSecretBasic,
    client_secret_post: client.ClientSecretPost,
  }[method];
  return client.dynamicClientRegistration(new URL(server.baseUrl), metadata, authentication(), options);
}

type Build = (config: client.Configuration, parameters: Record<string, string>) => URL | Promise<URL>;

/** Sends the person to the server. @returns where the browser came back to, with what the answer is checked with */
async function authorize(config: client.Configuration, build: Build = client.buildAuthorizationUrl) {
  const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
  const url = await build(config, {
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    resource: server.mcpUrl,
  });
  return { callback: await browser.authorize(url), checks: { pkceCodeVerifier: verifier, expectedState: state } };
}

async function connect(config: client.Configuration, build?: Build) {
  const { callback, checks } = await authorize(config, build);
  return client.authorizationCodeGrant(config, callback, checks, { resource: server.mcpUrl });
}

describe.each<Method>(['none', 'client_secret_basic', 'client_secret_post'])('openid-client with %s', (method) => {
  it('goes from discovery to a tool call, refreshes when the token has expired, and revokes [MCP-AUTH-02, CASE-54, CASE-68, RFC7009-01, RFC7009-06, RFC9068-16]', async () => {
    const config = await registered(method);
    const tokens = await connect(config);
    expect([tokens.scope, tokens.expiresIn()]).toEqual([scope, expect.closeTo(600, -1)]);
    expect((await server.post(tokens.access_token)).status).toBe(200);

    clock.advance(11 * minute);
    expect((await server.post(tokens.access_token)).status).toBe(401);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', { resource: server.mcpUrl });
    expect((await server.post(next.access_token)).status).toBe(200);

    await client.tokenRevocation(config, next.refresh_token ?? '', { token_type_hint: 'refresh_token' });
    expect((await server.post(next.access_token)).status).toBe(401);
    const refused = client.refreshTokenGrant(config, next.refresh_token ?? '');
    await expect(refused).rejects.toMatchObject({ status: 400, error: 'invalid_grant' });
  });
});

describe.each<Method>(['none', 'client_secret_basic', 'client_secret_post'])('openid-client with %s', (method) => {
  it('pushes its requests, where the server wants all of them pushed too [RFC9126-01, RFC9126-02, RFC9126-13]', async () => {
    await server.close();
    server = await startNotesServer({ clock, config: { pushedRequests: { required: true } } });
    await server.addUser('ada');
    browser = new HeadlessBrowser(server.baseUrl, { username: 'ada', password });
    const config = await registered(method);
    expect(config.serverMetadata()).toMatchObject({ require_pushed_authorization_requests: true });
    const { access_token } = await connect(config, client.buildAuthorizationUrlWithPAR);
    expect((await server.post(access_token)).status).toBe(200);
    await expect(connect(config)).rejects.toMatchObject({ error: 'invalid_request' });
  });
});

describe('openid-client', () => {
  it('finds the server by its issuer, for a client that was added before [CASE-01, RFC8414-10]', async () => {
    const known = await registered('client_secret_post');
    const { client_id, client_secret } = known.clientMetadata();
    const config = await client.discovery(
      new URL(server.baseUrl),
      client_id,
      String(client_secret),
      undefined,
      options,
    );
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
    const { access_token } = await connect(config);
    expect((await server.post(access_token)).status).toBe(200);
  });

  it('notices an answer with a foreign state or issuer [MCP-AUTH-10, RFC9207-04]', async () => {
    const config = await registered('none');
    const { callback, checks } = await authorize(config);
    for (const name of ['state', 'iss']) {
      const changed = new URL(callback);
      changed.searchParams.set(name, 'https://attacker.example');
      await expect(client.authorizationCodeGrant(config, changed, checks)).rejects.toThrow();
    }
    expect((await client.authorizationCodeGrant(config, callback, checks)).scope).toBe(scope);
  });

  it('is told by a code that is spent, a code that has expired, and a verifier that does not fit [CASE-60, CASE-61, CASE-62]', async () => {
    const config = await registered('none');
    const refused = { status: 400, error: 'invalid_grant' };
    const spent = await authorize(config);
    const { access_token } = await client.authorizationCodeGrant(config, spent.callback, spent.checks);
    await expect(client.authorizationCodeGrant(config, spent.callback, spent.checks)).rejects.toMatchObject(refused);
    expect((await server.post(access_token)).status).toBe(401);

    const late = await authorize(config);
    clock.advance(2 * minute);
    await expect(client.authorizationCodeGrant(config, late.callback, late.checks)).rejects.toMatchObject(refused);

    const { callback, checks } = await authorize(config);
    const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await expect(client.authorizationCodeGrant(config, callback, wrong)).rejects.toMatchObject(refused);
  });

  it('gets a fresh pair for a retry, and loses everything to a refresh token that somebody else replays [CASE-71, PITFALL-06, OAUTH21-49, RFC9700-10]', async () => {
    const config = await registered('none');
    const tokens = await connect(config);
    const first = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    clock.advance(1000);
    const retried = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(retried.refresh_token).not.toBe(first.refresh_token);
    expect((await server.post(retried.access_token)).status).toBe(200);

    clock.advance(minute);
    const replayed = client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    await expect(replayed).rejects.toMatchObject({ status: 400, error: 'invalid_grant' });
    expect((await server.post(retried.access_token)).status).toBe(401);
  });

  it('is refused where its secret is wrong [CASE-57]', async () => {
    const { client_id } = (await registered('client_secret_post')).clientMetadata();
    const wrong = await client.discovery(new URL(server.baseUrl), client_id, 'wrong', undefined, options);
    await expect(connect(wrong)).rejects.toMatchObject({ status: 401, error: 'invalid_client' });
  });
});
