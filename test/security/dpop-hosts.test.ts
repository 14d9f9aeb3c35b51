import { type IncomingMessage, type RequestListener, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { OAuthError, OAuthErrorCode, verifyBearerToken } from '@modelcontextprotocol/server';
import express from 'express';
import { fastify } from 'fastify';
import { FastMCP } from 'fastmcp';
import { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireToken as expressToken } from '../../src/hosts/express.ts';
import { requireToken as fastifyToken } from '../../src/hosts/fastify.ts';
import { type FastMcpSession, guardFastMcp } from '../../src/hosts/fastmcp.ts';
import { requireToken as honoToken } from '../../src/hosts/hono.ts';
import { createMcpEndpoint, createTokenVerifier, SessionOwners } from '../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { toolCall } from '../interop/mcp-calls.ts';
import { freePort, testServers } from '../interop/servers.ts';
import { obtainTokens } from '../interop/tokens.ts';
import { obtainBoundTokens } from '../support/bound-tokens.ts';

const serve = testServers();
const key = new DpopTestKey();
const scopes = { read: { tools: ['list'] } };

function providerAt(baseUrl: string, nonce: 'off' | 'required' = 'off'): InMemoryProvider {
  const options = { baseUrl, requiredScopes: ['read'], clientRegistration: { enabled: true } };
  return new InMemoryProvider(options, { scopes, dpop: { nonce } });
}

interface Host {
  readonly provider: InMemoryProvider;
  readonly url: string;
}

type Build = (provider: InMemoryProvider) => RequestListener | Promise<RequestListener>;

/** What answers 200 behind each gate, on `/mcp`. */
const gates: Readonly<Record<string, Build>> = {
  createMcpEndpoint: (provider) =>
    createNodeListener(provider, { mcp: createMcpEndpoint(provider, { fetch: async () => Response.json({}) }) }),
  'requireToken in Express': (provider) =>
    express().use('/mcp', expressToken(provider), (_req, res) => void res.json({})),
  'requireToken in Express after json()': (provider) =>
    express().use(express.json(), expressToken(provider), (_req, res) => void res.json({})),
  'requireToken in Fastify': async (provider) => {
    const app = fastify();
    app.post('/mcp', { preHandler: fastifyToken(provider) }, async () => ({}));
    await app.ready();
    return app.routing;
  },
  'requireToken in Hono': (provider) => {
    const app = new Hono().post('/mcp', honoToken(provider), (c) => c.json({}));
    return createNodeListener({ settings: provider.settings, handle: async (request) => app.fetch(request) });
  },
};

async function behind(build: Build, nonce?: 'required'): Promise<Host> {
  const made = Promise.withResolvers<InMemoryProvider>();
  const origin = await serve((baseUrl) => {
    const provider = providerAt(baseUrl, nonce);
    made.resolve(provider);
    return build(provider);
  });
  return { provider: await made.promise, url: `${origin}/mcp` };
}

async function fastMcp(): Promise<Host> {
  const port = await freePort();
  const provider = providerAt(`http://127.0.0.1:${port}`);
  const logger = { debug() {}, error() {}, info() {}, log() {}, warn() {} };
  const server = guardFastMcp(
    provider,
    (hooks) => new FastMCP<FastMcpSession>({ name: 'x', version: '1.0.0', logger, ...hooks }),
  );
  server.addTool({ name: 'list', description: 'x', execute: async () => 'ran' });
  await server.start({ transportType: 'httpStream', httpStream: { port, host: '127.0.0.1', stateless: true } });
  onTestFinished(() => server.stop());
  return { provider, url: provider.settings.resource };
}

/** Posts a tool call with headers that `fetch` would join. */
async function post(url: string, headers: Readonly<Record<string, string | string[]>>) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const all = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-06-18',
    ...headers,
  };
  const outgoing = sendRequest(url, { method: 'POST', headers: all }, resolve).on('error', reject);
  outgoing.end(JSON.stringify({ jsonrpc: '2.0', ...toolCall('list') }));
  const answer = await promise;
  await text(answer);
  return { status: answer.statusCode, headers: answer.headers };
}

const hosts: readonly (readonly [string, () => Promise<Host>])[] = [
  ...Object.entries(gates).map(([name, build]) => [name, () => behind(build)] as const),
  ['FastMCP', fastMcp],
];

describe.each(hosts)('a stolen token that is bound to a key, at %s', (_name, start) => {
  it('opens nothing; the holder of the key gets in, once with each proof [RFC9449-21, RFC9449-22, RFC9449-23]', async () => {
    const { provider, url } = await start();
    const { accessToken } = await obtainBoundTokens(provider, key, 'read');
    const proof = (by = key, changes = {}) => by.proof({ url, now: Date.now(), accessToken, ...changes });
    const authorization = `DPoP ${accessToken}`;
    const right = proof();
    const attempts: Record<string, Record<string, string | string[]>> = {
      'as Bearer': { authorization: `Bearer ${accessToken}` },
      'as Bearer with a proof': { authorization: `Bearer ${accessToken}`, dpop: proof() },
      'without a proof': { authorization },
      'with a proof of another key': { authorization, dpop: proof(new DpopTestKey()) },
      'with a proof for another route': { authorization, dpop: proof(key, { url: `${url}/other` }) },
      'with a proof for another host': { authorization, dpop: proof(key, { url: 'http://evil.example/mcp' }) },
      'with two proofs': { authorization, dpop: [proof(), proof()] },
      'with an empty proof': { authorization, dpop: '' },
    };
    for (const [how, headers] of Object.entries(attempts)) expect((await post(url, headers)).status, how).toBe(401);
    expect((await post(url, { authorization, dpop: right })).status).toBe(200);
    expect((await post(url, { authorization, dpop: right })).status).toBe(401);
    expect(
      (await post(url, { authorization: [`Bearer ${accessToken}`, authorization], dpop: proof() })).status,
    ).not.toBe(200);
  });
});

