import { createHmac, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RegistrationPolicy } from '../../src/core/settings.ts';
import type { SoftwareStatementOptions, StatementIssuer } from '../../src/core/software-statements.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { TestClientKey } from '../../src/testing/test-client-key.ts';
import { TestPublisher } from '../../src/testing/test-publisher.ts';
import { approveClient, invitation } from '../support/registration.ts';
import { base, expectError, type Peer, peersOf, providers, type RegisteredClient, redirectUri } from './support.ts';

interface Managed extends RegisteredClient, Readonly<Record<string, unknown>> {
  readonly registration_client_uri: string;
  readonly registration_access_token: string;
}

const publisher = new TestPublisher();
const other = new TestPublisher('https://other.example');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const plain = { token_endpoint_auth_method: 'none' };
const invalid = 'invalid_software_statement';
const unapproved = 'unapproved_software_statement';

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe.each(providers)('software statements at $name', (kind) => {
  const open = peersOf(kind);

  function peer(
    policy: RegistrationPolicy = 'open',
    changes: Partial<StatementIssuer> = {},
    options: Partial<SoftwareStatementOptions> = {},
  ): Promise<Peer> {
    return open({
      options: { clientRegistration: { policy } },
      environment: {
        softwareStatements: { issuers: [publisher.trusted(changes), other.trusted(changes)], ...options },
      },
    });
  }

  async function managed(response: Response): Promise<Managed> {
    expect(response.status, await response.clone().text()).toBe(201);
    return (await response.json()) as Managed;
  }

  function manage(server: Peer, client: Managed, method: string, body?: object): Promise<Response> {
    const { pathname, search } = new URL(client.registration_client_uri);
    return server.send(pathname + search, {
      method,
      headers: { ...bearer(client.registration_access_token), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify({ client_id: client.client_id, ...body }) }),
    });
  }

  it('what a statement sets comes before what the client says, and is returned with the statement itself [RFC7591-22, RFC7591-23, RFC7591-24, RFC7591-25]', async () => {
    const server = await peer();
    const statement = await publisher.statement(server.provider, { client_uri: 'https://publisher.example/' });
    const claims = { client_name: 'Something else', redirect_uris: ['https://evil.example/cb'] };
    const sent = { ...plain, ...claims, tos_uri: 'https://a.example/tos', software_statement: statement };
    const client = await managed(await server.registration(sent));
    const expected = {
      client_name: 'Notes of the publisher',
      client_uri: 'https://publisher.example/',
      redirect_uris: [redirectUri],
      software_id: 'notes',
      tos_uri: 'https://a.example/tos',
      software_statement: statement,
    };
    expect(client).toMatchObject(expected);
    expect(await (await manage(server, client, 'GET')).json()).toMatchObject(expected);
    expect(await server.tokens(client)).toMatchObject({ scope: 'read' });
    await expectError(
      await server.authorize(client, { redirect_uri: 'https://evil.example/cb' }),
      400,
      'invalid_request',
    );
  });

  it('a library that others use signs statements that are taken [RFC7591-22]', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwks = { keys: [await exportJWK(publicKey)] };
    const server = await open({
      environment: { softwareStatements: { issuers: [{ issuer: 'https://jose.example', keys: { jwks } }] } },
    });
    const statement = await new SignJWT({ redirect_uris: [redirectUri] })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer('https://jose.example')
      .setAudience([base, 'https://another.example'])
      .setExpirationTime(server.running.clock.now() / 1000 + 60)
      .sign(privateKey);
    await managed(await server.registration({ ...plain, software_statement: statement }));
  });

  it('where nobody is trusted, a statement is metadata that is not understood [RFC7591-02]', async () => {
    const server = await open();
    const sent = { ...plain, redirect_uris: [redirectUri], software_statement: 'whatever' };
    expect(await managed(await server.registration(sent))).not.toHaveProperty('software_statement');
  });

  it('what is forged, out of date, for others or unreadable is refused by its name, and nothing is stored [RFC7591-26, RFC7591-27]', async () => {
    const server = await peer();
    const { provider } = server;
    const now = server.running.clock.now() / 1000;
    const claims = publisher.claims(provider);
    const good = await publisher.statement(provider);
    const [header, payload, signature] = good.split('.');
    const stranger = TestClientKey.generate();
    const hmac = (key: string | Buffer) => {
      const signed = `${encode({ alg: 'HS256', kid: 'key-1' })}.${encode(claims)}`;
      return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
    };
    const publicKey = createPublicKey({ key: publisher.key.jwks.keys[0] ?? {}, format: 'jwk' });
    const refusals: readonly [string, string][] = [
      ['unsigned', `${encode({ alg: 'none' })}.${encode(claims)}.`],
      ['HMAC with the public key', hmac(publicKey.export({ type: 'spki', format: 'pem' }))],
      ['HMAC with the public key’s bytes', hmac(publicKey.export({ type: 'spki', format: 'der' }))],
      ['another key', await stranger.sign(claims)],
      ['another key that brings itself', await stranger.sign(claims, { jwk: stranger.jwks.keys[0] })],
      ['another key by URL', await stranger.sign(claims, { jku: 'https://evil.example/jwks.json' })],
      ['another issuer’s key', await other.key.sign(claims)],
      ['a kid that there is not', await publisher.statement(provider, {}, { kid: 'key-2' })],
      ['a kid that leads elsewhere', await publisher.statement(provider, {}, { kid: '../../etc/passwd' })],
      ['a kid that is no string', await publisher.statement(provider, {}, { kid: 7 as never })],
      ['another payload', `${header}.${encode({ ...claims, client_name: 'Other' })}.${signature}`],
      ['no signature', `${header}.${payload}.`],
      ['expired', await publisher.statement(provider, { exp: now - 31 })],
      ['without exp', await publisher.statement(provider, { exp: undefined })],
      ['exp of another type', await publisher.statement(provider, { exp: String(now + 60) })],
      ['not valid yet', await publisher.statement(provider, { nbf: now + 31 })],
      ['of the future', await publisher.statement(provider, { iat: now + 31 })],
      ['for another server', await publisher.statement(provider, { aud: 'https://another.example' })],
      ['for no server', await publisher.statement(provider, { aud: [] })],
      ['an access token', await publisher.statement(provider, {}, { typ: 'at+jwt' })],
      ['an ID-JAG', await publisher.statement(provider, {}, { typ: 'oauth-id-jag+jwt' })],
      ['two parts', 'a.b'],
      ['too long', `${good}${'A'.repeat(13_000)}`],
      ['empty', ''],
    ];
    for (const [what, statement] of refusals) {
      const sent = { ...plain, redirect_uris: [redirectUri], software_statement: statement };
      const description = await expectError(await server.registration(sent), 400, invalid);
      expect(description, what).toMatch(/\w+ \w+/);
    }
    for (const statement of [7, {}, [good], true])
      await expectError(await server.registration({ ...plain, software_statement: statement }), 400, invalid);
    const events = server.running.events.filter(({ name }) => name === 'client.registration_refused');
    expect(events).toHaveLength(refusals.length + 4);
    expect(server.running.events.filter(({ name }) => name === 'client.registered')).toEqual([]);
  });

  it('a statement of somebody else, or one that sets what its issuer may not, is not approved [RFC7591-26, RFC7591-27]', async () => {
    const server = await peer('open', { claims: ['redirect_uris', 'client_name', 'software_id'] });
    const { provider } = server;
    const stranger = new TestPublisher('https://stranger.example');
    const pretender = new TestPublisher('https://publisher.example/');
    for (const statement of [
      await stranger.statement(provider),
      await pretender.statement(provider),
      await publisher.statement(provider, { iss: undefined }),
      await publisher.statement(provider, { iss: ['https://publisher.example'] }),
      await publisher.statement(provider, { scope: 'read write' }),
      await publisher.statement(provider, { jwks: publisher.key.jwks }),
      await publisher.statement(provider, { redirect_uris: undefined }),
      await publisher.statement(provider, { redirect_uris: null }),
    ])
      await expectError(
        await server.registration({ ...plain, redirect_uris: [redirectUri], software_statement: statement }),
        400,
        unapproved,
      );
  });

  it('what a statement sets is held to what registration is held to [RFC7591-12, PITFALL-16]', async () => {
    const server = await peer();
    const refusals: readonly [object, string][] = [
      [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: 'https://a.example' }, 'invalid_redirect_uri'],
      [{ scope: 'read admin' }, 'invalid_client_metadata'],
      [{ grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
      [{ client_name: 7 }, 'invalid_client_metadata'],
    ];
    for (const [claims, code] of refusals) {
      const statement = await publisher.statement(server.provider, claims as Record<string, unknown>);
      await expectError(await server.registration({ ...plain, software_statement: statement }), 400, code);
    }
    const claims = { client_id: 'chosen', client_secret: 'x', registeredBy: 'administrator', admission: 'approved' };
    const statement = await publisher.statement(server.provider, claims);
    const client = await managed(await server.registration({ ...plain, software_statement: statement }));
    expect(client.client_id).not.toBe('chosen');
    const stored = await server.provider.getClient(client.client_id as never);
    expect(stored).toMatchObject({ registeredBy: 'dynamic' });
    expect(stored?.admission).toBeUndefined();
  });

  it('one statement is brought by every copy of the software, and each is a client of its own [RFC7591-08, RFC7591-22]', async () => {
    const server = await peer();
    const statement = await publisher.statement(server.provider);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.registration({ ...plain, software_statement: statement })),
    );
    const ids = await Promise.all(answers.map(async (answer) => (await managed(answer)).client_id));
    expect(new Set(ids).size).toBe(20);
  });

  it('required: nobody registers without one, with a token neither [RFC7591-27]', async () => {
    const server = await peer('token', {}, { required: true });
    const token = await invitation(server.provider, 2);
    const sent = { ...plain, redirect_uris: [redirectUri] };
    await expectError(await server.registration(sent, bearer(token)), 400, invalid);
    const statement = await publisher.statement(server.provider);
    await expectError(await server.registration({ ...sent, software_statement: statement }), 401, 'invalid_token');
    const client = await managed(await server.registration({ ...sent, software_statement: statement }, bearer(token)));
    await expectError(await manage(server, client, 'PUT', sent), 400, invalid);
  });

  it('statements without exp are taken for as long as the operator says [RFC7591-26]', async () => {
    const server = await peer('open', { maximumAge: 86_400_000 });
    const statement = await publisher.statement(server.provider, { exp: undefined });
    const sent = { ...plain, software_statement: statement };
    await managed(await server.registration(sent));
    server.running.clock.advance(86_400_000 + 30_000 - 1000);
    await managed(await server.registration(sent));
    server.running.clock.advance(2000);
    await expectError(await server.registration(sent), 400, invalid);
    const timeless = await publisher.statement(server.provider, { iat: undefined });
    await expectError(await server.registration({ ...plain, software_statement: timeless }), 400, invalid);
  });

  it.each(['token', 'approval'] as const)(
    '%s: a statement lets its client in only where the operator said so [RFC7591-19, RFC7591-21]',
    async (policy) => {
      const strict = await peer(policy);
      const sent = { ...plain, software_statement: await publisher.statement(strict.provider) };
      const refused = await strict.registration(sent);
      if (policy === 'token') await expectError(refused, 401, 'invalid_token');
      else await expectError(await strict.authorize(await managed(refused)), 400, 'unauthorized_client');

      const server = await peer(policy, { admits: true });
      const client = await managed(
        await server.registration({ ...plain, software_statement: await publisher.statement(server.provider) }),
      );
      expect(await server.provider.getClient(client.client_id as never)).toMatchObject({
        admission: 'vouched',
        registeredBy: 'dynamic',
      });
      expect(await server.tokens(client)).toMatchObject({ scope: 'read' });
      const without = await server.registration({ ...plain, redirect_uris: [redirectUri] });
      if (policy === 'token') await expectError(without, 401, 'invalid_token');
      else await expectError(await server.authorize(await managed(without)), 400, 'unauthorized_client');
      const forged = await TestClientKey.generate().sign(publisher.claims(server.provider));
      await expectError(await server.registration({ ...plain, software_statement: forged }), 400, invalid);
      const token = await invitation(server.provider);
      const invited = await managed(await server.registration(sent, bearer(token)));
      expect(await server.provider.getClient(invited.client_id as never)).toMatchObject({ admission: 'invited' });
    },
  );

  it('who was let in by a statement is not let go on without it [RFC7591-21, RFC7592-09]', async () => {
    const changes = { ...plain, redirect_uris: ['http://localhost:1/elsewhere'] };
    const sent = async ({ provider }: Peer) => ({ ...plain, software_statement: await publisher.statement(provider) });

    const byToken = await peer('token', { admits: true });
    const first = await managed(await byToken.registration(await sent(byToken)));
    await expectError(await manage(byToken, first, 'PUT', changes), 400, unapproved);
    expect((await (await manage(byToken, first, 'GET')).json()) as object).toMatchObject({
      redirect_uris: [redirectUri],
    });

    const byApproval = await peer('approval', { admits: true });
    const second = await managed(await byApproval.registration(await sent(byApproval)));
    expect((await manage(byApproval, second, 'PUT', changes)).status).toBe(200);
    await expectError(await byApproval.authorize(second), 400, 'unauthorized_client');
    await expectError(await manage(byApproval, second, 'PUT', await sent(byApproval)), 403, 'access_denied');
  });

  it('an update brings a statement again, judged by the rules of the day; a later one of the same software replaces it [RFC7591-24, RFC7592-06, RFC7592-09]', async () => {
    const server = await peer('approval', { admits: true });
    const { provider } = server;
    const statement = await publisher.statement(provider);
    const client = await managed(await server.registration({ ...plain, software_statement: statement }));
    const put = (jwt: string, changes = {}) =>
      manage(server, client, 'PUT', { ...plain, ...changes, software_statement: jwt });
    expect((await put(statement, { redirect_uris: ['https://evil.example/cb'] })).status).toBe(200);
    expect(await (await manage(server, client, 'GET')).json()).toMatchObject({ redirect_uris: [redirectUri] });
    const later = await publisher.statement(provider, { software_version: '2' });
    expect(await (await put(later)).json()).toMatchObject({ software_version: '2', software_statement: later });
    await expectError(await put(await publisher.statement(provider, { software_id: 'mail' })), 400, unapproved);
    await expectError(await put(await publisher.statement(provider, { software_id: undefined })), 400, unapproved);
    await expectError(await put(await other.statement(provider)), 400, unapproved);
    await expectError(await put(await TestClientKey.generate().sign(publisher.claims(provider))), 400, invalid);
    expect(await server.tokens(client)).toMatchObject({ scope: 'read' });
    server.running.clock.advance(3_631_000);
    await expectError(await put(later), 400, invalid);
    expect(await server.tokens(client)).toMatchObject({ scope: 'read' });
  });

  it('an approved client that brings another statement waits again, unless that lets it in [RFC7591-21]', async () => {
    const server = await peer('approval');
    const client = await managed(await server.registration({ ...plain, redirect_uris: [redirectUri] }));
    await approveClient(server.provider, client.client_id);
    const statement = await publisher.statement(server.provider);
    expect((await manage(server, client, 'PUT', { ...plain, software_statement: statement })).status).toBe(200);
    await expectError(await server.authorize(client), 400, 'unauthorized_client');
  });
});

