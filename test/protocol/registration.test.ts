import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OAuthError } from '../../src/core/errors.ts';
import {
  base,
  expectError,
  Peer,
  peersOf,
  providers,
  type RegisteredClient,
  redirectUri,
  tokensOf,
} from './support.ts';

type Registered = RegisteredClient & Readonly<Record<string, unknown>>;

describe.each(providers)('registration at $name', (kind) => {
  const peer = peersOf(kind);
  let shared: Peer;
  beforeAll(async () => {
    shared = new Peer(await kind.create());
  });
  afterAll(() => shared.running.close());

  const metadata = (changes: Readonly<Record<string, unknown>> = {}) => ({
    client_name: 'Test',
    redirect_uris: [redirectUri],
    ...changes,
  });

  async function registered(response: Response): Promise<Registered> {
    const body: unknown = await response.json();
    expect(response.status, JSON.stringify(body)).toBe(201);
    return body as Registered;
  }

  const refused = async (changes: Readonly<Record<string, unknown>>, code = 'invalid_client_metadata') =>
    expectError(await shared.registration(metadata(changes)), 400, code);

  it('a name and one redirect URI yield a client with a secret and every default filled in [CASE-10, RFC7591-01, RFC7591-03, RFC7591-05, RFC7591-06, RFC7591-07, RFC7591-10, RFC7591-11]', async () => {
    const server = await peer();
    const response = await server.registration(metadata());
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('pragma')).toBe('no-cache');
    expect(await registered(response)).toEqual({
      client_id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      client_id_issued_at: server.running.clock.now() / 1000,
      client_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      client_secret_expires_at: 0,
      client_name: 'Test',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'read',
      registration_client_uri: expect.stringMatching(
        /^http:\/\/localhost:3000\/register\/client\?client_id=[\w-]{22}$/,
      ),
      registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('every registration has its own id and secret, which the client has no say in [RFC7591-08, RFC7591-09, OAUTH21-58]', async () => {
    const server = await peer();
    const sent = metadata({ client_id: 'admin', client_secret: 'guessed', client_id_issued_at: 1 });
    const [one, two] = [
      await registered(await server.registration(sent)),
      await registered(await server.registration(sent)),
    ];
    expect(new Set([one.client_id, two.client_id, 'admin']).size).toBe(3);
    expect(new Set([one.client_secret, two.client_secret, 'guessed']).size).toBe(3);
  });

  it('a client secret expires when the configuration says so, and not before', async () => {
    const server = await peer({ options: { clientRegistration: { clientSecretExpirySeconds: 60 } } });
    const { clock } = server.running;
    const client = await registered(
      await server.registration(metadata({ token_endpoint_auth_method: 'client_secret_post' })),
    );
    expect(client['client_secret_expires_at']).toBe(clock.now() / 1000 + 60);
    clock.advance(59_999);
    await server.tokens(client);
    clock.advance(1);
    await expectError(await server.refresh(client, 'x'), 401, 'invalid_client');
  });

  it('a public client gets no secret [CASE-11, RFC8252-06, RFC8252-07, OAUTH21-70]', async () => {
    const client = await registered(await shared.registration(metadata({ token_endpoint_auth_method: 'none' })));
    expect(client).not.toHaveProperty('client_secret');
    expect(client).not.toHaveProperty('client_secret_expires_at');
    expect(client.token_endpoint_auth_method).toBe('none');
  });

  it.each([
    undefined,
    null,
    [],
    'http://localhost/cb',
    ['not a url'],
    [''],
    [1],
    [null],
    [['https://a.example/cb']],
    {},
  ])('redirect_uris %j are refused [CASE-12, RFC7591-12, RFC7591-13]', async (redirect_uris) => {
    await refused({ redirect_uris }, 'invalid_redirect_uri');
  });

  it.each([
    ['not JSON', '{"redirect_uris":', 'application/json'],
    ['an array', '[]', 'application/json'],
    ['a string', '"x"', 'application/json'],
    ['null', 'null', 'application/json'],
    ['nothing', '', 'application/json'],
    ['a form', 'redirect_uris=x', 'application/x-www-form-urlencoded'],
    ['plain text', '{}', 'text/plain'],
  ])('a body that is %s is refused [CASE-13]', async (_what, body, type) => {
    await expectError(await shared.registration(body, { 'content-type': type }), 400, 'invalid_client_metadata');
  });

  it('a JSON body may say its charset and start with a byte order mark', async () => {
    const server = await peer();
    await registered(
      await server.registration(`\ufeff${JSON.stringify(metadata())}`, {
        'content-type': 'Application/JSON; charset=utf-8',
      }),
    );
  });

  it('a scope that is not valid here is refused by name [CASE-14]', async () => {
    expect(await refused({ scope: 'read admin' })).toContain("'admin'");
    await refused({ scope: 'rea"d' });
    await refused({ scope: ['read'] });
    await refused({ scope: '__proto__' });
  });

  it('without scope a client may ask for the configured default [CASE-15]', async () => {
    for (const scope of [undefined, null, '', '  ']) {
      expect(await registered(await shared.registration(metadata({ scope })))).toMatchObject({ scope: 'read' });
    }
  });

  it('offline_access is accepted and is no scope of its own [PITFALL-07]', async () => {
    for (const [scope, registeredFor] of [
      ['write offline_access', ['read', 'write']],
      ['offline_access', ['read']],
    ] as const) {
      const client = await registered(await shared.registration(metadata({ scope })));
      expect(String(client['scope']).split(' ').sort()).toEqual(registeredFor);
    }
  });

  it('a client that names scopes may ask for the default ones too, as one that names none [CASE-15, RFC7591-11]', async () => {
    expect(await registered(await shared.registration(metadata({ scope: 'write' })))).toMatchObject({
      scope: 'write read',
    });
  });

  it.each([[['refresh_token']], [['client_credentials']], [[]], [['implicit', 'password']], ['authorization_code']])(
    'grant types %j are refused: authorization_code is missing [CASE-16]',
    async (grant_types) => {
      await refused({ grant_types });
    },
  );

  it('a client of authorization_code only gets no refresh token and is refused a refresh [CASE-17, RFC6749-12]', async () => {
    const server = await peer();
    const client = await registered(
      await server.registration(metadata({ grant_types: ['authorization_code'], token_endpoint_auth_method: 'none' })),
    );
    expect(client['grant_types']).toEqual(['authorization_code']);
    expect(await server.tokens(client)).not.toHaveProperty('refresh_token');
    await expectError(await server.refresh(client, 'x'), 400, 'unauthorized_client');
  });

  it('a grant type that is not supported is left out of the answer [CASE-18, RFC7591-04]', async () => {
    const grant_types = [
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:device_code',
      'implicit',
      '__proto__',
      'authorization_code',
    ];
    expect(await registered(await shared.registration(metadata({ grant_types })))).toMatchObject({
      grant_types: ['authorization_code'],
    });
  });

  it('response types without code are refused, others beside it are left out [CASE-19, RFC7591-04]', async () => {
    for (const response_types of [['token'], [], 'code', ['code token']]) await refused({ response_types });
    expect(await registered(await shared.registration(metadata({ response_types: ['code', 'token'] })))).toMatchObject({
      response_types: ['code'],
    });
  });

  it.each(['client_secret_jwt', 'tls_client_auth', 'magic', '', 1])(
    'authentication method %j is refused [CASE-20]',
    async (method) => {
      await refused({ token_endpoint_auth_method: method });
    },
  );

  it.each(['urn:ietf:params:oauth:grant-type:jwt-bearer', 'client_credentials'])(
    'grant type %s cannot be had by registration [CASE-21]',
    async (grant) => {
      await refused({ grant_types: ['authorization_code', grant] });
    },
  );

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'JAVASCRIPT:x',
    'blob:https://a.example/1',
  ])('redirect URI %s is refused [CASE-22, PITFALL-14, MCP-SEC-12]', async (uri) => {
    await refused({ redirect_uris: [uri] }, 'invalid_redirect_uri');
    await refused({ redirect_uris: [redirectUri, uri] }, 'invalid_redirect_uri');
  });

  it.each([
    'http://evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'https://a.example/cb#fragment',
    'http://localhost/cb#',
  ])('redirect URI %s is refused [CASE-23, OAUTH21-07, RFC9700-05]', async (uri) => {
    await refused({ redirect_uris: [uri] }, 'invalid_redirect_uri');
  });

  it('the rules of application type web apply where web was sent, and only there [CASE-24, PITFALL-31]', async () => {
    for (const uri of ['http://localhost/cb', 'http://127.0.0.1:1/cb', 'com.example.app:/cb']) {
      await refused({ application_type: 'web', redirect_uris: [uri] }, 'invalid_redirect_uri');
      for (const application_type of ['native', undefined]) {
        await registered(await shared.registration(metadata({ application_type, redirect_uris: [uri] })));
      }
    }
    await registered(
      await shared.registration(metadata({ application_type: 'web', redirect_uris: ['https://a.example/cb'] })),
    );
  });

  it('the application type that was sent is echoed, and none where none was [CASE-25]', async () => {
    const server = await peer();
    expect(await registered(await server.registration(metadata({ application_type: 'native' })))).toMatchObject({
      application_type: 'native',
    });
    expect(await registered(await server.registration(metadata()))).not.toHaveProperty('application_type');
  });

  it('a client that the store refuses by policy gets the code that it gave [CASE-26]', async () => {
    const server = await peer();
    server.provider.registerClient = async () => {
      throw new OAuthError('invalid_client_metadata', 'this name is reserved');
    };
    expect(await expectError(await server.registration(metadata()), 400, 'invalid_client_metadata')).toBe(
      'this name is reserved',
    );
  });

  it('all metadata that the server understands is echoed, in any script [RFC7591-11]', async () => {
    const sent = {
      client_name: 'Größe 🗝 名前',
      client_uri: 'https://a.example',
      logo_uri: 'https://a.example/logo.png',
      tos_uri: 'https://a.example/tos',
      policy_uri: 'https://a.example/policy',
      contacts: ['a@a.example'],
      software_id: 'x',
      software_version: '1.0',
    };
    expect(await registered(await shared.registration(metadata(sent)))).toMatchObject(sent);
  });

  it('what the server does not understand is dropped, so that no client registers a privilege [PITFALL-16, RFC7591-02, RFC7591-15]', async () => {
    const server = await peer();
    const claims = {
      skip_consent: true,
      registered_by: 'administrator',
      registeredBy: 'administrator',
      trusted: true,
      scopes: ['admin'],
      subject: 'root',
      jwks_uri: 'http://169.254.169.254/',
      id_token_signed_response_alg: 'none',
    };
    const prototype =
      '"__proto__": {"registeredBy": "administrator", "scopes": ["admin"]}, "constructor": {"prototype": {"polluted": true}}';
    const body = `${JSON.stringify(metadata(claims)).slice(0, -1)}, ${prototype}}`;
    const client = await registered(await server.registration(body));
    for (const name of [...Object.keys(claims), 'constructor']) expect(Object.keys(client)).not.toContain(name);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const stored = await server.provider.getClient(client.client_id as Parameters<typeof server.provider.getClient>[0]);
    expect(stored).toMatchObject({ registeredBy: 'dynamic', scopes: ['read'] });
    expect(JSON.stringify(stored)).not.toMatch(/admin|root|169\.254|skip/);
    expect(JSON.stringify(stored)).not.toContain(client.client_secret);
  });

  it.each(['client_uri', 'logo_uri', 'tos_uri', 'policy_uri'])('%s must be a web page [PITFALL-14]', async (name) => {
    for (const uri of [
      'javascript:alert(1)',
      'data:image/svg+xml,<svg onload=alert(1)>',
      'https://a.example/ x',
      'https:\\\\a.example',
      'java\nscript:x',
      1,
    ]) {
      await refused({ [name]: uri });
    }
  });

  it.each([
    ['a wildcard', 'https://*.example/cb'],
    ['a back-slash', 'https://a.example\\@evil.example/'],
    ['white space', 'https://a.example/ cb'],
    ['a line feed', 'https://a.example/cb\nx'],
    ['a NUL', 'https://a.example/\u0000'],
    ['credentials', 'https://a@evil.example/cb'],
    ['letters beyond ASCII', 'https://аpple.example/cb'],
  ])('a redirect URI with %s is refused [PITFALL-34]', async (_what, uri) => {
    await refused({ redirect_uris: [uri] }, 'invalid_redirect_uri');
  });

  it('thousands of redirect URIs and huge names are refused [PITFALL-34]', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `https://a.example/${index}`);
    for (const count of [21, 1001]) await refused({ redirect_uris: many(count) }, 'invalid_redirect_uri');
    for (const changes of [{ redirect_uris: many(5000) }, { client_name: 'x'.repeat(1024 * 1024) }]) {
      await expectError(await shared.registration(metadata(changes)), 413, 'invalid_request');
    }
    expect(await refused({ client_name: 'x'.repeat(201) })).toContain('client_name');
    expect(await refused({ client_name: 'a\u0000b' })).toContain('client_name');
    await refused({ contacts: Array.from({ length: 11 }, () => 'a@a.example') });
  });

  it('any JSON whatever is answered with a client or with a refusal of RFC 7591 [RFC7591-12]', async () => {
    const server = await peer();
    const member = fc.constantFrom(
      'redirect_uris',
      'grant_types',
      'response_types',
      'scope',
      'client_name',
      'token_endpoint_auth_method',
      'application_type',
      'contacts',
      'client_uri',
      '__proto__',
      'toString',
    );
    const likely = fc.constantFrom<fc.JsonValue>(
      [redirectUri],
      ['https://a.example'],
      ['authorization_code'],
      ['code'],
      'read',
      'none',
      'native',
      null,
    );
    const body = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc
        .dictionary(member, fc.oneof(likely, fc.jsonValue({ maxDepth: 2 })), { maxKeys: 8 })
        .map((object) => ({ redirect_uris: [redirectUri], ...object })),
    );
    await fc.assert(
      fc.asyncProperty(body, async (json) => {
        const response = await server.registration(json);
        if (response.status === 201) return void (await response.body?.cancel());
        const { error } = (await response.json()) as { error: string };
        expect([response.status, ['invalid_client_metadata', 'invalid_redirect_uri'].includes(error)]).toEqual([
          400,
          true,
        ]);
      }),
      { numRuns: 150 },
    );
  });

  it('JSON nested without end is refused like any other nonsense', async () => {
    const server = await peer();
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    await expectError(await server.registration(deep), 400, 'invalid_client_metadata');
    await expectError(await server.registration(`{"redirect_uris": ${deep}}`), 400, 'invalid_redirect_uri');
    await expectError(
      await server.registration(`{"redirect_uris": ["${redirectUri}"], "contacts": ${deep.slice(2, -2)}}`),
      400,
      'invalid_client_metadata',
    );
  });

  it('clients that registered in any of the three ways can all redeem a code [OAUTH21-14, MCP-AUTH-02, RFC8414-05]', async () => {
    const server = await peer();
    for (const token_endpoint_auth_method of ['none', 'client_secret_basic', 'client_secret_post']) {
      const client = await server.register({ token_endpoint_auth_method });
      await tokensOf(await server.redemption(client, await server.code(client)));
    }
  });

  it('is where the metadata says, and only there [MCP-SEC-08]', async () => {
    const server = await peer({ options: { baseUrl: `${base}/x` } });
    await registered(await server.registration(metadata()));
    expect((await server.send('/register', { method: 'POST', body: '{}' })).status).toBe(404);
  });
});
