import * as oauth from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { type NotesServer, password, startNotesServer } from '../support/notes-server.ts';
import { HeadlessBrowser } from './headless-browser.ts';

const insecure = { [oauth.allowInsecureRequests]: true } as const;
const redirectUri = 'http://127.0.0.1:47110/callback';
const scope = 'notes:read notes:write';

let server: NotesServer;
let browser: HeadlessBrowser;
let as: oauth.AuthorizationServer;

beforeEach(async () => {
  server = await startNotesServer();
  await server.addUser('ada');
  browser = new HeadlessBrowser(server.baseUrl, { username: 'ada', password });
  const resource = new URL(server.mcpUrl);
  const found = await oauth.processResourceDiscoveryResponse(
    resource,
    await oauth.resourceDiscoveryRequest(resource, insecure),
  );
  const issuer = new URL(found.authorization_servers?.[0] ?? '');
  const metadata = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  as = await oauth.processDiscoveryResponse(issuer, metadata);
});

afterEach(() => server.close());

interface Registered {
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
}

const methods = {
  none: () => oauth.None(),
  client_secret_basic: (secret: string) => oauth.ClientSecretBasic(secret),
  client_secret_post: (secret: string) => oauth.ClientSecretPost(secret),
} as const;

async function register(method: keyof typeof methods): Promise<Registered> {
  const metadata = { client_name: 'oauth4webapi', redirect_uris: [redirectUri], token_endpoint_auth_method: method };
  const response = await oauth.dynamicClientRegistrationRequest(as, metadata, insecure);
  const client = await oauth.processDynamicClientRegistrationResponse(response);
  return { client, authentication: methods[method](String(client['client_secret'] ?? '')) };
}

/** An authorization request, and what the library checks the answer with. */
async function request(client: oauth.Client, changes: Record<string, string> = {}) {
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const url = new URL(as.authorization_endpoint ?? '');
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    scope,
    state,
    resource: server.mcpUrl,
    ...changes,
  }).toString();
  return { url, verifier, state };
}

/** A code that the library has accepted, with its verifier. */
async function authorize({ client }: Registered) {
  const { url, verifier, state } = await request(client);
  const callback = await browser.authorize(url);
  return { parameters: oauth.validateAuthResponse(as, client, callback, state), verifier };
}

interface Redemption {
  readonly verifier: string;
  readonly redirectUri?: string;
  readonly authentication?: oauth.ClientAuth;
}

async function redeem({ client, authentication }: Registered, parameters: URLSearchParams, as_: Redemption) {
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    as_.authentication ?? authentication,
    parameters,
    as_.redirectUri ?? redirectUri,
    as_.verifier,
    { additionalParameters: { resource: server.mcpUrl }, ...insecure },
  );
  return oauth.processAuthorizationCodeResponse(as, client, response);
}

async function refresh({ client, authentication }: Registered, token: string, changes: Record<string, string> = {}) {
  const options = { additionalParameters: changes, ...insecure };
  const response = await oauth.refreshTokenGrantRequest(as, client, authentication, token, options);
  return oauth.processRefreshTokenResponse(as, client, response);
}

async function revoke({ client, authentication }: Registered, token: string): Promise<void> {
  const response = await oauth.revocationRequest(as, client, authentication, token, insecure);
  await oauth.processRevocationResponse(response);
}

async function callTool(accessToken: string): Promise<number> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'list_notes', arguments: {} },
  });
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' });
  const url = new URL(server.mcpUrl);
  return (await oauth.protectedResourceRequest(accessToken, 'POST', url, headers, body, insecure)).status;
}

/** The error that the library makes of the server's answer, as far as it is the server's. */
function told(status: number, error: string) {
  return expect.objectContaining({ name: 'ResponseBodyError', status, error });
}

