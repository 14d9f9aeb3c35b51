import { describe, expect, it } from 'vitest';
import { basicHeader, expectError, type Peer, peersOf, providers } from './support.ts';

describe.each(providers)('/revoke of $name', (kind) => {
  const peer = peersOf(kind);
  const signedIn = async (server: Peer, method = 'none') => {
    const client = await server.register({ token_endpoint_auth_method: method });
    return { client, tokens: await server.tokens(client) };
  };

  it('a revoked access token is dead at once, and so is its refresh token; the answer is empty and not cached [CASE-72, RFC7009-02, RFC7009-07]', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server, 'client_secret_post');
    const response = await server.revocation(client, tokens.access_token);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await server.mcpStatus(tokens.access_token)).toBe(401);
    await expectError(await server.refresh(client, tokens.refresh_token), 400, 'invalid_grant');
    expect(server.running.events).toContainEqual(
      expect.objectContaining({ name: 'token.revoked', clientId: client.client_id }),
    );
  });

  it('a revoked refresh token takes the access tokens of its grant with it [RFC7009-01, RFC7009-06]', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server);
    expect((await server.revocation(client, tokens.refresh_token)).status).toBe(200);
    expect(await server.mcpStatus(tokens.access_token)).toBe(401);
    await expectError(await server.refresh(client, tokens.refresh_token), 400, 'invalid_grant');
    expect((await server.revocation(client, tokens.refresh_token)).status).toBe(200);
  });

  it('an unknown token is answered like any other [CASE-73, RFC7009-08]', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server);
    for (const token of ['unknown', 'a.b.c', `${tokens.access_token}x`, '__proto__', 'é'.repeat(500)]) {
      expect((await server.revocation(client, token)).status).toBe(200);
    }
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('another client’s token is answered like any other, and still works [CASE-74, PITFALL-21, PITFALL-04, RFC7009-04]', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server);
    const other = await server.register();
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const response = await server.revocation(other, token);
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
    expect((await server.refresh(client, tokens.refresh_token)).status).toBe(200);
  });

  it('public clients and Basic clients revoke without a secret in the body [CASE-75, PITFALL-25]', async () => {
    const server = await peer();
    for (const method of ['none', 'client_secret_basic', 'client_secret_post']) {
      const { client, tokens } = await signedIn(server, method);
      expect((await server.revocation(client, tokens.refresh_token)).status).toBe(200);
      expect(await server.mcpStatus(tokens.access_token)).toBe(401);
    }
  });

  it('a hint that is unknown or wrong changes nothing [CASE-76, RFC7009-05, RFC7009-09]', async () => {
    const server = await peer();
    for (const token_type_hint of ['magic', 'refresh_token', 'access_token', '__proto__', '']) {
      const { client, tokens } = await signedIn(server);
      expect((await server.revocation(client, tokens.access_token, { token_type_hint })).status).toBe(200);
      expect(await server.mcpStatus(tokens.access_token)).toBe(401);
    }
  });

  it('a client that fails to authenticate revokes nothing [CASE-77, RFC7009-03, RFC7009-10]', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server, 'client_secret_basic');
    const token = tokens.access_token;
    await expectError(await server.post('/revoke', { token }), 401, 'invalid_client');
    await expectError(await server.post('/revoke', { token, client_id: client.client_id }), 401, 'invalid_client');
    await expectError(
      await server.post('/revoke', { token, client_id: client.client_id, client_secret: client.client_secret }),
      401,
      'invalid_client',
    );
    const basic = await server.post('/revoke', { token }, { authorization: basicHeader(client.client_id, 'wrong') });
    expect(basic.headers.get('www-authenticate')).toMatch(/^Basic /);
    await expectError(basic, 401, 'invalid_client');
    expect(await server.mcpStatus(token)).toBe(200);
  });

  it('a request that is not a form with one token is invalid', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server);
    await expectError(await server.post('/revoke', { client_id: client.client_id }), 400, 'invalid_request');
    await expectError(
      await server.post('/revoke', `client_id=${client.client_id}&token=${tokens.access_token}&token=x`),
      400,
      'invalid_request',
    );
    await expectError(
      await server.post('/revoke', JSON.stringify({ token: tokens.access_token, client_id: client.client_id }), {
        'content-type': 'application/json',
      }),
      400,
      'invalid_request',
    );
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('a rotated refresh token still ends the grant that it belongs to', async () => {
    const server = await peer();
    const { client, tokens } = await signedIn(server);
    const next = (await (await server.refresh(client, tokens.refresh_token)).json()) as { access_token: string };
    await server.revocation(client, tokens.refresh_token);
    expect(await server.mcpStatus(next.access_token)).toBe(401);
  });
});
