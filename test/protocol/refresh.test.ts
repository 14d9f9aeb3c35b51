import { describe, expect, it } from 'vitest';
import {
  base,
  expectError,
  type Peer,
  peersOf,
  providers,
  type RegisteredClient,
  resource,
  type Tokens,
  tokensOf,
} from './support.ts';

const grace = 30_000;

describe.each(providers)('the refresh grant at $name', (kind) => {
  const peer = peersOf(kind);
  const signedIn = async (server: Peer, scope = 'read write') => {
    const client = await server.register();
    return { client, first: await server.tokens(client, { scope }) };
  };
  const refreshed = async (server: Peer, client: RegisteredClient, token: string, changes = {}) =>
    tokensOf(await server.refresh(client, token, changes));

  it('a valid refresh yields a new token of each kind, for the same user and scope, and nothing caches it [CASE-68, MCP-SEC-06, OAUTH21-27, RFC9700-11]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const response = await server.refresh(client, first.refresh_token);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const second = await tokensOf(response);
    expect(new Set([first.access_token, first.refresh_token, second.access_token, second.refresh_token]).size).toBe(4);
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'read write' });
    const [before, after] = [
      await server.provider.verifyToken(first.access_token),
      await server.provider.verifyToken(second.access_token),
    ];
    expect(after).toMatchObject({
      subject: before?.subject,
      grantId: before?.grantId,
      resource,
      scopes: ['read', 'write'],
    });
  });

  it('a token that is unknown, expired or another client’s is an invalid grant [CASE-69, OAUTH21-45, OAUTH21-46, OAUTH21-51, RFC6749-11, RFC9700-12]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const other = await server.register();
    await expectError(await server.refresh(client, 'unknown'), 400, 'invalid_grant');
    await expectError(await server.refresh(client, first.access_token), 400, 'invalid_grant');
    await expectError(await server.refresh(client, `${first.refresh_token}x`), 400, 'invalid_grant');
    await expectError(await server.refresh(other, first.refresh_token), 400, 'invalid_grant');
    server.running.clock.advance(30 * 86_400_000);
    await expectError(await server.refresh(client, first.refresh_token), 400, 'invalid_grant');
  });

  it('use keeps a family alive, but not beyond the absolute cap', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    let { refresh_token } = first;
    for (let days = 0; days + 29 < 180; days += 29) {
      server.running.clock.advance(29 * 86_400_000);
      ({ refresh_token } = await refreshed(server, client, refresh_token));
    }
    server.running.clock.advance(29 * 86_400_000);
    await expectError(await server.refresh(client, refresh_token), 400, 'invalid_grant');
  });

  it('another client can neither use a refresh token nor end its family [PITFALL-04]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const other = await server.register();
    const second = await refreshed(server, client, first.refresh_token);
    server.running.clock.advance(grace + 1);
    for (const stolen of [first.refresh_token, second.refresh_token])
      await expectError(await server.refresh(other, stolen), 400, 'invalid_grant');
    await refreshed(server, client, second.refresh_token);
  });

  it('a scope wider than granted is refused by name, even where the client may have it [CASE-70, OAUTH21-47, RFC6749-14, RFC9700-11]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server, 'read');
    for (const scope of ['write', 'read write', 'admin', '__proto__']) {
      expect(
        await expectError(await server.refresh(client, first.refresh_token, { scope }), 400, 'invalid_scope'),
      ).toContain("'");
    }
    await refreshed(server, client, first.refresh_token);
  });

  it('a scope with characters that no scope has is refused, and the token lives on', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    for (const scope of ['re"ad', 'read\\', 'läs'])
      await expectError(await server.refresh(client, first.refresh_token, { scope }), 400, 'invalid_scope');
    await refreshed(server, client, first.refresh_token, { scope: 'read' });
  });

  it('a narrower scope narrows that access token and not the family [OAUTH21-50]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const narrow = await refreshed(server, client, first.refresh_token, { scope: 'read' });
    expect(narrow.scope).toBe('read');
    expect((await server.provider.verifyToken(narrow.access_token))?.scopes).toEqual(['read']);
    expect((await refreshed(server, client, narrow.refresh_token, { scope: 'offline_access' })).scope).toBe(
      'read write',
    );
  });

  it('a rotated token that comes back after its grace ends the whole family [CASE-71, OAUTH21-49, RFC9700-10]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const second = await refreshed(server, client, first.refresh_token);
    server.running.clock.advance(grace + 1);
    await expectError(await server.refresh(client, first.refresh_token), 400, 'invalid_grant');
    await expectError(await server.refresh(client, second.refresh_token), 400, 'invalid_grant');
    for (const { access_token } of [first, second]) expect(await server.mcpStatus(access_token)).toBe(401);
    expect(server.running.events).toContainEqual(
      expect.objectContaining({ name: 'token.reused', clientId: client.client_id }),
    );
  });

  it('a token older than the previous one ends the family, however quickly it comes back [CASE-71, OAUTH21-49]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const second = await refreshed(server, client, first.refresh_token);
    const third = await refreshed(server, client, second.refresh_token);
    await expectError(await server.refresh(client, first.refresh_token), 400, 'invalid_grant');
    await expectError(await server.refresh(client, third.refresh_token), 400, 'invalid_grant');
  });

  it('the previous token within its grace is a retry: it yields a fresh pair, and the family lives on [PITFALL-06]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const lost = await refreshed(server, client, first.refresh_token);
    server.running.clock.advance(grace - 1);
    const retried = await refreshed(server, client, first.refresh_token);
    expect(retried.refresh_token).not.toBe(lost.refresh_token);
    for (const { access_token } of [lost, retried]) expect(await server.mcpStatus(access_token)).toBe(200);
    await refreshed(server, client, retried.refresh_token);
    expect(server.running.events.filter(({ name }) => name === 'token.refresh_retried')).toHaveLength(1);
  });

  it('a retry does not open the grace anew [PITFALL-06]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    await refreshed(server, client, first.refresh_token);
    server.running.clock.advance(grace - 1);
    const retried = await refreshed(server, client, first.refresh_token);
    server.running.clock.advance(2);
    await expectError(await server.refresh(client, first.refresh_token), 400, 'invalid_grant');
    await expectError(await server.refresh(client, retried.refresh_token), 400, 'invalid_grant');
  });

  it('of parallel rotations exactly one rotates, and retries of it are few [PITFALL-05]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    const responses = await Promise.all(Array.from({ length: 50 }, () => server.refresh(client, first.refresh_token)));
    const won = responses.filter(({ status }) => status === 200);
    for (const response of responses) if (response.status !== 200) await expectError(response, 400, 'invalid_grant');
    const named = (wanted: string) => server.running.events.filter(({ name }) => name === wanted).length;
    expect(named('token.refreshed')).toBe(1);
    expect(named('token.refresh_retried')).toBe(won.length - 1);
    expect(won.length).toBeLessThanOrEqual(10);
    const tokens = await Promise.all(won.map(async (response) => (await response.json()) as Tokens));
    expect(new Set(tokens.map(({ refresh_token }) => refresh_token)).size).toBe(won.length);
  });

  it('another resource than the granted one is an invalid target, and the token lives on [PITFALL-10, RFC8707-06]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    for (const other of ['https://evil.example/mcp', base, `${resource}/x`]) {
      await expectError(await server.refresh(client, first.refresh_token, { resource: other }), 400, 'invalid_target');
    }
    const second = await refreshed(server, client, first.refresh_token, { resource });
    expect((await server.provider.verifyToken(second.access_token))?.resource).toBe(resource);
  });

  it('a refresh needs a grant that is still alive [OAUTH21-48]', async () => {
    const server = await peer();
    const { client, first } = await signedIn(server);
    await server.revocation(client, first.access_token);
    await expectError(await server.refresh(client, first.refresh_token), 400, 'invalid_grant');
  });

  it('a request without the token is invalid', async () => {
    const server = await peer();
    const { client } = await signedIn(server);
    await expectError(await server.token(client, { grant_type: 'refresh_token' }), 400, 'invalid_request');
  });
});