it('keys in a file are read again when they change, and a broken file changes nothing [RFC7591-27]', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-publisher-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'publisher.jwks.json');
  const software = new TestPublisher();
  writeFileSync(file, JSON.stringify(software.key.jwks));
  const reasons: (string | undefined)[] = [];
  const provider = new InMemoryProvider(
    { baseUrl: base, clientRegistration: { policy: 'open' } },
    {
      softwareStatements: { issuers: [software.trusted({ keys: { file } })] },
      onEvent: ({ name, reason }) => name === 'server.error' && reasons.push(reason),
    },
  );
  const register = async (statement: string) => {
    const body = JSON.stringify({ ...plain, software_statement: statement });
    const headers = { 'content-type': 'application/json' };
    return (await provider.handle(new Request(`${base}/register`, { method: 'POST', headers, body })))?.status;
  };
  const before = await software.statement(provider);
  expect(await register(before)).toBe(201);
  writeFileSync(file, '{"keys":');
  expect(await register(before)).toBe(201);
  expect(reasons).toHaveLength(1);
  software.key = TestClientKey.generate('ES256', 'key-2');
  writeFileSync(file, JSON.stringify(software.key.jwks));
  expect(await register(before)).toBe(400);
  expect(await register(await software.statement(provider))).toBe(201);
});

