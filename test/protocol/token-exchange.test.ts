import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import {
  type Answer,
  createTestClient,
  formPost,
  readAnswer,
  sendTo,
  tokensOf,
} from '../../src/testing/test-client.ts';
import { addServer } from '../support/resource-servers.ts';
import { base, providers, type RunningProvider, resource } from './support.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const mail = 'https://mail.example.com/mcp';
const archive = 'https://archive.example.com/mcp';
const exchanging = { grantTypes: [grantType], scopes: ['mail:read', 'mail:send', 'search'] };
const environment = {
  scopes: { read: { tools: ['list_notes'] }, write: { implies: ['read'], tools: ['add_note'] } },
  resources: {
    mail: { url: mail, scopes: { 'mail:read': {}, 'mail:send': {} } },
    archive: { url: archive, scopes: { search: {} } },
  },
  tokenExchange: {
    paths: [
      { clientId: 'notes-server', from: 'default', to: 'mail', scopes: { 'mail:read': 'read', 'mail:send': 'write' } },
      { clientId: 'mail-server', from: 'mail', to: 'archive', scopes: { search: 'mail:read' } },
    ],
  },
};

/** A user's client with a token for the notes, and the servers that may exchange it. */
async function start(running: RunningProvider, scope = 'read') {
  const { provider } = running;
  await addServer(provider, 'notes-server', exchanging);
  await addServer(provider, 'mail-server', exchanging);
  const client = await createTestClient(provider, { scope: 'read write' });
  const prepared = client.prepareAuthorization({ scope });
  const code = client.receiveCode(prepared, await running.approve(new URL(await locationOf(running, prepared.url))));
  const tokens = tokensOf(await client.redeem(code));
  const exchange = async (
    changes: Record<string, string | undefined> = {},
    server = 'notes-server',
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const params = {
      grant_type: grantType,
      client_id: server,
      client_secret: `secret of ${server}`,
      subject_token: tokens.accessToken,
      subject_token_type: accessToken,
      resource: mail,
      ...changes,
    };
    const sent = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return readAnswer(
      await sendTo(provider)(formPost(provider.endpointUrl('token'), Object.fromEntries(sent), headers)),
    );
  };
  const isAlive = async (token: unknown, at: string) =>
    (await provider.verifyToken(String(token), provider.resources.identifiedBy(at)?.uri)) !== undefined;
  return { ...running, client, tokens, exchange, isAlive };
}

async function locationOf({ provider }: RunningProvider, url: URL): Promise<string> {
  const response = await sendTo(provider)(new Request(url));
  return new URL(response.headers.get('location') ?? '', base).href;
}

