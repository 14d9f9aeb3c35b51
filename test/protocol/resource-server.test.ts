import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { Fetcher } from '../../src/core/egress/fetcher.ts';
import { hashSecret } from '../../src/core/hash.ts';
import type { ClientId } from '../../src/core/ids.ts';
import { defaultLifetimes } from '../../src/core/settings.ts';
import type { Portcullis } from '../../src/portcullis/portcullis.ts';
import {
  ResourceServer,
  type ResourceServerEnvironment,
  type ResourceServerOptions,
} from '../../src/resource-server/index.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { createTestClient, sendTo, tokensOf } from '../../src/testing/test-client.ts';
import { createPortcullisHarness, signInAndAllow } from '../support/portcullis-harness.ts';

const issuer = 'https://auth.example.com';
const mail = 'https://mail.example.com/mcp';
const scopes = { 'mail:read': { tools: ['list_mail'] }, 'mail:send': { implies: ['mail:read'], tools: ['send_mail'] } };

/** An authorization server with the mail server's resource, in one process, and nothing of it in the mail server's. */
async function authorizationServer(clock = new ManualClock()) {
  const { provider, close } = await createPortcullisHarness({
    options: { baseUrl: issuer, clientRegistration: { enabled: true } },
    environment: {
      clock,
      lifetimes: defaultLifetimes,
      resources: {
        mail: { url: mail, scopes, introspectors: ['mail-server'] },
        other: { url: 'https://other.example.com/mcp' },
      },
    },
  });
  onTestFinished(() => close?.());
  await provider.services.clients.add({
    clientId: 'mail-server' as ClientId,
    clientSecretHash: hashSecret('secret of the mail server'),
    tokenEndpointAuthMethod: 'client_secret_basic',
    redirectUris: [],
    grantTypes: [],
    responseTypes: [],
    scopes: [],
    registeredBy: 'administrator',
    issuedAt: clock.now(),
  });
  const client = await createTestClient(provider);
  const connect = async (scope: string | undefined, resource = mail) => {
    const prepared = client.prepareAuthorization({ scope, resource });
    const callback = await signInAndAllow(prepared.url, new TestBrowser(sendTo(provider), issuer));
    return tokensOf(await client.redeem(client.receiveCode(prepared, callback), { resource }));
  };
  return { provider, clock, client, connect };
}

/** Fetches the authorization server's key set, and counts how often. */
function keySetFetcher(provider: Portcullis): Fetcher & { asked: number; fails?: Error } {
  let text = '';
  return {
    asked: 0,
    check() {},
    async fetch({ url, maximumAge }) {
      if (this.fails) throw this.fails;
      if (text === '' || maximumAge !== undefined) {
        this.asked += 1;
        text = (await (await provider.handle(new Request(url)))?.text()) ?? '';
      }
      return { url, text, obtainedAt: 0 };
    },
  };
}

const introspection = (provider: Portcullis, changes: object = {}) =>
  ({
    kind: 'introspection',
    clientId: 'mail-server',
    clientSecret: 'secret of the mail server',
    fetch: (url: string, init: RequestInit) => sendTo(provider)(new Request(url, init)),
    ...changes,
  }) as const;

function mailServer(options: Partial<ResourceServerOptions>, environment: ResourceServerEnvironment): ResourceServer {
  return new ResourceServer(
    { issuer, resource: mail, requiredScopes: ['mail:read'], ...options },
    { scopes, resourceName: 'Mail', ...environment },
  );
}

function call(tool: string, token?: string): Request {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Request(mail, {
    method: 'POST',
    headers: { host: 'mail.example.com', 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool } }),
  });
}

const kinds = [
  {
    name: 'the published keys',
    open: (provider: Portcullis, clock: ManualClock, more: ResourceServerEnvironment = {}) =>
      mailServer({}, { clock, egress: keySetFetcher(provider), ...more }),
  },
  {
    name: 'introspection',
    open: (provider: Portcullis, clock: ManualClock, more: ResourceServerEnvironment = {}) =>
      mailServer({ tokens: introspection(provider, { cacheSeconds: 0 }) }, { clock, ...more }),
  },
];