it.each<[string, SoftwareStatementOptions, string]>([
  ['no issuer, and yet required', { issuers: [], required: true }, 'required'],
  ['an issuer twice', { issuers: [publisher.trusted(), publisher.trusted()] }, 'already'],
  ['this server itself', { issuers: [publisher.trusted({ issuer: base })] }, 'itself'],
  ['no usable key', { issuers: [publisher.trusted({ keys: { jwks: { keys: [] } } })] }, 'no usable public key'],
  ['a file that is not there', { issuers: [publisher.trusted({ keys: { file: '/nowhere' } })] }, '/nowhere'],
  ['a symmetric algorithm', { issuers: [publisher.trusted({ algorithms: ['HS256'] })] }, 'algorithms'],
  ['metadata that there is not', { issuers: [publisher.trusted({ claims: ['redirect_uri'] })] }, 'redirect_uri'],
  ['required and not allowed', { issuers: [publisher.trusted({ claims: ['client_name'] })] }, 'requiredClaims'],
  ['letting in anybody', { issuers: [publisher.trusted({ admits: true, requiredClaims: [] })] }, 'admits'],
])('a configuration with %s is refused at the start', (_what, softwareStatements, word) => {
  expect(() => new InMemoryProvider({ baseUrl: base }, { softwareStatements })).toThrow(word);
});
