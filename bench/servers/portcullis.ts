import { join } from 'node:path';
import type { Portcullis } from '../../dist/index.js';
import { loadPortcullis, loadSubpath } from './load-portcullis.ts';
import { codeChallenge, type Prepared, postgresUrl, redirectUri, scope } from './protocol.ts';
import { type Subject, serve } from './serve.ts';

const never = 1_000_000_000;
const unlimited = { limit: never };

/** The product as its users run it: from `dist/`, on a SQLite file or PostgreSQL, with its defaults but for the limits on strangers. */
async function start(baseUrl: string, folder: string): Promise<Subject> {
  const { Portcullis } = await loadPortcullis();
  const { createNodeListener } = await loadSubpath('node');
  const portcullis = await Portcullis.open({
    baseUrl,
    name: 'Bench',
    database: postgresUrl() ?? join(folder, 'portcullis.db'),
    masterKeyFile: join(folder, 'master.key'),
    scopes: { [scope]: { title: 'Echo', tools: ['echo'] } },
    requiredScopes: [scope],
    authorize: { rateLimit: unlimited },
    registration: { rateLimit: unlimited },
    signIn: { rateLimit: unlimited, freeFailures: never, accountFailures: never, addressFailures: never },
    tokens: { authorizationCodeSeconds: 600, accessTokenSeconds: 3600 },
  });
  return {
    listener: createNodeListener(
      portcullis,
      process.env['BENCH_MCP'] === 'none' ? {} : { mcp: await mcpEndpoint(portcullis) },
    ),
    metadataPath: portcullis.settings.paths.serverMetadata,
    prepare: () => prepare(portcullis, baseUrl),
    close: () => portcullis.close(),
  };
}

/** Loaded only here, so that a server without an MCP endpoint does not carry the SDK. */
async function mcpEndpoint(portcullis: Portcullis) {
  const { createMcpEndpoint } = await loadSubpath('mcp-sdk');
  const { createMcpHandler } = await import('@modelcontextprotocol/server');
  const { createEchoServer } = await import('./echo-server.ts');
  return createMcpEndpoint(portcullis, createMcpHandler(createEchoServer));
}

async function prepare(portcullis: Portcullis, baseUrl: string): Promise<Prepared> {
  const { authorize, mcp, register, token } = portcullis.settings.paths;
  const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', client_name: 'bench', scope };
  const registration = await portcullis.handle(
    new Request(`${baseUrl}${register}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    }),
  );
  if (registration?.status !== 201) throw new Error('the client was not registered');
  const { client_id: clientId } = (await registration.json()) as { client_id: string };
  const cookie = await approveOnce(portcullis, clientId, baseUrl);
  return {
    clientId,
    authorizePath: authorize,
    tokenPath: token,
    scope,
    resource: portcullis.settings.resource,
    browserHeaders: { Cookie: cookie },
    refreshes: true,
    signIn: await signInForm(portcullis, clientId, baseUrl),
    mcpPath: mcp,
  };
}

/** The form of a sign-in page that a stranger stands on. */
async function signInForm(
  portcullis: Portcullis,
  clientId: string,
  baseUrl: string,
): Promise<NonNullable<Prepared['signIn']>> {
  const { browser, cookie } = await browserOf(portcullis, baseUrl);
  await browser.visit(authorizationUrl(portcullis, clientId));
  await browser.submit({ username: 'nobody', password: 'wrong horse battery staple' });
  const { html } = browser.page;
  const fields = new URLSearchParams({ username: 'nobody', password: 'wrong horse battery staple' });
  for (const [input] of html.matchAll(/<input[^>]*type="hidden"[^>]*>/g))
    fields.set(attribute(input, 'name'), attribute(input, 'value'));
  return { path: attribute(/<form[^>]*>/.exec(html)?.[0] ?? '', 'action'), form: fields.toString(), cookie: cookie() };
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1];
  if (value === undefined) throw new Error(`no ${name} in ${tag}`);
  return value.replaceAll('&amp;', '&');
}

/** A browser, and the cookies that it sent last. */
async function browserOf(portcullis: Portcullis, baseUrl: string) {
  const { TestBrowser } = await loadSubpath('testing');
  let cookie = '';
  const browser = new TestBrowser(async (request) => {
    cookie = request.headers.get('cookie') ?? cookie;
    return (await portcullis.handle(request)) ?? new Response(null, { status: 404 });
  }, baseUrl);
  return { browser, cookie: () => cookie };
}

/** Signs a user in and lets the client have what it asks for, through the pages, once: both are remembered from then on. */
async function approveOnce(portcullis: Portcullis, clientId: string, baseUrl: string): Promise<string> {
  const { passwords, users } = portcullis.services;
  const account = { userName: `bench-${Date.now()}`, password: 'correct horse battery staple' };
  await users.create({
    userName: account.userName,
    displayName: 'Bench',
    passwordHash: await passwords.hash(account.password),
  });

  const { browser, cookie } = await browserOf(portcullis, baseUrl);
  await browser.visit(authorizationUrl(portcullis, clientId));
  await browser.submit({ username: account.userName, password: account.password });
  await browser.submitAndLeave({ decision: 'allow' });
  return cookie();
}

function authorizationUrl({ settings }: Portcullis, clientId: string): URL {
  const url = new URL(settings.paths.authorize, settings.baseUrl);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    scope,
    resource: settings.resource,
  }).toString();
  return url;
}

await serve(start);