describe.each(Object.keys(methods) as (keyof typeof methods)[])('oauth4webapi as a client with %s', (method) => {
  it('goes from discovery to a tool call, refreshes and revokes [MCP-AUTH-02, CASE-54, CASE-68, CASE-72, RFC9207-03, OAUTH21-70]', async () => {
    const registered = await register(method);
    const { parameters, verifier } = await authorize(registered);
    const tokens = await redeem(registered, parameters, { verifier });
    expect(tokens).toMatchObject({ token_type: 'bearer', scope, expires_in: 600 });
    expect(await callTool(tokens.access_token)).toBe(200);

    const next = await refresh(registered, tokens.refresh_token ?? '');
    expect(next.refresh_token).not.toBe(tokens.refresh_token);
    expect(await callTool(next.access_token)).toBe(200);

    await revoke(registered, next.refresh_token ?? '');
    await expect(refresh(registered, next.refresh_token ?? '')).rejects.toEqual(told(400, 'invalid_grant'));
    await expect(callTool(next.access_token)).rejects.toMatchObject({
      name: 'WWWAuthenticateChallengeError',
      status: 401,
      cause: [
        { scheme: 'bearer', parameters: { error: 'invalid_token', resource_metadata: expect.any(String) } },
        { scheme: 'dpop', parameters: { algs: expect.any(String) } },
      ],
    });
  });
});

