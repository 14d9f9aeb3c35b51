import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../support/any-text.ts';
import {
  base,
  basicHeader,
  challenge,
  expectError,
  form,
  peersOf,
  providers,
  type RegisteredClient,
  redirectUri,
  resource,
  validRequest,
  verifier,
} from './support.ts';

const origin = 'https://any.example';
const formType = 'application/x-www-form-urlencoded';
const endpoints = [
  { path: '/token', type: formType, allow: 'POST, OPTIONS' },
  { path: '/revoke', type: formType, allow: 'POST, OPTIONS' },
  { path: '/register', type: 'application/json', allow: 'POST, OPTIONS' },
] as const;
const documents = ['/.well-known/oauth-authorization-server', '/.well-known/oauth-protected-resource/mcp'] as const;

describe.each(providers)('the transport of $name', (kind) => {
  const peer = peersOf(kind);

  it.each(endpoints)(
    'GET and other methods of $path are refused with what is allowed [CASE-27]',
    async ({ path, allow }) => {
      const server = await peer();
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
        const response = await server.send(path, { method, headers: { origin } });
        expect(response.headers.get('allow')).toBe(allow);
        expect(response.headers.get('access-control-allow-origin')).toBe('*');
        if (method === 'HEAD') expect(response.status).toBe(405);
        else await expectError(response, 405, 'invalid_request');
      }
    },
  );

  it('the metadata answers GET and HEAD, and nothing else', async () => {
    const server = await peer();
    for (const path of documents) {
      const [get, head, post] = [
        await server.send(path),
        await server.send(path, { method: 'HEAD' }),
        await server.send(path, { method: 'POST' }),
      ];
      expect([get.status, head.status, post.status]).toEqual([200, 200, 405]);
      expect(await head.text()).toBe('');
      expect([...head.headers]).toEqual([...get.headers]);
      expect(post.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    }
  });

  it('/authorize answers GET and POST, and not HEAD, which must have no effect', async () => {
    const server = await peer();
    const response = await server.send('/authorize', { method: 'PUT' });
    expect(response.headers.get('allow')).toBe('GET, POST, OPTIONS');
    await expectError(response, 405, 'invalid_request');
    const head = await server.send('/authorize?client_id=x', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([405, '']);
  });

  it.each([...endpoints, { path: '/authorize', type: formType, allow: '' }])(
    'a body beyond the limit is refused by $path, declared or not, and scripts may read that [CASE-85]',
    async ({ path, type }) => {
      const server = await peer();
      const tooMuch = 4 * 1024 * 1024 + 1;
      const chunk = new Uint8Array(64 * 1024).fill(0x61);
      let sent = 0;
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += chunk.byteLength;
          controller.enqueue(chunk);
        },
      });
      const bodies: RequestInit[] = [
        { body: 'a'.repeat(tooMuch) },
        { body: 'a', headers: { 'content-length': String(tooMuch) } },
        { body: endless, duplex: 'half' } as RequestInit,
      ];
      for (const init of bodies) {
        const response = await server.send(path, {
          ...init,
          method: 'POST',
          headers: { ...init.headers, 'content-type': type, origin },
        });
        expect(response.headers.get('access-control-allow-origin')).toBe(path === '/authorize' ? null : '*');
        await expectError(response, 413, 'invalid_request');
      }
      expect(sent).toBeLessThan(tooMuch + 4 * chunk.byteLength);
    },
  );

  it('the limit is for the whole body, not for each field [CASE-85]', async () => {
    const server = await peer();
    const fields = Array.from({ length: 60 }, (_, index) => `p${index}=${'x'.repeat(1200)}`).join('&');
    await expectError(await server.post('/token', fields), 413, 'invalid_request');
    await expectError(await server.post('/token', `p=${'x'.repeat(32 * 1024)}`), 400, 'invalid_request');
  });

  it.each([...endpoints.map(({ path }) => path), ...documents])(
    'a preflight of %s lets any origin send what clients send [CASE-86]',
    async (path) => {
      const server = await peer();
      const method = path.startsWith('/.well-known') ? 'GET' : 'POST';
      const response = await server.send(path, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization, content-type, mcp-protocol-version',
        },
      });
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-allow-methods')?.split(', ')).toContain(method);
      const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase().split(', ');
      expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'mcp-protocol-version']));
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(await response.text()).toBe('');
    },
  );

  it('/authorize has no CORS headers, for whatever request [CASE-87, OAUTH21-22, RFC9700-06]', async () => {
    const server = await peer();
    const client = await server.register();
    const query = form(validRequest(client));
    const responses = [
      await server.send(`/authorize?${query}`, { headers: { origin } }),
      await server.send('/authorize', { headers: { origin } }),
      await server.send('/authorize', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      }),
      await server.send('/authorize', { method: 'PUT', headers: { origin } }),
      await server.post('/authorize', query, { origin }),
    ];
    for (const { headers } of responses)
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each(endpoints)(
    'scripts of any origin may read what $path answers, errors included, and never with credentials',
    async ({ path }) => {
      const server = await peer();
      const response = await server.post(path, 'x=y', { origin, authorization: basicHeader('x', 'y') });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, DPoP-Nonce');
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    },
  );

  it('a failure inside is a server_error that scripts may read and that tells nothing', async () => {
    const server = await peer();
    server.provider.getClient = async () => {
      throw new Error('secret-name is down');
    };
    const response = await server.post('/token', { client_id: 'x', grant_type: 'refresh_token' }, { origin });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await expectError(response, 500, 'server_error')).not.toContain('secret-name');
    expect(server.running.events).toContainEqual(
      expect.objectContaining({ name: 'server.error', requestId: expect.any(String) }),
    );
  });

  it('what is not its own is left to others', async () => {
    const server = await peer();
    for (const path of [
      '/mcp',
      '/token/',
      '/TOKEN',
      '/%74oken',
      '//token',
      '/authorize/x',
      '/.well-known',
      '/.well-known/oauth-protected-resource/other',
      '/constructor',
      '/__proto__',
    ]) {
      expect(
        await server.provider.handle(new Request(`${base}${path}`, { method: 'POST', body: 'x' })),
      ).toBeUndefined();
    }
    expect((await server.send('/token?x#y', { method: 'PUT' })).status).toBe(405);
  });

  it('the Host and X-Forwarded headers of a request change nothing in what is answered', async () => {
    const server = await peer();
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    };
    for (const path of documents) expect(await (await server.send(path, { headers })).text()).not.toContain('evil');
    const client = await server.register();
    const response = await server.authorize(client, { client_id: 'gone' }, headers);
    expect(`${await response.text()}${response.headers.get('link')}`).not.toContain('evil');
  });

  describe('whatever the request', () => {
    const interesting = (client: RegisteredClient) =>
      fc.oneof(
        fc.constantFrom(
          client.client_id,
          redirectUri,
          challenge,
          verifier,
          resource,
          'code',
          'S256',
          'authorization_code',
          'refresh_token',
          'read write',
          '__proto__',
          '\r\nset-cookie: x=y',
          '%00',
          '',
        ),
        anyText({ maxLength: 16 }),
      );
    const names = fc.constantFrom(
      'client_id',
      'client_secret',
      'grant_type',
      'code',
      'code_verifier',
      'redirect_uri',
      'refresh_token',
      'token',
      'token_type_hint',
      'scope',
      'resource',
      'response_type',
      'code_challenge',
      'code_challenge_method',
      'state',
      'prompt',
      '__proto__',
      'x',
    );
    const paths = fc.constantFrom('/token', '/register', '/revoke', '/authorize', '/token', '/authorize', ...documents);
    const contentTypes = fc.constantFrom(
      formType,
      formType,
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      `${formType}; charset=utf-16`,
      '',
    );
    const authorizations = fc.oneof(
      fc.constantFrom('', 'Basic', 'Basic Og==', 'Basic OjpA', 'Basic JTAwOng=', 'Bearer x'),
      fc.string({ maxLength: 16 }).map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
    );

    it('the answer is a client error or a success, never an exception, and only documents are cached [OAUTH21-26, OAUTH21-29]', async () => {
      const server = await peer();
      const client = await server.register();
      const value = interesting(client);
      const parameters = fc
        .array(fc.tuple(names, value), { maxLength: 6 })
        .map((list) => new URLSearchParams(list).toString());
      const bodies = fc.oneof(
        parameters,
        fc.json({ maxDepth: 3 }),
        anyText({ maxLength: 60 }),
        fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
      );
      const headers = fc.record(
        {
          'content-type': contentTypes,
          authorization: authorizations,
          accept: fc.constantFrom('text/html', '*/*'),
          origin: fc.constantFrom(origin, 'null'),
        },
        { requiredKeys: ['content-type'] },
      );
      const methods = fc.constantFrom('POST', 'POST', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS');
      await fc.assert(
        fc.asyncProperty(methods, paths, parameters, bodies, headers, async (method, path, query, body, sent) => {
          const init =
            method === 'GET' || method === 'HEAD' ? { method, headers: sent } : { method, headers: sent, body };
          const response = await server.send(query === '' ? path : `${path}?${query}`, init);
          expect(response.status).toBeGreaterThanOrEqual(200);
          expect(response.status).toBeLessThan(500);
          expect(response.headers.get('set-cookie')).toBeNull();
          const text = await response.text();
          if (response.headers.get('content-type') === 'application/json' && method !== 'HEAD') JSON.parse(text);
          if (method === 'OPTIONS') return;
          const isDocument = path.startsWith('/.well-known') && response.status === 200;
          expect(response.headers.get('cache-control')).toBe(isDocument ? 'public, max-age=3600' : 'no-store');
        }),
        { numRuns: 300 },
      );
      expect(server.running.events.filter(({ name }) => name === 'server.error')).toEqual([]);
    });

    it('no token comes out but for what was issued to the client that asks [OAUTH21-46]', async () => {
      const server = await peer();
      const client = await server.register();
      const [code, { refresh_token }] = [await server.code(client), await server.tokens(client)];
      const value = fc.oneof(
        interesting(client),
        fc.constantFrom(code, code.toLowerCase(), refresh_token, `${refresh_token} `, verifier.toUpperCase()),
      );
      const request = fc.tuple(
        fc.constantFrom('authorization_code', 'refresh_token'),
        fc.dictionary(names, value, { maxKeys: 5 }),
      );
      const intruder = await server.register();
      await fc.assert(
        fc.asyncProperty(request, async ([grant_type, parameters]) => {
          const response = await server.post('/token', { ...parameters, grant_type, client_id: intruder.client_id });
          expect(response.status).toBeGreaterThanOrEqual(400);
          expect(await response.text()).not.toContain('access_token');
        }),
        { numRuns: 150 },
      );
      await server.redeem(client, code);
      expect((await server.refresh(client, refresh_token)).status).toBe(200);
    });
  });
});
