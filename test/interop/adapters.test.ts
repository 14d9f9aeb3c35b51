import type { RequestListener } from 'node:http';
import express from 'express';
import { type FastifyInstance, fastify } from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { type AuthenticatedRequest, requireToken as expressToken, portcullisExpress } from '../../src/hosts/express.ts';
import {
  type AuthenticatedFastifyRequest,
  requireToken as fastifyToken,
  portcullisFastify,
} from '../../src/hosts/fastify.ts';
import { requireToken as honoToken, portcullisHono } from '../../src/hosts/hono.ts';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { testServers } from './servers.ts';
import { obtainCode, obtainTokens, registerClient } from './tokens.ts';

const serve = testServers();
const scopes = { read: { tools: ['list'] }, write: { implies: ['read'], tools: ['add'] } };

function providerAt(baseUrl: string): InMemoryProvider {
  return new InMemoryProvider({ baseUrl, requiredScopes: ['read'], clientRegistration: { enabled: true } }, { scopes });
}

type Build = (provider: InMemoryProvider) => RequestListener | Promise<RequestListener>;

async function startProvider(build: Build): Promise<{ readonly url: string; readonly provider: InMemoryProvider }> {
  const made = Promise.withResolvers<InMemoryProvider>();
  const url = await serve((baseUrl) => {
    const provider = providerAt(baseUrl);
    made.resolve(provider);
    return build(provider);
  });
  return { url, provider: await made.promise };
}

/** The provider behind each host, with that host's body parsers in front of it. */
const parsedForms: Readonly<Record<string, Build>> = {
  'Express with urlencoded()': (provider) => express().use(express.urlencoded(), portcullisExpress(provider)),
  'Express with urlencoded({ extended: true })': (provider) =>
    express().use(express.urlencoded({ extended: true }), portcullisExpress(provider)),
  'Express with text()': (provider) => express().use(express.text({ type: '*/*' }), portcullisExpress(provider)),
  'Express with raw()': (provider) => express().use(express.raw({ type: '*/*' }), portcullisExpress(provider)),
  'Express with a kept rawBody': (provider) => {
    const keep = express.urlencoded({ verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }) });
    return express().use(keep, portcullisExpress(provider));
  },
  'Hono after parseBody()': (provider) => {
    const app = new Hono().use(async (c, next) => {
      await c.req.parseBody();
      await next();
    });
    app.use(portcullisHono(provider));
    return createNodeListener({ settings: provider.settings, handle: async (request) => app.fetch(request) });
  },
  'Hono after text()': (provider) => {
    const app = new Hono().use(async (c, next) => {
      await c.req.text();
      await next();
    });
    app.use(portcullisHono(provider));
    return createNodeListener({ settings: provider.settings, handle: async (request) => app.fetch(request) });
  },
};

