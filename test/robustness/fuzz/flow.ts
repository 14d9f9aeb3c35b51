import { deviceCodeGrant } from '../../../src/oauth/token/device-clients.ts';
import { tokenExchangeGrant } from '../../../src/oauth/token-exchange/exchange.ts';
import { DpopTestKey } from '../../../src/testing/dpop-key.ts';
import { TestBrowser } from '../../../src/testing/test-browser.ts';
import {
  basicCredentials,
  createTestClient,
  formPost,
  jsonPost,
  readAnswer,
  TestClient,
  tokensOf,
} from '../../../src/testing/test-client.ts';
import { identityAssertionGrant } from '../../../src/testing/test-issuer.ts';
import { testUser } from '../../support/portcullis-harness.ts';
import type { RawRequest } from '../support/raw-http.ts';
import type { FuzzedServer } from './server.ts';
import { machine, origin, resourceServer } from './subject.ts';

type Send = (request: Request) => Promise<Response>;

/** How many requests a whole flow makes, at least. */
export const flowLength = 35;

const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

/** The person's part: registration, sign-in and consent. */
async function connectApp({ addresses }: FuzzedServer, send: Send, browser: TestBrowser, variant: number) {
  const authMethod = methods[variant % methods.length] ?? 'none';
  const metadata = { grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant] };
  const client = await createTestClient(addresses, { send, authMethod, scope: 'notes:read notes:write', metadata });
  const asked = { scope: 'notes:read', resource: `${origin}/mcp` };
  const prepared =
    variant % 2 === 0 ? client.prepareAuthorization(asked) : await client.preparePushedAuthorization(asked);
  const page = await browser.visit(prepared.url);
  if (!(page instanceof URL) && page.html.includes('name="password"')) {
    await browser.submit({ username: testUser.userName, password: testUser.password });
  }
  return { client, code: client.receiveCode(prepared, await browser.submitAndLeave({ decision: 'allow' })) };
}

/** A client whose id is the URL of its document; the person is signed in by now. */
async function connectPublished({ addresses, documents }: FuzzedServer, send: Send, browser: TestBrowser) {
  const clientId = documents.publish({ kind: 'good', members: {}, headers: {} });
  const redirectUri = 'http://localhost:9999/cb';
  const client = new TestClient(addresses, { clientId, authMethod: 'none', redirectUri }, send);
  const prepared = client.prepareAuthorization({ scope: 'notes:read' });
  await browser.visit(prepared.url);
  const code = client.receiveCode(prepared, await browser.submitAndLeave({ decision: 'allow' }));
  await client.revoke(tokensOf(await client.redeem(code)).refreshToken);
}

/** A client that reads, changes and ends its registration. */
async function manageRegistration({ registration }: TestClient, send: Send): Promise<void> {
  const url = String(registration['registration_client_uri']);
  const headers = { authorization: `Bearer ${registration['registration_access_token']}` };
  const { client_id, redirect_uris } = registration;
  await send(new Request(url, { headers }));
  const changed = jsonPost(url, { client_id, redirect_uris, client_name: 'Renamed', scope: 'notes:read' }, headers);
  await send(new Request(url, { method: 'PUT', headers: changed.headers, body: await changed.text() }));
  await send(new Request(url, { method: 'DELETE', headers }));
}

/** The app's part: redeems, calls, refreshes, revokes. */
async function useTokens(client: TestClient, code: ReturnType<TestClient['receiveCode']>, send: Send): Promise<void> {
  const first = tokensOf(await client.redeem(code, { resource: `${origin}/mcp` }));
  await send(mcpCall(first.accessToken));
  const exchanged = await readAnswer(await send(exchangeOf(first.accessToken)));
  await send(questionAbout(String(exchanged.body['access_token'])));
  const second = tokensOf(await client.refresh(first.refreshToken, { scope: 'notes:read' }));
  await client.revoke(second.accessToken, { token_type_hint: 'access_token' });
}

/** A device without a browser, whose user is signed in at another one. */
async function connectDevice(client: TestClient, browser: TestBrowser): Promise<void> {
  const device = await client.startDevice({ scope: 'notes:read' });
  await client.poll(device);
  await browser.visit(device.url);
  await browser.submit({ user_code: device.userCode });
  await browser.submit({ decision: 'allow' });
  await client.poll(device);
}

