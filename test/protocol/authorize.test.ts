import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../src/core/errors.ts';
import {
  base,
  challenge,
  expectError,
  expectRedirectedError,
  form,
  location,
  peersOf,
  providers,
  redirectUri,
  resource,
  validRequest,
  verifier,
} from './support.ts';

describe.each(providers)('/authorize of $name', (kind) => {
  const peer = peersOf(kind);

  it('a valid request ends at the client with code, the same state and iss, and nothing caches it [CASE-28, OAUTH21-18, OAUTH21-38, RFC9207-01, MCP-AUTH-09, RFC9700-19, MCP-BP-25]', async () => {
    const server = await peer();
    const client = await server.register();
    const response = await server.authorize(client);
    expect(response.status).toBe(302);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const target = await server.running.approve(location(response));
    expect(`${target.origin}${target.pathname}`).toBe(redirectUri);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      code: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      state: 'st4te &=é',
      iss: base,
    });
  });

  it('the same request as a form post has the same answer [CASE-29]', async () => {
    const server = await peer();
    const client = await server.register();
    const target = await server.running.approve(location(await server.post('/authorize', validRequest(client))));
    expect([...target.searchParams.keys()]).toEqual(['code', 'state', 'iss']);
    await server.redeem(client, target.searchParams.get('code') ?? '');
    await expectError(
      await server.send('/authorize', {
        method: 'POST',
        body: JSON.stringify(validRequest(client)),
        headers: { 'content-type': 'application/json' },
      }),
      400,
      'invalid_request',
    );
    await expectError(await server.post(`/authorize?${form(validRequest(client))}`, {}), 400, 'invalid_request');
  });

  it('a request without client_id is refused on the spot [CASE-30]', async () => {
    const server = await peer();
    for (const client_id of [undefined, '']) {
      const response = await server.authorize(await server.register(), { client_id });
      expect(await expectError(response, 400, 'invalid_request')).toContain('client_id');
    }
  });

  it('a request of an unknown client is refused on the spot, with a pointer to registration [CASE-31, RFC6749-03]', async () => {
    const server = await peer();
    const client = await server.register();
    const response = await server.authorize(client, { client_id: 'gone' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.get('link')).toContain(`<${base}/register>`);
    expect(await response.json()).toMatchObject({
      error: 'invalid_request',
      registration_endpoint: `${base}/register`,
    });
    const closed = await peer({ options: { clientRegistration: { enabled: false } } });
    const other = await closed.authorize(client);
    expect(other.headers.get('link')).toBeNull();
    expect(await other.json()).not.toHaveProperty('registration_endpoint');
  });

  it('a browser gets such a refusal as a page, on which nothing of the request is markup [CASE-31, OAUTH21-12, OAUTH21-65, OAUTH21-68, RFC9700-07]', async () => {
    const server = await peer();
    const client = await server.register();
    const response = await server.authorize(
      client,
      { client_id: '<script>alert(1)</script>"\'' },
      { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' },
    );
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toContain('<script');
  });

  it('response_type token is unsupported [CASE-37, OAUTH21-31, RFC9700-13]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const response_type of ['token', 'id_token', 'code token', 'none', 'CODE']) {
      expectRedirectedError(await server.authorize(client, { response_type }), 'unsupported_response_type');
    }
  });

  it('a request without response_type is invalid [CASE-38, OAUTH21-31]', async () => {
    const server = await peer();
    expect(
      expectRedirectedError(
        await server.authorize(await server.register(), { response_type: undefined }),
        'invalid_request',
      ),
    ).toContain('response_type');
  });

  it('a request without code_challenge is invalid, whatever the client [CASE-39, OAUTH21-32, OAUTH21-39, RFC7636-07, RFC7636-09, RFC8252-01, RFC8252-03, RFC9700-02, PITFALL-02]', async () => {
    const server = await peer();
    for (const token_endpoint_auth_method of ['none', 'client_secret_basic']) {
      const client = await server.register({ token_endpoint_auth_method });
      for (const changes of [
        { code_challenge: undefined },
        { code_challenge: '' },
        { code_challenge: undefined, code_challenge_method: undefined },
      ]) {
        expect(expectRedirectedError(await server.authorize(client, changes), 'invalid_request')).toContain(
          'code_challenge',
        );
      }
    }
  });

  it('challenge method plain is refused, and so is none, which means plain [CASE-40, OAUTH21-40, RFC7636-04, RFC7636-08, RFC7636-11, PITFALL-02]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const code_challenge_method of ['plain', undefined, '', 's256', 'S512', 'S256 plain']) {
      expect(
        expectRedirectedError(await server.authorize(client, { code_challenge_method }), 'invalid_request'),
      ).toContain('code_challenge_method');
    }
  });

  it('a challenge that is not 43 base64url characters is invalid [CASE-41, RFC7636-03]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const code_challenge of [
      'x',
      challenge.slice(1),
      `${challenge}x`,
      `${challenge.slice(1)}=`,
      `${challenge.slice(1)}+`,
      verifier,
    ]) {
      expectRedirectedError(await server.authorize(client, { code_challenge }), 'invalid_request');
    }
  });

  it('a scope that the client may not have is refused by name [CASE-42, RFC6749-14]', async () => {
    const server = await peer();
    const client = await server.register({ scope: 'read' });
    for (const scope of ['write', 'read admin', '__proto__', 'read constructor', 'READ']) {
      expect(expectRedirectedError(await server.authorize(client, { scope }), 'invalid_scope')).toContain("'");
    }
    expectRedirectedError(await server.authorize(client, { scope: 'rea"d' }), 'invalid_scope');
  });

  it('an empty scope and no scope mean the configured default, and the token opens the server [CASE-43, PITFALL-30, OAUTH21-02, OAUTH21-20]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const scope of ['', undefined, ' ', 'offline_access']) {
      const tokens = await server.tokens(client, { scope });
      expect(tokens.scope).toBe('read');
      expect(await server.mcpStatus(tokens.access_token)).toBe(200);
    }
  });

  it('without scope a client gets nothing beyond what it is registered for [PITFALL-30, PITFALL-16]', async () => {
    const server = await peer({
      options: { clientRegistration: { defaultScopes: ['write'] } },
      environment: { scopes: { read: {}, write: { implies: ['read'] } } },
    });
    const client = await server.register({ scope: 'write' });
    const tokens = await server.tokens(client, { scope: undefined });
    expect(tokens.scope).toBe('write');
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('a resource of another server, or one with a fragment, is an invalid target [CASE-44, RFC8707-01, RFC8707-02, RFC8707-03, RFC8707-05]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const other of [
      'https://evil.example/mcp',
      `${resource}#x`,
      `${resource}#`,
      `${base}/other`,
      `${resource}/`,
      `${base}`,
      '/mcp',
      'mcp',
      `http://user@localhost:3000/mcp`,
      `${resource}x`,
      'https://localhost:3000/mcp',
      `${base}?/mcp`,
    ]) {
      expectRedirectedError(await server.authorize(client, { resource: other }), 'invalid_target');
    }
  });

  it('the resource may be left out, written in capitals, or have a query appended [PITFALL-09, MCP-AUTH-11, RFC9068-10]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const same of [undefined, '', 'HTTP://LOCALHOST:3000/mcp', `${resource}?session=1`]) {
      const { access_token } = await server.tokens(client, { resource: same });
      expect((await server.provider.verifyToken(access_token))?.resource).toBe(resource);
    }
    const bare = await peer({ environment: { mcpPath: '' } });
    await bare.tokens(await bare.register(), { resource: `${base}/` });
    await bare.tokens(await bare.register(), { resource: base });
  });

  it('a refusal by user or policy reaches the client [CASE-45, RFC6749-06, RFC6749-04]', async () => {
    const server = await peer();
    server.provider.authorize = async () => {
      throw new OAuthError('access_denied', 'the user said no');
    };
    expect(expectRedirectedError(await server.authorize(await server.register()), 'access_denied')).toBe(
      'the user said no',
    );
  });

  it('a parameter that is sent twice is refused on the spot, whichever it is [CASE-46, OAUTH21-21]', async () => {
    const server = await peer();
    const client = await server.register();
    const query = form(validRequest(client));
    for (const twice of [
      'state=x',
      'redirect_uri=https://evil.example',
      'client_id=x',
      'code_challenge=x',
      'st%61te=',
      'scope=read',
    ]) {
      expect(await expectError(await server.send(`/authorize?${query}&${twice}`), 400, 'invalid_request')).toContain(
        'more than once',
      );
    }
  });

  it('parameters that nobody knows are ignored [OAUTH21-19]', async () => {
    const server = await peer();
    await server.tokens(await server.register(), { nonce: 'x', __proto__x: 'y', 'ext:a': 'b', access_type: 'offline' });
  });

  it('a failure inside reaches the client as server_error, and the operator in full [CASE-48, RFC6749-05]', async () => {
    const server = await peer();
    const client = await server.register();
    const failure = new Error('the disk with secret-name is full');
    server.provider.authorize = async () => {
      throw failure;
    };
    expect(expectRedirectedError(await server.authorize(client), 'server_error')).not.toContain('secret-name');
    expect(server.running.events).toContainEqual(expect.objectContaining({ name: 'server.error', error: failure }));
  });

  it('a failure before the redirect URI is known to be the client’s is not redirected', async () => {
    const server = await peer();
    const client = await server.register();
    server.provider.getClient = async () => {
      throw new Error('outage');
    };
    await expectError(await server.authorize(client), 500, 'server_error');
  });

  it('a client that may not use the code grant is refused on the spot', async () => {
    const server = await peer();
    const client = await server.register();
    const stored = await server.provider.getClient(client.client_id as Parameters<typeof server.provider.getClient>[0]);
    if (stored === undefined) throw new Error('no client');
    server.provider.getClient = async () => ({ ...stored, grantTypes: ['client_credentials'] });
    await expectError(await server.authorize(client), 400, 'unauthorized_client');
  });

  it('what is not supported is refused instead of ignored', async () => {
    const server = await peer();
    const client = await server.register();
    for (const changes of [
      { response_mode: 'form_post' },
      { response_mode: 'fragment' },
      { prompt: 'none login' },
      { prompt: 'create' },
    ]) {
      expectRedirectedError(await server.authorize(client, changes), 'invalid_request');
    }
    await server.tokens(client, { response_mode: 'query', prompt: '' });
  });
});
