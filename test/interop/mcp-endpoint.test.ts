import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth as requireBearerAuth1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { AuthInfo as AuthInfo1 } from '@modelcontextprotocol/sdk/server/auth/types.js';
import {
  type AuthInfo as AuthInfo2,
  createMcpHandler,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokenVerifier,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import express from 'express';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type AuthInfo,
  createMcpEndpoint,
  createTokenVerifier,
  type McpFetchHandler,
} from '../../src/hosts/mcp-sdk.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { testServers } from './servers.ts';
import { obtainTokens } from './tokens.ts';

const baseUrl = 'http://localhost:3000';
const url = `${baseUrl}/mcp`;
const scopes = { read: { tools: ['list'] }, write: { implies: ['read'], tools: ['add'] } };
const serve = testServers();

function makeProvider(allowedOrigins: readonly string[] = []): InMemoryProvider {
  const options = { baseUrl, requiredScopes: ['read'], clientRegistration: { enabled: true } };
  return new InMemoryProvider(options, { scopes, allowedOrigins });
}

const echo: McpFetchHandler = {
  fetch: async (_request, { authInfo, parsedBody } = {}) => Response.json({ authInfo, parsedBody }),
};

function post(token: string | undefined, body: unknown, headers: Record<string, string> = {}): Request {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const all = { 'content-type': 'application/json', ...authorization, ...headers };
  return new Request(url, { method: 'POST', headers: all, body: JSON.stringify(body) });
}

describe('createMcpEndpoint', () => {
  it('hands the token and the parsed body to the handler', async () => {
    const provider = makeProvider();
    const { access_token, client_id } = await obtainTokens(provider, 'write');
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list' } };
    const answer = await createMcpEndpoint(provider, echo)(post(access_token, message), {});
    expect(await answer.json()).toEqual({
      parsedBody: message,
      authInfo: {
        token: access_token,
        clientId: client_id,
        scopes: ['write', 'read'],
        expiresAt: expect.any(Number),
        resource: url,
        resourceMetadataUrl: provider.settings.resourceMetadataUrl,
        extra: { subject: 'demo-user', grantId: expect.any(String), auth_time: expect.any(Number) },
      },
    });
  });

  it('does not run the handler without a token, or without the scope of the tool [CASE-78, CASE-81]', async () => {
    const provider = makeProvider();
    const endpoint = createMcpEndpoint(provider, { fetch: () => Promise.reject(new Error('was run')) });
    expect((await endpoint(post(undefined, {}), {})).status).toBe(401);
    const { access_token } = await obtainTokens(provider, 'read');
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'add' } };
    expect((await endpoint(post(access_token, call), {})).status).toBe(403);
  });

  it('asks for scopes of its own', async () => {
    const provider = makeProvider();
    const { access_token } = await obtainTokens(provider, 'read');
    const answer = await createMcpEndpoint(provider, echo, { scopes: ['write'] })(post(access_token, {}), {});
    expect(answer.headers.get('www-authenticate')).toContain('scope="read write"');
  });

  it('lets pages of allowed origins call it, and no others [PITFALL-33]', async () => {
    const provider = makeProvider(['https://app.example']);
    const endpoint = createMcpEndpoint(provider, echo);
    const preflight = (origin: string) => endpoint(new Request(url, { method: 'OPTIONS', headers: { origin } }), {});
    const allowed = await preflight('https://app.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example']);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('Authorization');
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();

    const challenge = await endpoint(post(undefined, {}, { origin: 'https://app.example' }), {});
    expect(challenge.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(challenge.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
    const { access_token } = await obtainTokens(provider, 'read');
    const foreign = await endpoint(post(access_token, {}, { origin: 'https://evil.example' }), {});
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });

  it('takes what createMcpHandler of the official SDK makes', () => {
    const handler = createMcpHandler(() => new McpServer({ name: 'x', version: '1' }));
    expectTypeOf(handler).toExtend<McpFetchHandler>();
    expectTypeOf<AuthInfo>().toExtend<AuthInfo2>();
    expectTypeOf<AuthInfo>().toExtend<AuthInfo1>();
  });
});

describe('createTokenVerifier', () => {
  it('makes the verifier of SDK 2.x, whose errors become its 401', async () => {
    const provider = makeProvider();
    const invalidToken = (message: string) => new OAuthError(OAuthErrorCode.InvalidToken, message);
    const verifier: OAuthTokenVerifier = createTokenVerifier(provider, invalidToken);
    const options = { verifier, requiredScopes: ['read'], expectedResource: new URL(url) };
    const { access_token } = await obtainTokens(provider, 'write');
    expect(await verifyBearerToken(`Bearer ${access_token}`, options)).toMatchObject({ scopes: ['write', 'read'] });
    await expect(verifyBearerToken('Bearer unknown', options)).rejects.toThrow(OAuthError);
  });

  it('makes the verifier of SDK 1.x, whose errors become its 401 [CASE-79]', async () => {
    const provider = makeProvider();
    const verifier = createTokenVerifier(provider, (message) => new InvalidTokenError(message));
    const gate = requireBearerAuth1({ verifier, requiredScopes: ['read'], expectedResource: new URL(url) });
    const origin = await serve(() => express().use(gate, (req, res) => void res.json(req.auth)));
    const { access_token } = await obtainTokens(provider, 'write');
    const call = (token: string) => fetch(origin, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await call(access_token)).json()).toMatchObject({
      token: access_token,
      extra: { subject: 'demo-user' },
    });
    expect((await call('unknown')).status).toBe(401);
  });
});