describe.for(Object.entries(parsedForms))('%s', ([, build]) => {
  async function start(): Promise<{
    provider: InMemoryProvider;
    form: URLSearchParams;
    post: (body: string) => Promise<Response>;
  }> {
    const { url, provider } = await startProvider(build);
    const form = await obtainCode(provider, await registerClient(provider), 'read');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { provider, form, post: (body) => fetch(`${url}/token`, { method: 'POST', headers, body }) };
  }

  it('redeems a code that came as a form', async () => {
    const { form, post } = await start();
    expect(await (await post(form.toString())).json()).toMatchObject({ token_type: 'Bearer', scope: 'read' });
  });

  it('still sees a parameter that was sent twice [CASE-46]', async () => {
    const { form, post } = await start();
    for (const times of [1, 30]) {
      const answer = await post(`${form}${'&client_id=other'.repeat(times)}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: 'invalid_request', error_description: /client_id/ });
    }
  });

  it('does not take a name in brackets for the name', async () => {
    const { form, post } = await start();
    const renamed = form.toString().replace('client_id=', 'client_id[]=');
    expect((await post(renamed)).status).toBe(401);
  });
});

describe('Express', () => {
  it('registers a client whose metadata express.json() has parsed', async () => {
    const url = await serve((baseUrl) => express().use(express.json(), portcullisExpress(providerAt(baseUrl))));
    const metadata = { redirect_uris: ['https://client.example/cb'], client_name: 'größer' };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/register`, { method: 'POST', headers, body: JSON.stringify(metadata) });
    expect([answer.status, await answer.json()]).toMatchObject([201, metadata]);
  });

  it('serves endpoints below a mount prefix', async () => {
    const url = await serve((baseUrl) => {
      const provider = providerAt(`${baseUrl}/auth`);
      return express().use('/auth', portcullisExpress(provider)).use('/.well-known', portcullisExpress(provider));
    });
    const metadata = await (await fetch(`${url}/.well-known/oauth-authorization-server/auth`)).json();
    expect(metadata).toMatchObject({ issuer: `${url}/auth`, token_endpoint: `${url}/auth/token` });
    expect((await fetch(`${url}/auth/token`, { method: 'POST' })).status).toBe(400);
    expect((await fetch(`${url}/token`, { method: 'POST' })).status).toBe(404);
  });

  it('leaves requests and bodies of the application alone', async () => {
    const url = await serve((baseUrl) => {
      const app = express().use(portcullisExpress(providerAt(baseUrl)), express.json());
      return app.post('/own', (req, res) => void res.json({ got: req.body }));
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/own`, { method: 'POST', headers, body: '{"a":1}' });
    expect(await answer.json()).toEqual({ got: { a: 1 } });
  });

  it('hands a body that somebody swallowed to the application’s error handler', async () => {
    const url = await serve((baseUrl) => {
      const swallow: express.RequestHandler = (req, _res, next) => void req.resume().on('end', () => next());
      const report: express.ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).send(String(error));
      return express().use(swallow, portcullisExpress(providerAt(baseUrl)), report);
    });
    const answer = await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expect(await answer.text()).toContain('mount Portcullis first');
  });
});

describe('Fastify', () => {
  async function start(
    build: (app: FastifyInstance, provider: InMemoryProvider) => void,
  ): Promise<{ url: string; provider: InMemoryProvider }> {
    return startProvider(async (provider) => {
      const app = fastify();
      await app.register(portcullisFastify, { provider });
      build(app, provider);
      await app.ready();
      return app.routing;
    });
  }

  it('redeems a code although the application parses no forms', async () => {
    const { url, provider } = await start(() => {});
    const form = await obtainCode(provider, await registerClient(provider), 'read');
    const answer = await fetch(`${url}/token`, { method: 'POST', body: form });
    expect([answer.status, await answer.json()]).toMatchObject([200, { scope: 'read' }]);
  });

  it('leaves the application its parsers, routes and 404', async () => {
    const { url } = await start((app) => {
      app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_req, body, done) => {
        done(null, `own parser: ${body}`);
      });
      app.post('/own', async (request) => ({ got: request.body }));
    });
    const form = await fetch(`${url}/own`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expect(await form.json()).toEqual({ got: 'own parser: a=b' });
    const headers = { 'content-type': 'application/json' };
    const json = await fetch(`${url}/own`, { method: 'POST', headers, body: '{"a":1}' });
    expect(await json.json()).toEqual({ got: { a: 1 } });
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });

  it('answers in contexts that were made after it', async () => {
    const { url } = await start((app) => {
      app.register((inner, _options, done) => {
        inner.get('/inner', async () => 'inner');
        done();
      });
    });
    expect(await (await fetch(`${url}/inner`)).text()).toBe('inner');
    expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).toBe(200);
  });
});

describe('Hono', () => {
  it('goes on with what is not its own, its body unread', async () => {
    const app = new Hono().use(portcullisHono(providerAt('http://localhost:1')));
    app.post('/own', async (c) => c.text(await c.req.text()));
    const answer = await app.request('http://localhost:1/own', { method: 'POST', body: 'everything' });
    expect(await answer.text()).toBe('everything');
  });

  it('takes the client address from the application', async () => {
    const host = {
      settings: providerAt('http://localhost:1').settings,
      handle: async (_: Request, context: object) => Response.json(context),
    };
    const app = new Hono().use(portcullisHono(host, { clientAddress: (c) => c.req.header('x-real-ip') }));
    const answer = await app.request('/', { headers: { 'x-real-ip': '203.0.113.7' } });
    expect(await answer.json()).toEqual({ clientAddress: '203.0.113.7' });
  });
});

/** One route behind `requireToken` with scope `write`, which answers with what it knows of the token. */
const gatedRoutes: Readonly<Record<string, Build>> = {
  'requireToken in Express': (provider) =>
    express().use('/own', expressToken(provider, { scopes: ['write'] }), (req, res) => {
      const { auth } = req as AuthenticatedRequest;
      res.json({ subject: auth.extra.subject, scopes: auth.scopes, body: req.body });
    }),
  'requireToken in Express after json()': (provider) =>
    express()
      .use(express.json())
      .use('/own', expressToken(provider, { scopes: ['write'] }), (req, res) => {
        const { auth } = req as AuthenticatedRequest;
        res.json({ subject: auth.extra.subject, scopes: auth.scopes, body: req.body });
      }),
  'requireToken in Fastify': async (provider) => {
    const app = fastify();
    app.post('/own', { preHandler: fastifyToken(provider, { scopes: ['write'] }) }, async (request) => {
      const { auth } = request as unknown as AuthenticatedFastifyRequest;
      return { subject: auth.extra.subject, scopes: auth.scopes, body: request.body };
    });
    await app.ready();
    return app.routing;
  },
  'requireToken in Hono': (provider) => {
    const app = new Hono();
    app.post('/own', honoToken(provider, { scopes: ['write'] }), (c) =>
      c.json({ subject: c.var.auth.extra.subject, scopes: c.var.auth.scopes, body: c.var.mcpBody }),
    );
    return createNodeListener({ settings: provider.settings, handle: async (request) => app.fetch(request) });
  },
};

describe.for(Object.entries(gatedRoutes))('%s', ([, build]) => {
  async function start(): Promise<{
    provider: InMemoryProvider;
    call: (token?: string, body?: unknown) => Promise<Response>;
  }> {
    const { url, provider } = await startProvider(build);
    const call = (token?: string, body: unknown = { hello: 'there' }) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { 'content-type': 'application/json', ...authorization };
      return fetch(`${url}/own`, { method: 'POST', headers, body: JSON.stringify(body) });
    };
    return { provider, call };
  }

  it('sends the challenge to a request without a token [CASE-78]', async () => {
    const { provider, call } = await start();
    const answer = await call();
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer scope="read write", resource_metadata="${provider.settings.resourceMetadataUrl}", DPoP algs="ES256 EdDSA Ed25519 RS256 PS256"`,
    );
  });

  it('refuses a token that lacks the scope of the route [CASE-81]', async () => {
    const { provider, call } = await start();
    const { access_token } = await obtainTokens(provider, 'read');
    const answer = await call(access_token);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });

  it('lets a sufficient token pass and tells the route whose it is, with implied scopes, and the parsed body', async () => {
    const { provider, call } = await start();
    const { access_token } = await obtainTokens(provider, 'write');
    const answer = await call(access_token);
    expect(await answer.json()).toEqual({ subject: 'demo-user', scopes: ['write', 'read'], body: { hello: 'there' } });
  });

  it('judges the tool that the body names', async () => {
    const { provider, call } = await start();
    const { access_token } = await obtainTokens(provider, 'write');
    const answer = await call(access_token, {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'unknown' },
    });
    expect(answer.status).toBe(403);
  });
});