describe.each(kinds)('a resource server that verifies tokens with $name', ({ open }) => {
  it('holds a token to the sign-in that its own scopes demand, by when and how the user signed in there [RFC9470-01, RFC9470-02, RFC9470-07]', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const acrValues = ['urn:portcullis:pwd', 'urn:example:key'];
    const demanding = {
      ...scopes,
      'mail:send': { ...scopes['mail:send'], signIn: { maxAgeSeconds: 300, acr: 'urn:portcullis:pwd' } },
    };
    const server = open(provider, clock, { scopes: demanding, acrValues });
    const { accessToken } = await connect('mail:send');
    expect((await server.authenticate(call('send_mail', accessToken))).response).toBeUndefined();
    clock.advance(301_000);
    const challenge = (await server.authenticate(call('send_mail', accessToken))).response?.headers.get(
      'www-authenticate',
    );
    expect(challenge).toContain('error="insufficient_user_authentication"');
    expect(challenge).toContain('acr_values="urn:portcullis:pwd urn:example:key", max_age="300"');
    expect((await server.authenticate(call('list_mail', accessToken))).response).toBeUndefined();
  });

  it('lets a live token for its resource in, with what it says of user, client and scopes [RFC9068-11, RFC8707-06]', async () => {
    const { provider, clock, client, connect } = await authorizationServer();
    const server = open(provider, clock);
    const { accessToken } = await connect('mail:read');
    const outcome = await server.authenticate(call('list_mail', accessToken));
    const { token } = outcome;
    expect(token).toMatchObject({ clientId: client.clientId, scopes: ['mail:read'], resource: mail });
    expect(token?.subject).toBe((await provider.loadAccessToken(accessToken))?.subject);
    expect(outcome).toMatchObject({ body: { method: 'tools/call' } });
  });

  it('answers as a provider would: challenges that lead to the authorization server, and scopes for each tool [RFC9728-11]', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const server = open(provider, clock);
    const refusal = async (request: Request) => (await server.authenticate(request)).response;
    const anonymous = await refusal(call('list_mail'));
    expect(anonymous?.status).toBe(401);
    expect(anonymous?.headers.get('www-authenticate')).toContain(
      'resource_metadata="https://mail.example.com/.well-known/oauth-protected-resource/mcp"',
    );
    const narrow = await refusal(call('send_mail', (await connect('mail:read')).accessToken));
    expect(narrow?.status).toBe(403);
    expect(narrow?.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    const metadata = await server.handle(
      new Request('https://mail.example.com/.well-known/oauth-protected-resource/mcp'),
    );
    expect(await metadata?.json()).toMatchObject({
      resource: mail,
      authorization_servers: [issuer],
      resource_name: 'Mail',
      scopes_supported: ['mail:read', 'mail:send'],
    });
    expect(await server.handle(new Request('https://mail.example.com/token'))).toBeUndefined();
  });

  it('refuses every other token [RFC8707-06, RFC9068-16]', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const server = open(provider, clock);
    const status = async (token: string) => (await server.authenticate(call('list_mail', token))).response?.status;
    const { accessToken, refreshToken } = await connect('mail:read');
    const elsewhere = await connect(undefined, 'https://other.example.com/mcp');
    const tampered = `${accessToken.slice(0, -6)}AAAAAA`;
    for (const token of [elsewhere.accessToken, refreshToken, tampered, 'x', 'a.b.c'])
      expect(await status(token)).toBe(401);
    const foreign = await authorizationServer();
    expect(await status((await foreign.connect('mail:read')).accessToken)).toBe(401);
    clock.advance(599_999);
    expect(await status(accessToken)).toBeUndefined();
    clock.advance(1);
    expect(await status(accessToken)).toBe(401);
  });

  it('says nothing of a token where the authorization server cannot be asked', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const { accessToken } = await connect('mail:read');
    const fails = new Error('unreachable');
    const broken = [
      mailServer({}, { clock, egress: Object.assign(keySetFetcher(provider), { fails }) }),
      mailServer({ tokens: introspection(provider, { fetch: async () => Promise.reject(fails) }) }, { clock }),
      mailServer(
        { tokens: introspection(provider, { fetch: async () => new Response('{}', { status: 500 }) }) },
        { clock },
      ),
      mailServer(
        { tokens: introspection(provider, { fetch: async () => Response.json({ active: 'yes' }) }) },
        { clock },
      ),
    ];
    for (const each of broken) await expect(each.authenticate(call('list_mail', accessToken))).rejects.toThrow();
  });
});

