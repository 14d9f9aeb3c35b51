import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceUri } from '../../src/core/ids.ts';
import { SessionOwners } from '../../src/hosts/session-owners.ts';
import type { Authentication } from '../../src/oauth/bearer/authenticate.ts';
import { VerifiedAccessToken } from '../../src/oauth/bearer/verified-access-token.ts';
import { base, type FixtureOptions, peersOf, providers, resource } from './support.ts';

const metadataUrl = `${base}/.well-known/oauth-protected-resource/mcp`;
const scopes = { read: { tools: ['list'] }, write: { implies: ['read'], tools: ['put'] } };
const call = (name: unknown) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } });

function refusal({ response }: Authentication): Response {
  if (response === undefined) throw new Error('was let through');
  return response;
}

describe.each(providers)('the MCP endpoint behind $name', (kind) => {
  const peer = peersOf(kind);
  const bearer = (token: string, scheme = 'Bearer') => ({ authorization: `${scheme} ${token}` });

  async function withToken(scope = 'read', fixture: FixtureOptions = { environment: { scopes } }) {
    const server = await peer(fixture);
    const client = await server.register();
    return { server, client, ...(await server.tokens(client, { scope })) };
  }

  it('a request without Authorization is told how to authenticate and of no error [CASE-78, MCP-AUTH-07, MCP-AUTH-22, RFC6750-04, RFC6750-12, RFC9728-08, RFC9728-09, MCP-DISC-03]', async () => {
    const response = refusal(await (await peer()).mcp({}));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer scope="read", resource_metadata="${metadataUrl}", DPoP algs="ES256 EdDSA Ed25519 RS256 PS256"`,
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { resourceMetadataUrl, scope, error } = extractWWWAuthenticateParams(response);
    expect([resourceMetadataUrl?.href, scope, error]).toEqual([metadataUrl, 'read', undefined]);
  });

  it('clients that begin are told to ask for more than they need at once, where the operator says so; others for what they lack [MCP-AUTH-07, MCP-AUTH-08, MCP-AUTH-26, MCP-AUTH-28]', async () => {
    const further = { ...scopes, admin: { tools: ['erase'] } };
    const fixture = { options: { suggestedScopes: ['write'] }, environment: { scopes: further } };
    const { server, client, access_token } = await withToken('read', fixture);
    const asked = async (headers: Readonly<Record<string, string>>) =>
      extractWWWAuthenticateParams(refusal(await server.mcp(headers)));
    expect(await asked({})).toMatchObject({ scope: 'read write' });
    expect(await asked(bearer('unknown'))).toMatchObject({ error: 'invalid_token', scope: 'read write' });
    expect(await server.mcpStatus(access_token)).toBe(200);
    const { access_token: suggested } = await server.tokens(client, { scope: 'read write' });
    expect(await server.mcpStatus(suggested)).toBe(200);
    const response = refusal(await server.mcp(bearer(access_token), call('erase')));
    expect([response.status, extractWWWAuthenticateParams(response).scope]).toEqual([403, 'read admin']);
  });

  it('the challenge leads to metadata of this very resource [RFC9728-08, RFC9728-09, MCP-AUTH-06]', async () => {
    const server = await peer({ options: { baseUrl: `${base}/a/b` } });
    const { resourceMetadataUrl } = extractWWWAuthenticateParams(refusal(await server.mcp({})));
    const document = await server.send(resourceMetadataUrl?.pathname ?? '');
    expect(await document.json()).toMatchObject({ resource: `${base}/a/b/mcp` });
  });

  it('credentials of another scheme count as none', async () => {
    const response = refusal(await (await peer()).mcp({ authorization: 'Basic YTpi' }));
    expect([response.status, response.headers.get('www-authenticate')?.includes('error')]).toEqual([401, false]);
  });

  it('a token that is unknown, expired or revoked is invalid [CASE-79, MCP-AUTH-17, MCP-AUTH-18, RFC6750-08, RFC6750-10, MCP-SEC-21, OAUTH21-52, MCP-AUTH-13, MCP-AUTH-15, RFC9068-16, RFC9068-17]', async () => {
    const { server, client, access_token } = await withToken();
    const refused = async (token: string) => {
      const response = refusal(await server.mcp(bearer(token)));
      expect(response.status).toBe(401);
      expect(extractWWWAuthenticateParams(response)).toMatchObject({ error: 'invalid_token', scope: 'read' });
      expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${metadataUrl}"`);
    };
    for (const unknown of ['x', 'undefined', 'a.b.c', `${access_token}x`, access_token.slice(0, -1)])
      await refused(unknown);
    expect(await server.mcpStatus(access_token)).toBe(200);
    server.running.clock.advance(600_000);
    await refused(access_token);
    const other = await server.tokens(client);
    await server.revocation(client, other.access_token);
    await refused(other.access_token);
  });

  it('neither a refresh token nor a code opens the server [MCP-AUTH-20, MCP-BP-17]', async () => {
    const { server, client, refresh_token } = await withToken();
    for (const other of [refresh_token, await server.code(client), client.client_id])
      expect(await server.mcpStatus(other)).toBe(401);
  });

  it('the scheme and the header name are read in any case [CASE-80, OAUTH21-54, RFC6750-01]', async () => {
    const { server, access_token } = await withToken();
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
      expect((await server.mcp(bearer(access_token, scheme))).response).toBeUndefined();
      expect((await server.mcp({ AUTHORIZATION: `${scheme} ${access_token}` })).response).toBeUndefined();
    }
  });

  it.each(['Bearer a b', 'Bearer a, Bearer b', 'Bearer "a"', 'Bearer é', 'Bearer a=b', 'Bearer {token}'])(
    'a Bearer header that is malformed as %j is an invalid request [RFC6750-09, MCP-AUTH-24]',
    async (authorization) => {
      const response = refusal(await (await peer()).mcp({ authorization }));
      expect(response.status).toBe(400);
      expect(extractWWWAuthenticateParams(response)).toMatchObject({ error: 'invalid_request' });
    },
  );

  it('a Bearer header without a token counts as none, so that the client is told how to get one', async () => {
    for (const authorization of ['Bearer', 'Bearer ']) {
      const response = refusal(await (await peer()).mcp({ authorization }));
      expect([response.status, response.headers.get('www-authenticate')?.includes('error')]).toEqual([401, false]);
    }
  });

  it('a token that lacks a required scope is refused with the required scopes only [CASE-81, MCP-AUTH-25, RFC6750-11]', async () => {
    const { server, access_token } = await withToken('write', {});
    const response = refusal(await server.mcp(bearer(access_token)));
    expect(response.status).toBe(403);
    expect(extractWWWAuthenticateParams(response)).toMatchObject({ error: 'insufficient_scope', scope: 'read' });
    expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${metadataUrl}"`);
  });

  it('a call beyond the token’s scope is refused before any handler runs, with all that it needs at once [MCP-AUTH-25, MCP-AUTH-26, MCP-AUTH-27, MCP-AUTH-28, MCP-SEC-20, RFC9700-15, MCP-BP-28]', async () => {
    const { server, access_token } = await withToken('read');
    expect((await server.mcp(bearer(access_token), call('list'))).response).toBeUndefined();
    for (const body of [call('put'), [call('list'), call('put')]]) {
      const response = refusal(await server.mcp(bearer(access_token), body));
      expect(response.status).toBe(403);
      expect(extractWWWAuthenticateParams(response)).toMatchObject({
        error: 'insufficient_scope',
        scope: 'read write',
      });
    }
  });

  it('a request that would be enough with the challenged scopes is enough with them [MCP-AUTH-29]', async () => {
    const { server, client, access_token } = await withToken('read');
    const { scope } = extractWWWAuthenticateParams(refusal(await server.mcp(bearer(access_token), call('put'))));
    const wider = await server.tokens(client, { scope });
    expect((await server.mcp(bearer(wider.access_token), call('put'))).response).toBeUndefined();
  });

  it('a scope that implies the needed one is enough [MCP-AUTH-30]', async () => {
    const { server, access_token } = await withToken('write');
    for (const tool of ['list', 'put'])
      expect((await server.mcp(bearer(access_token), call(tool))).response).toBeUndefined();
  });

  it('a tool that no scope unlocks is closed to everybody, without a challenge that no scope could answer', async () => {
    const { server, access_token } = await withToken('write');
    for (const tool of [
      'unknown',
      '__proto__',
      'constructor',
      '"\r\nx: y',
      'é'.repeat(1000),
      undefined,
      null,
      1,
      ['list'],
      { name: 'list' },
    ]) {
      const response = refusal(await server.mcp(bearer(access_token), call(tool)));
      expect(response.status).toBe(403);
      expect(response.headers.get('www-authenticate')).toBeNull();
    }
  });

  it('a host can ask for further scopes for a route', async () => {
    const { server, access_token } = await withToken('read');
    const response = refusal(await server.mcp(bearer(access_token), undefined, { scopes: ['write', 'read'] }));
    expect(extractWWWAuthenticateParams(response)).toMatchObject({ error: 'insufficient_scope', scope: 'read write' });
  });

  it('the message is judged wherever the host left it: parsed, in the request, or nowhere [MCP-SEC-19, MCP-SEC-20]', async () => {
    const { server, access_token } = await withToken('read');
    const passing = await server.mcp(bearer(access_token), 'unread', { body: call('list') });
    expect(passing.response).toBeUndefined();
    expect(refusal(await server.mcp(bearer(access_token), call('list'), { body: call('put') })).status).toBe(403);
    expect(refusal(await server.mcp(bearer(access_token), call('put'), { body: undefined })).status).toBe(403);
    for (const unparsed of [JSON.stringify(call('put')), Buffer.from(JSON.stringify(call('put'))), null, 1]) {
      expect(refusal(await server.mcp(bearer(access_token), call('list'), { body: unparsed })).status).toBe(400);
    }
    for (const nonsense of ['{', 'null', '"tools/call"', '1', 'method=tools/call']) {
      expect(refusal(await server.mcp(bearer(access_token), nonsense)).status).toBe(400);
    }
  });

  it('the body is judged whatever its content type says, and left for the handler to read', async () => {
    const { server, access_token } = await withToken('read');
    const request = (body: unknown) =>
      new Request(resource, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { ...bearer(access_token), 'content-type': 'text/plain' },
      });
    expect(refusal(await server.provider.authenticate(request(call('put')))).status).toBe(403);
    const passing = request(call('list'));
    expect(await server.provider.authenticate(passing)).toMatchObject({ body: call('list') });
    expect(await passing.json()).toEqual(call('list'));
  });

  it('a request without a body passes with the required scopes', async () => {
    const { server, access_token } = await withToken('read');
    for (const method of ['GET', 'DELETE', 'POST']) {
      const outcome = await server.provider.authenticate(
        new Request(resource, { method, headers: bearer(access_token) }),
      );
      expect(outcome).toMatchObject({ body: undefined, token: { scopes: ['read'], resource } });
    }
  });

  it('headers that differ from the body are refused as HeaderMismatch [MCP-HTTP-04, MCP-HTTP-05, MCP-HTTP-06]', async () => {
    const { server, access_token } = await withToken('write');
    const headers = (extra: Record<string, string>) => ({ ...bearer(access_token), ...extra });
    for (const extra of [
      { 'mcp-method': 'tools/list' },
      { 'mcp-name': 'list' },
      { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?bGlzdA==?=' },
    ]) {
      const response = refusal(await server.mcp(headers(extra), call('put')));
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32_020 } });
    }
    expect(
      (await server.mcp(headers({ 'mcp-method': 'tools/call', 'mcp-name': '=?base64?cHV0?=' }), call('put'))).response,
    ).toBeUndefined();
  });

  it('a token for another resource is invalid, and verifyToken does not know it either [CASE-82, PITFALL-10, MCP-AUTH-16, MCP-AUTH-19, MCP-SEC-03, MCP-SEC-22, MCP-SEC-23, RFC9068-14, RFC9700-14]', async () => {
    const { server, access_token } = await withToken();
    const load = server.provider.loadAccessToken.bind(server.provider);
    for (const other of ['https://evil.example/mcp', base, `${resource}/`, `${resource}?x`, '']) {
      server.provider.loadAccessToken = async (token) => {
        const record = await load(token);
        return record === undefined ? undefined : { ...record, resource: other as ResourceUri };
      };
      const response = refusal(await server.mcp(bearer(access_token)));
      expect(extractWWWAuthenticateParams(response)).toMatchObject({ error: 'invalid_token' });
      expect(await server.provider.verifyToken(access_token)).toBeUndefined();
    }
  });

  it('two resources of one issuer have different audiences [RFC9068-18]', async () => {
    const audiences = ['/one', '/two'].map(async (mcpPath) => {
      const server = await peer({ environment: { mcpPath } });
      const { access_token } = await server.tokens(await server.register(), { resource: undefined });
      return [server.provider.settings.issuer, (await server.provider.verifyToken(access_token))?.resource];
    });
    expect(await Promise.all(audiences)).toEqual([
      [base, `${base}/one`],
      [base, `${base}/two`],
    ]);
  });

  it('a subclass that verifies carelessly still lets no expired or foreign token pass [PITFALL-21, MCP-SEC-21]', async () => {
    const { server, access_token } = await withToken();
    const record = await server.provider.loadAccessToken(access_token);
    if (record === undefined) throw new Error('no record');
    for (const careless of [
      { ...record, expiresAt: 0 },
      { ...record, expiresAt: Number.NaN },
      { ...record, expiresAt: undefined as unknown as number },
      { ...record, resource: base as ResourceUri },
    ]) {
      server.provider.verifyToken = async () => careless;
      expect(await server.mcpStatus(access_token)).toBe(401);
    }
  });

  it('a token in the query or in a form counts for nothing [CASE-83, MCP-AUTH-14, OAUTH21-53, RFC6750-02, RFC6750-03]', async () => {
    const { server, access_token } = await withToken();
    const requests = [
      new Request(`${resource}?access_token=${access_token}`, { method: 'POST', body: '{}' }),
      new Request(resource, {
        method: 'POST',
        body: `access_token=${access_token}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    ];
    for (const request of requests) {
      const response = refusal(await server.provider.authenticate(request));
      expect([response.status, response.headers.get('www-authenticate')?.includes('error')]).toEqual([401, false]);
    }
  });

  it('an MCP session is closed to every other client and user, as if it did not exist [CASE-84, MCP-BP-18, MCP-BP-19]', async () => {
    const { server, client, access_token } = await withToken();
    const verified = async (token: string) => {
      const record = VerifiedAccessToken.check(
        await server.provider.verifyToken(token),
        token,
        server.provider.settings.resource,
        server.running.clock.now(),
      );
      if (record === undefined) throw new Error('not valid');
      return record;
    };
    const mine = await verified(access_token);
    const refreshed = await verified((await server.tokens(client)).access_token);
    const others = await verified((await server.tokens(await server.register())).access_token);
    const owners = new SessionOwners();
    owners.remember('session-1', mine);
    expect(owners.refuse('session-1', refreshed)).toBeUndefined();
    const [foreign, unknown] = [owners.refuse('session-1', others), owners.refuse('session-2', mine)];
    expect([foreign?.status, unknown?.status]).toEqual([404, 404]);
    expect(await foreign?.text()).toBe(await unknown?.text());
    expect(
      owners.refuse('session-1', {
        clientId: mine.clientId,
        subject: 'another-user' as typeof mine.subject,
        resource: mine.resource,
      })?.status,
    ).toBe(404);
  });

  it('a request with a foreign Host or Origin is refused before its token is looked at [PITFALL-33, MCP-HTTP-01, MCP-HTTP-02]', async () => {
    const { server, access_token } = await withToken();
    for (const headers of [
      { host: 'evil.example:3000' },
      { host: 'localhost:3000.evil.example' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { host: 'localhost:3000', origin: 'http://localhost:3001' },
    ]) {
      expect(refusal(await server.mcp({ ...bearer(access_token), ...headers })).status).toBe(403);
    }
    expect(server.running.events.filter(({ name }) => name === 'request.origin_refused')).toHaveLength(5);
    for (const headers of [
      { host: 'localhost:3000' },
      { host: '127.0.0.1:3000' },
      { host: '[::1]:3000', origin: base },
    ]) {
      expect((await server.mcp({ ...bearer(access_token), ...headers })).response).toBeUndefined();
    }
  });

  it('configuration opens the server to further hosts and origins [PITFALL-33]', async () => {
    const { server, access_token } = await withToken('read', {
      environment: { allowedHosts: ['Inner:8080'], allowedOrigins: ['https://app.example'] },
    });
    const headers = { ...bearer(access_token), host: 'inner:8080', origin: 'https://app.example' };
    expect((await server.mcp(headers)).response).toBeUndefined();
    expect(refusal(await server.mcp({ ...headers, origin: 'https://app.example.evil.example' })).status).toBe(403);
  });

  it('a body beyond the limit is refused', async () => {
    const { server, access_token } = await withToken();
    expect(refusal(await server.mcp(bearer(access_token), 'x'.repeat(4 * 1024 * 1024 + 1))).status).toBe(413);
  });

  it('no request whatever passes without a token that is enough for it, and none makes the gate fail [MCP-SEC-19, MCP-BP-18, MCP-BP-23]', async () => {
    const { server, access_token } = await withToken('read');
    const header = fc.oneof(
      fc.constantFrom(
        access_token,
        `Bearer${access_token}`,
        `Bearer ${access_token}`,
        `Bearer ${access_token} x`,
        `Bearer x, Bearer ${access_token}`,
        `Basic ${access_token}`,
        '',
      ),
      fc.string({ maxLength: 20 }).filter((value) => !/[^\x20-\x7e]/.test(value)),
    );
    const method = fc.constantFrom('tools/call', 'tools/list', 'ping', 'TOOLS/CALL');
    const message = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({
        method,
        params: fc.oneof(
          fc.record({ name: fc.oneof(fc.constantFrom('list', 'put', 'other'), fc.jsonValue({ maxDepth: 1 })) }),
          fc.jsonValue({ maxDepth: 1 }),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(header, fc.oneof(message, fc.array(message, { maxLength: 3 })), async (authorization, body) => {
        const { response, token } = await server.mcp({ authorization }, body);
        if (response !== undefined) {
          expect([400, 401, 403]).toContain(response.status);
          return;
        }
        expect(authorization).toBe(`Bearer ${access_token}`);
        expect(token.scopes).toEqual(['read']);
        for (const one of Array.isArray(body) ? body : [body]) {
          const { method: asked, params } = (one ?? {}) as { method?: unknown; params?: { name?: unknown } };
          if (asked === 'tools/call') expect(params?.name).toBe('list');
        }
      }),
      { numRuns: 200 },
    );
  });
});