describe.each(Object.entries(gates))('nonces behind %s', (_name, build) => {
  it('come with the challenge, and the next one with the answer [RFC9449-19]', async () => {
    const { provider, url } = await behind(build);
    const { accessToken } = await obtainBoundTokens(provider, key, 'read');
    const strict = providerAt(new URL(url).origin, 'required');
    strict.verifyToken = provider.verifyToken.bind(provider);
    const origin = await serve(() => build(strict));
    const headers = (nonce?: string) => ({
      host: new URL(url).host,
      authorization: `DPoP ${accessToken}`,
      dpop: key.proof({ url, now: Date.now(), accessToken, ...(nonce === undefined ? {} : { nonce }) }),
    });
    const refused = await post(`${origin}/mcp`, headers());
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('DPoP error="use_dpop_nonce"'),
    ]);
    expect(refused.headers['cache-control']).toBe('no-store');
    expect((await post(`${origin}/mcp`, headers(String(refused.headers['dpop-nonce'])))).status).toBe(200);
  });
});

describe('a verifier that sees the token only', () => {
  it('refuses one that is bound to a key, in both versions of the SDK [RFC9449-23]', async () => {
    const { provider, url } = await behind((behindSdk) => {
      const verifier = createTokenVerifier(behindSdk, (message) => new InvalidTokenError(message));
      return express().use(requireBearerAuth({ verifier }), (_req, res) => void res.json({}));
    });
    const { accessToken } = await obtainBoundTokens(provider, key, 'read');
    expect((await post(url, { authorization: `Bearer ${accessToken}` })).status).toBe(401);
    expect((await post(url, { authorization: `DPoP ${accessToken}` })).status).toBe(401);
    const { access_token } = await obtainTokens(provider, 'read');
    expect((await post(url, { authorization: `Bearer ${access_token}` })).status).toBe(200);
    const verifier = createTokenVerifier(provider, (message) => new OAuthError(OAuthErrorCode.InvalidToken, message));
    await expect(verifyBearerToken(`Bearer ${accessToken}`, { verifier })).rejects.toThrow(OAuthError);
  });
});

describe('an MCP session that was opened with a proof', () => {
  it('is closed to whoever has its id and the token, and not the key [MCP-BP-18, RFC9449-23]', async () => {
    const provider = providerAt('http://localhost:3000');
    const url = provider.settings.resource;
    const endpoint = createMcpEndpoint(
      provider,
      { fetch: async () => Response.json({}, { headers: { 'mcp-session-id': 'session-1' } }) },
      { sessions: new SessionOwners() },
    );
    const { accessToken } = await obtainBoundTokens(provider, key, 'read');
    const call = async (scheme: string, by: DpopTestKey | undefined, session?: string) => {
      const headers = new Headers({ authorization: `${scheme} ${accessToken}` });
      if (by !== undefined) headers.set('dpop', by.proof({ url, now: Date.now(), accessToken }));
      if (session !== undefined) headers.set('mcp-session-id', session);
      return (await endpoint(new Request(url, { method: 'POST', headers }), {})).status;
    };
    expect(await call('DPoP', key)).toBe(200);
    expect(await call('DPoP', key, 'session-1')).toBe(200);
    expect(await call('Bearer', undefined, 'session-1')).toBe(401);
    expect(await call('DPoP', undefined, 'session-1')).toBe(401);
    expect(await call('DPoP', new DpopTestKey(), 'session-1')).toBe(401);
  });
});

describe('web pages of other origins', () => {
  it('may send proofs and read nonces where they may call at all, and no cache keeps these [RFC9449-30, RFC9449-31]', async () => {
    const provider = new InMemoryProvider(
      { baseUrl: 'http://localhost:3000', clientRegistration: { enabled: true } },
      { dpop: { nonce: 'required' }, allowedOrigins: ['https://app.example'] },
    );
    const origin = 'https://app.example';
    const endpoint = createMcpEndpoint(provider, { fetch: async () => Response.json({}) });
    const preflights = [
      await provider.handle(new Request(provider.endpointUrl('token'), { method: 'OPTIONS', headers: { origin } })),
      await endpoint(new Request(provider.settings.resource, { method: 'OPTIONS', headers: { origin } }), {}),
    ];
    for (const preflight of preflights)
      expect(preflight?.headers.get('access-control-allow-headers')).toContain('DPoP');

    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' });
    const answers = [
      await provider.handle(new Request(provider.endpointUrl('token'), { method: 'POST', body, headers: { origin } })),
      await endpoint(new Request(provider.settings.resource, { method: 'POST', headers: { origin } }), {}),
    ];
    for (const answer of answers) {
      expect(answer?.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce');
      expect(answer?.headers.get('cache-control')).toBe('no-store');
    }
  });
});