/** A client that binds its tokens to a key: proofs go with what needs them. */
function proving(send: Send, key: DpopTestKey): Send {
  return (request) => {
    const { pathname } = new URL(request.url);
    const [scheme, token] = (request.headers.get('authorization') ?? '').split(' ');
    const accessToken = scheme === 'Bearer' ? token : undefined;
    if (accessToken !== undefined) request.headers.set('authorization', `DPoP ${accessToken}`);
    if (pathname === '/token' || pathname === '/mcp') {
      const proof = { url: origin + pathname, now: Date.now(), ...(accessToken === undefined ? {} : { accessToken }) };
      request.headers.set('dpop', key.proof(proof));
    }
    return send(request);
  };
}

/** Everything that people and clients do, in order, request by request through `send`. */
export async function wholeFlow(server: FuzzedServer, send: Send, variant: number): Promise<void> {
  const browser = new TestBrowser(send, origin);
  await send(new Request(`${origin}/.well-known/oauth-authorization-server`));
  const bySend = variant % 3 === 2 ? proving(send, new DpopTestKey()) : send;
  const { client, code } = await connectApp(server, bySend, browser, variant);
  await useTokens(client, code, bySend);
  await connectDevice(client, browser);
  await connectPublished(server, send, browser);
  await manageRegistration(client, send);
  await send(await assertedBy(server));
  await send(await stated(server));
  await send(tokenOfItsOwn());
  for (const path of ['/jwks.json', '/healthz', '/readyz', '/', '/.well-known/oauth-protected-resource/mcp'])
    await send(new Request(origin + path));
  if (server.setupUrl !== undefined) {
    await browser.visit(server.setupUrl);
    await browser.submit({ username: 'eve', password: 'short', password_again: 'short' });
  }
  await browser.visit(`${origin}/account`);
  await browser.submit({
    action: 'change-password',
    current_password: 'x',
    new_password: 'y',
    new_password_again: 'z',
  });
  await browser.submit({ action: 'end-session' });
  await browser.visit(`${origin}/sign-out`);
}

/** What the server behind `/mcp` asks for, to go on to the mail for its user. */
function exchangeOf(accessToken: string): Request {
  return formPost(
    `${origin}/token`,
    {
      grant_type: tokenExchangeGrant,
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: `${origin}/mail`,
      scope: 'mail:read',
    },
    { authorization: basicCredentials(resourceServer.clientId, resourceServer.secret) },
  );
}

/** What an app of an enterprise presents of a user of its identity provider. */
async function assertedBy({ addresses, issuer }: FuzzedServer): Promise<Request> {
  const { clientId, secret } = resourceServer;
  const assertion = await issuer.assertion(addresses, clientId, { scope: 'notes:read', email: 'ada@example.com' });
  const headers = { authorization: basicCredentials(clientId, secret) };
  return formPost(`${origin}/token`, { grant_type: identityAssertionGrant, assertion }, headers);
}

/** A client that its publisher vouches for. */
async function stated({ addresses, publisher }: FuzzedServer): Promise<Request> {
  const software_statement = await publisher.statement(addresses);
  return jsonPost(`${origin}/register`, { software_statement, token_endpoint_auth_method: 'none' });
}

function tokenOfItsOwn(): Request {
  const headers = { authorization: basicCredentials(machine.clientId, machine.secret) };
  return formPost(`${origin}/token`, { grant_type: 'client_credentials', scope: 'notes:read' }, headers);
}

function questionAbout(token: string): Request {
  const { clientId, secret } = resourceServer;
  return formPost(`${origin}/introspect`, { token }, { authorization: basicCredentials(clientId, secret) });
}

function mcpCall(accessToken: string): Request {
  return new Request(`${origin}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      'mcp-method': 'tools/call',
      'mcp-name': 'list_notes',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'list_notes', arguments: {} },
    }),
  });
}

/** The bytes' view of a request that a client made. */
export async function rawOf(request: Request): Promise<RawRequest> {
  const body = Buffer.from(await request.arrayBuffer());
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    target: pathname + search,
    headers: [['host', new URL(origin).host], ['connection', 'close'], ...request.headers],
    ...(body.byteLength === 0 ? {} : { body }),
  };
}