describe.each(providers)('token exchange with $name', ({ name, create }) => {
  const open = async (scope?: string) => start(await create({ environment }), scope);

  it('gives a server a token for another resource, for its user, with itself as actor [RFC8693-01, RFC8693-03, RFC8693-05, RFC8693-08]', async () => {
    const { provider, tokens, exchange, isAlive } = await open();
    const { status, body } = await exchange();
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessToken,
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'mail:read',
    });
    const made = String(body['access_token']);
    expect(await isAlive(made, mail)).toBe(true);
    expect(await isAlive(made, resource)).toBe(false);
    const before = await provider.verifyToken(tokens.accessToken);
    expect(await provider.loadAccessToken(made)).toMatchObject({
      subject: before?.subject,
      clientId: 'notes-server',
      claims: { act: { sub: 'notes-server' } },
    });
    if (name === 'Portcullis') expect(decodeJwt(made)).toMatchObject({ aud: mail, act: { sub: 'notes-server' } });
  });

  it('tells of the sign-in behind the first token, however much later the second one is made [RFC9470-07]', async () => {
    const { provider, clock, tokens, exchange } = await open();
    const signInOf = async (token: unknown) => {
      const { auth_time, acr, amr } = (await provider.loadAccessToken(String(token)))?.claims ?? {};
      return { auth_time, acr, amr };
    };
    const before = await signInOf(tokens.accessToken);
    expect(before.auth_time).toBeGreaterThan(1_000_000_000);
    if (name === 'Portcullis') expect(before).toMatchObject({ acr: 'urn:portcullis:pwd', amr: ['pwd'] });
    clock.advance(120_000);
    expect(await signInOf((await exchange()).body['access_token'])).toEqual(before);
  });

  it('is advertised where an administrator allows a path, and nowhere else [RFC8693-01]', async () => {
    const supported = async (running: RunningProvider) => running.provider.serverMetadata()['grant_types_supported'];
    expect(await supported(await create({ environment }))).toContain(grantType);
    expect(await supported(await create())).not.toContain(grantType);
  });

  it('binds the new token to the key that the server proves [RFC9449-13]', async () => {
    const { provider, clock, exchange } = await open();
    const key = new DpopTestKey();
    const dpop = key.proof({ url: provider.endpointUrl('token'), now: clock.now() });
    const { body } = await exchange({}, 'notes-server', { dpop });
    expect(body).toMatchObject({ token_type: 'DPoP' });
    expect((await provider.loadAccessToken(String(body['access_token'])))?.keyThumbprint).toBe(key.thumbprint);
  });

  it('gives nothing for scopes that nothing is given for [RFC8693-09]', async () => {
    const { exchange } = await open('write');
    const sending = await exchange({ scope: 'mail:send' });
    const next = { subject_token: String(sending.body['access_token']), resource: archive };
    for (const scope of [undefined, 'search', 'mail:read', 'sea"rch']) {
      const { status, body } = await exchange({ ...next, scope }, 'mail-server');
      expect([status, body['error']]).toEqual([400, 'invalid_scope']);
    }
  });

  it('nests who acted before, and never gets longer or wider on the way [RFC8693-08, RFC8693-09]', async () => {
    const { provider, clock, exchange, tokens, isAlive } = await open();
    clock.advance(599_000);
    const first = await exchange();
    expect(first.body['expires_in']).toBe(1);
    const second = await exchange(
      { subject_token: String(first.body['access_token']), resource: archive },
      'mail-server',
    );
    expect(second.body).toMatchObject({ scope: 'search', expires_in: 1 });
    const made = String(second.body['access_token']);
    expect((await provider.loadAccessToken(made))?.claims?.['act']).toEqual({
      sub: 'mail-server',
      act: { sub: 'notes-server' },
    });
    clock.advance(1000);
    for (const [token, at] of [
      [tokens.accessToken, resource],
      [first.body['access_token'], mail],
      [made, archive],
    ] as const)
      expect(await isAlive(token, at)).toBe(false);
  });

  it('gives a scope only for the one that the path asks for, implied ones counted [RFC8693-09]', async () => {
    const reading = await open('read');
    expect((await reading.exchange({ scope: 'mail:send' })).body).toMatchObject({
      error: 'invalid_scope',
      error_description: expect.stringContaining("'write'"),
    });
    expect((await reading.exchange({ scope: 'search' })).body['error']).toBe('invalid_scope');
    expect((await reading.exchange({ scope: 'mail:read mail:send' })).body['error']).toBe('invalid_scope');
    expect((await reading.exchange({ scope: 'a"b' })).body['error']).toBe('invalid_scope');
    const writing = await open('write');
    expect((await writing.exchange()).body['scope']).toBe('mail:read mail:send');
    expect((await writing.exchange({ scope: 'mail:send' })).body['scope']).toBe('mail:send');
  });

  it('ends with the grant of the user’s client, at any depth [RFC8693-10]', async () => {
    const { client, tokens, exchange, isAlive } = await open();
    const first = (await exchange()).body['access_token'];
    const second = (await exchange({ subject_token: String(first), resource: archive }, 'mail-server')).body[
      'access_token'
    ];
    expect([await isAlive(first, mail), await isAlive(second, archive)]).toEqual([true, true]);
    await client.revoke(tokens.refreshToken);
    expect([await isAlive(first, mail), await isAlive(second, archive)]).toEqual([false, false]);
    expect((await exchange()).body['error']).toBe('invalid_request');
  });

  it('revoked by the server that made it leaves the user’s client alone [RFC8693-10, RFC7009-04]', async () => {
    const { provider, tokens, exchange, isAlive } = await open();
    const made = String((await exchange()).body['access_token']);
    const form = { token: made, client_id: 'notes-server', client_secret: 'secret of notes-server' };
    await sendTo(provider)(formPost(provider.endpointUrl('revoke'), form));
    expect([await isAlive(made, mail), await isAlive(tokens.accessToken, resource)]).toEqual([false, true]);
  });

  it('revoked in the middle of a chain leaves what was made from it alone, which ends with the root or by itself, no later than the middle would have [RFC8693-10]', async () => {
    const { provider, clock, client, tokens, exchange, isAlive } = await open();
    const chain = async () => {
      const middle = String((await exchange()).body['access_token']);
      const last = await exchange({ subject_token: middle, resource: archive }, 'mail-server');
      return { middle, last: String(last.body['access_token']) };
    };
    const [one, other] = [await chain(), await chain()];
    const form = { token: one.middle, client_id: 'notes-server', client_secret: 'secret of notes-server' };
    await sendTo(provider)(formPost(provider.endpointUrl('revoke'), form));
    expect([await isAlive(one.middle, mail), await isAlive(one.last, archive)]).toEqual([false, true]);
    // Nothing more can be made from it.
    const late = await exchange({ subject_token: one.middle, resource: archive }, 'mail-server');
    expect(late.body['error']).toBe('invalid_request');
    const expiries = [tokens.accessToken, one.last].map((token) => provider.loadAccessToken(token));
    const [root, last] = await Promise.all(expiries);
    expect(last?.expiresAt).toBeLessThanOrEqual(root?.expiresAt ?? 0);
    await client.revoke(tokens.refreshToken);
    expect([await isAlive(one.last, archive), await isAlive(other.last, archive)]).toEqual([false, false]);
    clock.advance(600_000);
    expect(await isAlive(one.last, archive)).toBe(false);
  });

  it('follows the paths that an administrator allowed and no other [RFC8693-07]', async () => {
    const { exchange } = await open();
    for (const [changes, server] of [
      [{ resource: archive }, 'notes-server'],
      [{ resource: undefined }, 'notes-server'],
      [{}, 'mail-server'],
      [{ resource: 'https://elsewhere.example/mcp' }, 'notes-server'],
    ] as const)
      expect((await exchange(changes, server)).body['error']).toBe('invalid_target');
  });

  it('is for confidential clients that an administrator added [RFC8693-02]', async () => {
    const { provider, exchange, client } = await open();
    await addServer(provider, 'public-server', { ...exchanging, tokenEndpointAuthMethod: 'none' });
    await addServer(provider, 'self-registered', { ...exchanging, registeredBy: 'dynamic' });
    await addServer(provider, 'other-grants', { ...exchanging, grantTypes: ['authorization_code'] });
    expect((await exchange({ client_secret: undefined }, 'public-server')).body['error']).toBe('unauthorized_client');
    for (const server of ['self-registered', 'other-grants'])
      expect((await exchange({}, server)).body['error']).toBe('unauthorized_client');
    expect((await exchange({ client_secret: 'wrong' })).body['error']).toBe('invalid_client');
    expect((await exchange({ client_id: client.clientId, client_secret: undefined })).body['error']).toBe(
      'unauthorized_client',
    );
    await expect(
      createTestClient(provider, {
        authMethod: 'client_secret_post',
        metadata: { grant_types: ['authorization_code', grantType] },
      }),
    ).rejects.toThrow(/registration was refused/);
  });

  it('takes a live access token of a user and nothing else for the subject token [RFC8693-06]', async () => {
    const { tokens, exchange } = await open();
    const subjectTokens = [undefined, 'unknown', tokens.refreshToken, `${tokens.accessToken}x`];
    for (const token of subjectTokens)
      expect((await exchange({ subject_token: token })).body['error'], token).toBe('invalid_request');
  });

  it('names the parameters that it does not support [RFC8693-04]', async () => {
    const { tokens, exchange } = await open();
    for (const [parameter, value] of [
      ['actor_token', tokens.accessToken],
      ['actor_token_type', accessToken],
      ['audience', 'mail'],
      ['subject_token_type', undefined],
      ['subject_token_type', 'urn:ietf:params:oauth:token-type:id_token'],
      ['requested_token_type', 'urn:ietf:params:oauth:token-type:refresh_token'],
    ] as const) {
      const { body } = await exchange({ [parameter]: value });
      expect(body).toMatchObject({ error: 'invalid_request', error_description: expect.stringContaining(parameter) });
    }
  });

  it('ends chains that go round in circles [RFC8693-09]', async () => {
    const loop = { from: 'mail', to: 'mail', clientId: 'mail-server', scopes: { 'mail:read': 'mail:read' } };
    const paths = [...environment.tokenExchange.paths, loop];
    const { exchange } = await start(await create({ environment: { ...environment, tokenExchange: { paths } } }));
    let answer = await exchange();
    let links = 1;
    while (answer.status === 200) {
      answer = await exchange({ subject_token: String(answer.body['access_token']) }, 'mail-server');
      links += 1;
    }
    expect(answer.body['error']).toBe('invalid_request');
    expect(links).toBe(5);
  });
});

describe('the paths of token exchange', () => {
  const provider = (path: object) => () =>
    new InMemoryProvider(
      { baseUrl: base },
      { ...environment, tokenExchange: { paths: [{ ...environment.tokenExchange.paths[0], ...path } as never] } },
    );
  it.each([
    [{ from: 'nowhere' }, /there is no resource 'nowhere', only 'default', 'mail', 'archive'/],
    [{ to: 'nowhere' }, /there is no resource 'nowhere'/],
    [{ scopes: {} }, /could do nothing/],
    [{ scopes: { 'mail:delete': 'read' } }, /resource 'mail' has no scope 'mail:delete'/],
    [{ from: 'mail', to: 'archive', scopes: { search: 'read' } }, /resource 'mail' has no scope 'read'/],
  ])('are checked when the provider is built: %j', (path, message) => {
    expect(provider(path)).toThrow(message);
  });
});
