import { describe, expect, it } from 'vitest';
import { approveClient, invitation } from '../support/registration.ts';
import {
  expectError,
  expectRedirectedError,
  location,
  type Peer,
  peersOf,
  providers,
  type RegisteredClient,
  redirectUri,
  validRequest,
} from './support.ts';

interface Managed extends RegisteredClient, Readonly<Record<string, unknown>> {
  readonly registration_client_uri: string;
  readonly registration_access_token: string;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const metadata = { client_name: 'Notes', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };

describe.each(providers)('managing a registration at $name', (kind) => {
  const peer = peersOf(kind);

  async function managed(server: Peer, changes: object = {}, headers = {}): Promise<Managed> {
    return (await (await server.registration({ ...metadata, ...changes }, headers)).json()) as Managed;
  }

  function manage(server: Peer, client: Managed, method: string, body?: unknown, token?: string): Promise<Response> {
    const { pathname, search } = new URL(client.registration_client_uri);
    return server.send(pathname + search, {
      method,
      headers: {
        ...bearer(token ?? client.registration_access_token),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  const put = (server: Peer, client: Managed, changes: object = {}) =>
    manage(server, client, 'PUT', { ...metadata, client_id: client.client_id, ...changes });

  it('a client is told where and with what, and reads its registration there [RFC7592-01, RFC7592-02, RFC7592-03, RFC7592-13]', async () => {
    const server = await peer();
    const client = await managed(server, { token_endpoint_auth_method: 'client_secret_basic' });
    const { client_secret, client_secret_expires_at, ...rest } = client;
    expect(client.registration_access_token).toMatch(/^[\w-]{43}$/);
    expect(new URL(client.registration_client_uri).origin).toBe(new URL(server.provider.settings.baseUrl).origin);
    const response = await manage(server, client, 'GET');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toEqual(rest);
    expect(JSON.stringify(await server.provider.getClient(client.client_id as never))).not.toContain(
      client.registration_access_token,
    );
    expect([client_secret, client_secret_expires_at]).toEqual([expect.any(String), 0]);
  });

  it('whatever is wrong with the token, the id or the client, the answer is one and the same 401 [RFC7592-04, RFC7592-05, PITFALL-24]', async () => {
    const server = await peer({ environment: { clientAuthentication: { throttle: { freeFailures: 1000 } } } });
    const [one, other, gone] = [await managed(server), await managed(server), await managed(server)];
    expect((await manage(server, gone, 'DELETE')).status).toBe(204);
    const stranger = {
      ...one,
      registration_client_uri: one.registration_client_uri.replace(/client_id=.*/, 'client_id=nobody'),
    };
    const nameless = { ...one, registration_client_uri: one.registration_client_uri.replace(/\?.*/, '') };
    const attempts = [
      ...['GET', 'DELETE'].flatMap((method) => [
        manage(server, one, method, undefined, other.registration_access_token),
        manage(server, one, method, undefined, ''),
        manage(server, one, method, undefined, 'x'),
        manage(server, stranger, method),
        manage(server, nameless, method),
        manage(server, gone, method),
      ]),
      manage(server, one, 'PUT', { ...metadata, client_id: one.client_id }, other.registration_access_token),
      put(server, gone),
    ];
    const bodies = new Set<string>();
    for (const response of await Promise.all(attempts)) {
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      bodies.add(await response.clone().text());
      await expectError(response, 401, 'invalid_token');
    }
    expect(bodies.size).toBe(1);
    expect((await manage(server, one, 'GET')).status).toBe(200);
  });

  it('guessing a registration access token is slowed like guessing a password, and slows nobody else [RFC7592-13, PITFALL-23]', async () => {
    const server = await peer();
    const { provider } = server;
    const client = await managed(server, { token_endpoint_auth_method: 'client_secret_post' });
    const other = await managed(server);
    const at = (clientAddress: string, target: Managed, token: string, method = 'GET') =>
      provider.handle(new Request(target.registration_client_uri, { method, headers: bearer(token) }), {
        clientAddress,
      }) as Promise<Response>;
    expect((await at('192.0.2.1', client, client.registration_access_token)).status).toBe(200);
    const stranger = '198.51.100.7';
    const statuses: number[] = [];
    for (let guess = 0; guess < 6; guess += 1)
      statuses.push((await at(stranger, client, `guess-${guess}`, guess % 2 === 0 ? 'GET' : 'DELETE')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    const refused = await at(stranger, client, client.registration_access_token);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    expect(server.running.events.findLast(({ name }) => name === 'request.rate_limited')).toMatchObject({
      clientId: client.client_id,
      clientAddress: stranger,
    });
    // Neither the client itself, nor its secret, nor another client of the same address.
    expect((await at('192.0.2.1', client, client.registration_access_token)).status).toBe(200);
    expect((await at(stranger, other, other.registration_access_token)).status).toBe(200);
    await expectError(await server.redemption(client, 'x'), 400, 'invalid_grant');
    server.running.clock.advance(1000);
    expect((await at(stranger, client, client.registration_access_token)).status).toBe(200);
    const together = await Promise.all(Array.from({ length: 50 }, (_, n) => at('203.0.113.9', client, `guess-${n}`)));
    expect(together.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(4);
  });

  it('ids that are made up are guessed no faster, wherever they lead [PITFALL-23]', async () => {
    const server = await peer();
    const client = await managed(server);
    const { origin, pathname } = new URL(client.registration_client_uri);
    const statuses: (number | undefined)[] = [];
    for (let guess = 0; guess < 30; guess += 1) {
      const request = new Request(`${origin}${pathname}?client_id=made-up-${guess}`, { headers: bearer('x') });
      statuses.push((await server.provider.handle(request, { clientAddress: '198.51.100.7' }))?.status);
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(21);
    expect(statuses.at(-1)).toBe(429);
  });

  it('other methods are told which there are, and scripts may ask from anywhere [RFC7592-01]', async () => {
    const server = await peer();
    const client = await managed(server);
    for (const method of ['POST', 'PATCH']) {
      const response = await manage(server, client, method, '{}');
      expect(response.headers.get('allow')).toBe('GET, PUT, DELETE, HEAD, OPTIONS');
      await expectError(response, 405, 'invalid_request');
    }
    const preflight = await manage(server, client, 'OPTIONS');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
  });

  it('an update replaces everything: what is left out is gone [RFC7592-06, RFC7592-07]', async () => {
    const server = await peer();
    const client = await managed(server, { contacts: ['ada@example.com'], client_uri: 'https://a.example/' });
    const response = await put(server, client, { client_name: 'Other', redirect_uris: ['http://localhost:1/other'] });
    expect(response.status, await response.clone().text()).toBe(200);
    const changed = (await response.json()) as Managed;
    expect(changed).toMatchObject({
      client_id: client.client_id,
      client_id_issued_at: client['client_id_issued_at'],
      client_name: 'Other',
      redirect_uris: ['http://localhost:1/other'],
      registration_access_token: client.registration_access_token,
      registration_client_uri: client.registration_client_uri,
    });
    expect(changed).not.toHaveProperty('contacts');
    expect(changed).not.toHaveProperty('client_uri');
    expect(await (await manage(server, client, 'GET')).json()).toEqual(changed);
  });

  it('an update is held to what registration is held to, and a refused one changes nothing [RFC7592-08, RFC7592-09]', async () => {
    const server = await peer();
    const client = await managed(server);
    const before = await (await manage(server, client, 'GET')).json();
    const refusals: readonly [object, string][] = [
      [{ redirect_uris: ['http://evil.example/cb'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: [] }, 'invalid_redirect_uri'],
      [{ scope: 'read admin' }, 'invalid_client_metadata'],
      [{ grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
      [{ client_name: 'x'.repeat(201) }, 'invalid_client_metadata'],
      [{ client_id: 'another' }, 'invalid_client_metadata'],
      [{ client_id: undefined }, 'invalid_client_metadata'],
      [{ client_secret: 'chosen' }, 'invalid_client_metadata'],
      [{ registration_access_token: client.registration_access_token }, 'invalid_client_metadata'],
      [{ registration_client_uri: client.registration_client_uri }, 'invalid_client_metadata'],
      [{ client_secret_expires_at: 0 }, 'invalid_client_metadata'],
      [{ client_id_issued_at: 0 }, 'invalid_client_metadata'],
    ];
    for (const [changes, code] of refusals) await expectError(await put(server, client, changes), 400, code);
    for (const body of ['{', '[]', 'null', '"x"'])
      await expectError(await manage(server, client, 'PUT', body), 400, 'invalid_client_metadata');
    const huge = JSON.stringify({ ...metadata, client_id: client.client_id, x: 'x'.repeat(70_000) });
    await expectError(await manage(server, client, 'PUT', huge), 413, 'invalid_request');
    expect(await (await manage(server, client, 'GET')).json()).toEqual(before);
  });

  it('what only an administrator decides cannot be had by an update [RFC7592-09, PITFALL-16]', async () => {
    const server = await peer();
    const client = await managed(server);
    const claims = {
      registeredBy: 'administrator',
      registered_by: 'administrator',
      admission: 'approved',
      registrationTokenHash: 'x',
      clientSecretHash: 'x',
      previousSecret: { hash: 'x', expiresAt: 1e15 },
      issuedAt: 0,
    };
    const before = await server.provider.getClient(client.client_id as never);
    expect((await put(server, client, claims)).status).toBe(200);
    expect(await server.provider.getClient(client.client_id as never)).toEqual(before);
  });

  it('a secret is kept, shown only to who sends it, made where there was none and gone where none is wanted [RFC7592-10]', async () => {
    const server = await peer();
    const secretPost = { token_endpoint_auth_method: 'client_secret_post' };
    const client = await managed(server, secretPost);
    const secret = client.client_secret ?? '';
    expect(await (await put(server, client, secretPost)).json()).not.toHaveProperty('client_secret');
    expect(await (await put(server, client, { ...secretPost, client_secret: secret })).json()).toMatchObject({
      client_secret: secret,
      client_secret_expires_at: 0,
    });
    await server.tokens(client);
    expect(await (await put(server, client)).json()).not.toHaveProperty('client_secret');
    expect(await server.provider.getClient(client.client_id as never)).not.toHaveProperty('clientSecretHash');
    const again = (await (await put(server, client, secretPost)).json()) as Managed;
    expect(again.client_secret).toMatch(/^[\w-]{43}$/);
    expect(again.client_secret).not.toBe(secret);
    await server.tokens(again);
    await expectError(await server.refresh(client, 'x'), 401, 'invalid_client');
  });

  it('a request that waits for its user does not end at a redirect URI that was taken back meanwhile [RFC7592-08]', async () => {
    const server = await peer();
    const client = await managed(server);
    const started = await server.authorize(client);
    await put(server, client, { redirect_uris: ['http://localhost:1/other'] });
    if (kind.name === 'Portcullis') await expect(server.running.approve(location(started))).rejects.toThrow();
    expect((await server.authorize(client)).status).toBe(400);
  });

  it('what a client takes back is not given for what it asked for before: not to a code, a pushed request or a waiting one [RFC7592-08]', async () => {
    const server = await peer();
    const wide = { scope: 'read write' };
    const client = await managed(server, wide);
    const code = await server.code(client, wide);
    const pushed = (await (await server.post('/par', validRequest(client, wide))).json()) as { request_uri: string };
    const waiting = await server.authorize(client, wide);
    const tokens = await server.tokens(client, wide);
    expect((await put(server, client, { scope: 'read' })).status).toBe(200);
    expect(await expectError(await server.redemption(client, code), 400, 'invalid_grant')).toContain("'write'");
    const query = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri });
    expectRedirectedError(await server.send(`/authorize?${query}`), 'invalid_scope');
    const late = (await server.running.approve(location(waiting))).searchParams.get('code') ?? '';
    if (kind.name === 'Portcullis') expect((await server.redeem(client, late)).scope).toBe('read');
    else await expectError(await server.redemption(client, late), 400, 'invalid_grant');
    // What a user granted is the user's to take back.
    expect((await server.refresh(client, tokens.refresh_token)).status).toBe(200);
    // Nor is a code spent by that, or the replay of a spent one overlooked.
    expect((await put(server, client, wide)).status).toBe(200);
    expect((await server.redeem(client, code)).scope).toBe('read write');
    expect((await put(server, client, { scope: 'read' })).status).toBe(200);
    await expectError(await server.redemption(client, code), 400, 'invalid_grant');
    expect(server.running.events.map(({ name }) => name)).toContain('code.replayed');
  });

  it('a request of which nothing is left is over [RFC7592-08]', async () => {
    const server = await peer();
    const client = await managed(server, { scope: 'read write' });
    const waiting = await server.authorize(client, { scope: 'write' });
    await put(server, client, { scope: 'read' });
    if (kind.name === 'Portcullis') await expect(server.running.approve(location(waiting))).rejects.toThrow();
  });

  it('a client that is deleted has no codes, tokens or grants, at once [RFC7592-11, RFC7592-12]', async () => {
    const server = await peer();
    const client = await managed(server);
    const tokens = await server.tokens(client);
    const code = await server.code(client);
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
    const response = await manage(server, client, 'DELETE');
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await server.mcpStatus(tokens.access_token)).toBe(401);
    await expectError(await server.refresh(client, tokens.refresh_token), 401, 'invalid_client');
    await expectError(await server.redemption(client, code), 401, 'invalid_client');
    expect((await server.authorize(client)).status).toBe(400);
    expect((await manage(server, client, 'DELETE')).status).toBe(401);
  });

  it('a redemption that races with the end of its client leaves no token alive [RFC7592-12]', async () => {
    const server = await peer();
    for (let round = 0; round < 10; round += 1) {
      const client = await managed(server);
      const code = await server.code(client);
      const [redeemed, ended] = await Promise.all(
        round % 2 === 0
          ? [server.redemption(client, code), manage(server, client, 'DELETE')]
          : [manage(server, client, 'DELETE'), server.redemption(client, code)].reverse(),
      );
      expect([redeemed?.status, ended?.status].some((status) => status === 204)).toBe(true);
      const answers = await Promise.all([redeemed, ended].map((answer) => answer?.text() ?? ''));
      for (const text of answers) {
        const { access_token } = text === '' ? {} : (JSON.parse(text) as { access_token?: string });
        if (access_token !== undefined) expect(await server.mcpStatus(access_token)).toBe(401);
      }
    }
  });

  it('a deletion that many ask for happens once, and updates beside it bring nothing back [RFC7592-11]', async () => {
    const server = await peer();
    const client = await managed(server);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 2 === 0 ? manage(server, client, 'DELETE') : put(server, client, { client_name: `N${n}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await server.provider.getClient(client.client_id as never)).toBeUndefined();
  });

  it('an approved client that says something else of itself waits again; one that says the same does not [RFC7592-09, RFC7591-21]', async () => {
    const server = await peer({ options: { clientRegistration: { policy: 'approval' } } });
    const client = await managed(server);
    await expectError(await put(server, client, { client_name: 'Swapped' }), 403, 'access_denied');
    await approveClient(server.provider, client.client_id);
    const tokens = await server.tokens(client);
    expect((await put(server, client)).status).toBe(200);
    const next = await server.refresh(client, tokens.refresh_token);
    expect(next.status).toBe(200);
    const { refresh_token } = (await next.json()) as { refresh_token: string };
    expect((await put(server, client, { client_name: 'Your Bank' })).status).toBe(200);
    await expectError(await server.refresh(client, refresh_token), 400, 'unauthorized_client');
    await expectError(await server.authorize(client), 400, 'unauthorized_client');
    await expectError(await put(server, client), 403, 'access_denied');
    expect((await manage(server, client, 'GET')).status).toBe(200);
    expect((await manage(server, client, 'DELETE')).status).toBe(204);
  });

  it('a client that came with an initial access token stays in, whatever it changes [RFC7592-09]', async () => {
    const server = await peer({ options: { clientRegistration: { policy: 'approval' } } });
    const client = await managed(server, {}, bearer(await invitation(server.provider)));
    expect((await put(server, client, { client_name: 'Other' })).status).toBe(200);
    await server.tokens(client);
  });

  it('where managing is off, nothing is told of it and nothing answers [RFC7592-01]', async () => {
    const server = await peer({ options: { clientRegistration: { management: false } } });
    expect(await managed(server)).not.toHaveProperty('registration_access_token');
    expect((await server.send(server.provider.settings.paths.manage)).status).toBe(404);
  });
});