describe.each(Object.keys(methods) as (keyof typeof methods)[])('oauth4webapi pushes its request with %s', (method) => {
  it('and goes on with nothing but a reference in the browser [RFC9126-01, RFC9126-02, RFC9126-05]', async () => {
    const { client, authentication } = await register(method);
    const { url, verifier, state } = await request(client);
    const response = await oauth.pushedAuthorizationRequest(as, client, authentication, url.searchParams, insecure);
    const { request_uri, expires_in } = await oauth.processPushedAuthorizationResponse(as, client, response);
    expect(expires_in).toBe(60);
    url.search = new URLSearchParams({ client_id: client.client_id, request_uri }).toString();
    const callback = await browser.authorize(url);
    const parameters = oauth.validateAuthResponse(as, client, callback, state);
    const tokens = await redeem({ client, authentication }, parameters, { verifier });
    expect(tokens.scope).toBe(scope);
    expect(await callTool(tokens.access_token)).toBe(200);
  });

  it('and is told of what is wrong in it [RFC9126-04, RFC9126-08, RFC9126-15]', async () => {
    const { client, authentication } = await register(method);
    for (const [changes, error] of [
      [{ scope: 'notes:burn' }, 'invalid_scope'],
      [{ redirect_uri: 'https://evil.example/cb' }, 'invalid_request'],
      [{ resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
    ] as const) {
      const { url } = await request(client, changes);
      const response = await oauth.pushedAuthorizationRequest(as, client, authentication, url.searchParams, insecure);
      await expect(oauth.processPushedAuthorizationResponse(as, client, response)).rejects.toEqual(told(400, error));
    }
  });
});

describe('oauth4webapi', () => {
  it('verifies the access token as RFC 9068 says, with the published keys [RFC9068-01, RFC9068-04, RFC9068-05, RFC9068-09]', async () => {
    const registered = await register('none');
    const { parameters, verifier } = await authorize(registered);
    const { access_token } = await redeem(registered, parameters, { verifier });
    const headers = { authorization: `Bearer ${access_token}` };
    const withToken = new Request(server.mcpUrl, { headers });
    const claims = await oauth.validateJwtAccessToken(as, withToken, server.mcpUrl, insecure);
    expect(claims).toMatchObject({ client_id: registered.client.client_id, scope, iss: server.baseUrl });
    const elsewhere = oauth.validateJwtAccessToken(as, withToken, 'https://elsewhere.example/mcp', insecure);
    await expect(elsewhere).rejects.toThrow('aud');
  });

  it('reads the challenge of the MCP endpoint [CASE-78, RFC9728-09]', async () => {
    const answer = await fetch(server.mcpUrl, { method: 'POST' });
    expect(answer.status).toBe(401);
    await expect(callTool('x'.repeat(40))).rejects.toMatchObject({
      cause: [
        {
          scheme: 'bearer',
          parameters: {
            error: 'invalid_token',
            scope: 'notes:read',
            resource_metadata: `${server.baseUrl}/.well-known/oauth-protected-resource/mcp`,
          },
        },
        { scheme: 'dpop', parameters: { algs: expect.any(String) } },
      ],
    });
  });

  it('is told of a denial, and finds state and issuer in it [CASE-45, RFC9207-01, MCP-AUTH-09]', async () => {
    const { client } = await register('none');
    const { url, state } = await request(client);
    const person = new TestBrowser((sent) => fetch(sent, { redirect: 'manual' }), server.baseUrl);
    await person.visit(url);
    await person.submit({ username: 'ada', password });
    const callback = await person.submitAndLeave({ decision: 'deny' });
    expect(() => oauth.validateAuthResponse(as, client, callback, state)).toThrow(
      expect.objectContaining({ name: 'AuthorizationResponseError', error: 'access_denied' }),
    );
  });

  it.each([
    ['a scope that does not exist', { scope: 'notes:burn' }, 'invalid_scope'],
    ['another server’s resource', { resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
  ])('is told at its redirect URI of %s [RFC6749-04, RFC6749-06, RFC9207-01]', async (_what, changes, error) => {
    const { client } = await register('none');
    const { url, state } = await request(client, changes);
    const callback = await browser.authorize(url);
    expect(() => oauth.validateAuthResponse(as, client, callback, state)).toThrow(
      expect.objectContaining({ name: 'AuthorizationResponseError', error }),
    );
  });

  it('refuses an answer whose issuer or state was changed on the way, because the metadata promises them [MCP-AUTH-10, RFC9207-04]', async () => {
    const { client } = await register('none');
    const { url, state } = await request(client);
    const callback = await browser.authorize(url);
    for (const [name, value] of [
      ['iss', 'https://attacker.example'],
      ['iss', undefined],
      ['state', 'other'],
    ] as const) {
      const changed = new URL(callback);
      if (value === undefined) changed.searchParams.delete(name);
      else changed.searchParams.set(name, value);
      expect(() => oauth.validateAuthResponse(as, client, changed, state)).toThrow(name);
    }
  });

  it('is refused with the RFC’s errors where a code does not fit [CASE-60, CASE-61, CASE-62, CASE-64, RFC6749-10]', async () => {
    const registered = await register('none');
    const first = await authorize(registered);
    const another = oauth.generateRandomCodeVerifier();
    const refused = told(400, 'invalid_grant');
    await expect(redeem(registered, first.parameters, { verifier: another })).rejects.toEqual(refused);
    const second = await authorize(registered);
    const elsewhere = { verifier: second.verifier, redirectUri: 'http://127.0.0.1:47111/callback' };
    await expect(redeem(registered, second.parameters, elsewhere)).rejects.toEqual(refused);

    const third = await authorize(registered);
    const stranger = await register('none');
    await expect(redeem(stranger, third.parameters, { verifier: third.verifier })).rejects.toEqual(refused);
    const tokens = await redeem(registered, third.parameters, { verifier: third.verifier });
    await expect(redeem(registered, third.parameters, { verifier: third.verifier })).rejects.toEqual(refused);
    await expect(callTool(tokens.access_token)).rejects.toMatchObject({ status: 401 });
  });

  it('is refused with 401 where its secret is wrong, with a challenge for Basic [CASE-57, OAUTH21-28]', async () => {
    const registered = await register('client_secret_basic');
    const { parameters, verifier } = await authorize(registered);
    const wrong = { verifier, authentication: oauth.ClientSecretBasic('wrong') };
    await expect(redeem(registered, parameters, wrong)).rejects.toMatchObject({
      name: 'WWWAuthenticateChallengeError',
      status: 401,
      cause: [{ scheme: 'basic' }],
    });
    const tokens = await redeem(registered, parameters, { verifier });
    expect(await callTool(tokens.access_token)).toBe(200);
  });

  it('narrows one access token on refresh, and cannot widen it [CASE-70, OAUTH21-47, OAUTH21-50]', async () => {
    const registered = await register('none');
    const { parameters, verifier } = await authorize(registered);
    const tokens = await redeem(registered, parameters, { verifier });
    const narrow = await refresh(registered, tokens.refresh_token ?? '', { scope: 'notes:read' });
    expect(narrow.scope).toBe('notes:read');
    const wider = refresh(registered, narrow.refresh_token ?? '', { scope: `${scope} notes:delete` });
    await expect(wider).rejects.toEqual(told(400, 'invalid_scope'));
    expect((await refresh(registered, narrow.refresh_token ?? '')).scope).toBe(scope);
  });
});