describe('with the published keys', () => {
  it('a new signing key is fetched when the first token comes with it, and a key that nobody has only once a minute', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const fetcher = keySetFetcher(provider);
    const server = mailServer({}, { clock, egress: fetcher });
    await server.authenticate(call('list_mail', (await connect('mail:read')).accessToken));
    expect(fetcher.asked).toBe(1);
    await provider.services.signingKeys.rotate('at once');
    const { token } = await server.authenticate(call('list_mail', (await connect('mail:read')).accessToken));
    expect(token).toBeDefined();
    expect(fetcher.asked).toBe(2);
  });

  it('keys can be given instead, where nothing may be fetched', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const keys = await provider.publicKeys();
    const server = mailServer({ tokens: { kind: 'key set', keys } }, { clock });
    expect(
      (await server.authenticate(call('list_mail', (await connect('mail:read')).accessToken))).token,
    ).toBeDefined();
    const useless = [
      { ...keys[0], alg: 'HS256' },
      { ...keys[0], kid: undefined },
      { ...keys[0], use: 'enc' },
      { kty: 'oct', k: 'AAAA', kid: 'a', alg: 'EdDSA' },
    ];
    for (const key of useless)
      expect(() => mailServer({ tokens: { kind: 'key set', keys: [key] } }, { clock })).toThrow(/no key/);
    expect(() => mailServer({}, { clock })).toThrow(
      /set egress, so that https:\/\/auth\.example\.com\/jwks\.json can be fetched/,
    );
  });
});

describe('with introspection', () => {
  it('a revocation counts once what was learnt before is forgotten, and at once with no cache', async () => {
    const { provider, clock, client, connect } = await authorizationServer();
    const [cached, asking] = [{}, { cacheSeconds: 0 }].map((changes) =>
      mailServer({ tokens: introspection(provider, changes) }, { clock }),
    );
    const tokens = await connect('mail:read');
    const isLet = async (server: ResourceServer | undefined) =>
      (await server?.authenticate(call('list_mail', tokens.accessToken)))?.token !== undefined;
    expect([await isLet(cached), await isLet(asking)]).toEqual([true, true]);
    await client.revoke(tokens.refreshToken);
    expect([await isLet(cached), await isLet(asking)]).toEqual([true, false]);
    clock.advance(5000);
    expect(await isLet(cached)).toBe(false);
  });

  it('the answer of another issuer is not taken', async () => {
    const { provider, clock, connect } = await authorizationServer();
    const { accessToken } = await connect('mail:read');
    const lying = introspection(provider, {
      fetch: async (url: string, init: RequestInit) => {
        const told = (await (await sendTo(provider)(new Request(url, init))).json()) as object;
        return Response.json({ ...told, iss: 'https://evil.example' });
      },
    });
    const server = mailServer({ tokens: lying }, { clock });
    expect((await server.authenticate(call('list_mail', accessToken))).response?.status).toBe(401);
  });
});

it.each([
  [{ issuer: 'auth.example.com' }, /issuer/],
  [{ resource: 'http://mail.example.com/mcp' }, /resource/],
  [{ resource: 'https://mail.example.com' }, /with a path/],
])('a resource server is checked when it is built: %j', (options, message) => {
  expect(() => mailServer(options, { egress: { enabled: true } as never })).toThrow(message);
});
