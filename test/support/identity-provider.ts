import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CompactSign, createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { errors, Provider, type TokenContext } from 'oidc-provider';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { pkcePair } from '../../src/testing/test-client.ts';
import { TestClientKey } from '../../src/testing/test-client-key.ts';
import { type OutsideHost, startOutsideHost } from './outside-host.ts';

export interface Employee {
  readonly sub: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Which app may act for its users where, and with which scopes: what the enterprise decides. */
export interface AppPolicy {
  /** The app at the identity provider. */
  readonly app: string;
  readonly audience: string;
  readonly resource: string;
  /** The app at the MCP server. */
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/** An enterprise's identity provider: `oidc-provider` with the exchange of ID tokens for ID-JAGs, on https at loopback. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly host: OutsideHost;
  readonly app: { readonly clientId: string; readonly clientSecret: string };
  /** A fetch that trusts its certificate, and passes everything else on. */
  readonly fetch: typeof fetch;
  policy: AppPolicy | undefined;
  /** Signs an employee in to the app, as a browser would. @returns the ID token */
  signIn(employee: Employee): Promise<string>;
  close(): Promise<void>;
}

const redirectUri = 'https://app.example.com/callback';
const app = { clientId: 'app-at-idp', clientSecret: 'a secret of the app at the identity provider' };

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const key = TestClientKey.generate('ES256', randomUUID());
  let listener: RequestListener = (_, response) => void response.writeHead(503).end();
  // Its certificate is for the address too, so that nobody has to look a name up.
  const host = await startOutsideHost('127.0.0.1', (request, response) => listener(request, response));
  const issuer = host.origin;
  const trustingFetch = fetchTrusting(issuer, host.exception.ca);
  let present: Employee | undefined;
  const employees = new Map<string, Employee>();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: app.clientId,
        client_secret: app.clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', exchangeGrant],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...key.privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: key.keyId }] },
    cookies: { keys: [randomUUID()] },
    features: { devInteractions: { enabled: false } },
    ttl: { Session: 600, Interaction: 600, Grant: 600, AuthorizationCode: 60, AccessToken: 60, IdToken: 600 },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
  });
  const identityProvider: IdentityProvider = {
    issuer,
    host,
    app,
    fetch: trustingFetch,
    policy: undefined,
    async signIn(employee) {
      present = employee;
      employees.set(employee.sub, employee);
      return idTokenOf(issuer, trustingFetch);
    },
    close: () => host.close(),
  };
  provider.registerGrantType(
    exchangeGrant,
    (context) => exchange(context, { issuer, key, employees, policy: identityProvider.policy }),
    ['requested_token_type', 'audience', 'resource', 'scope', 'subject_token', 'subject_token_type'],
  );
  const callback = provider.callback();
  listener = (request, response) => {
    if (request.url?.startsWith('/interaction/') === true) void interact(provider, request, response, present);
    else callback(request, response);
  };
  return identityProvider;
}

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What an application's sign-in and consent pages would end with. */
async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  employee: Employee | undefined,
): Promise<void> {
  const accountId = employee?.sub ?? '';
  const { prompt } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId } });
  const grant = new provider.Grant({ accountId, clientId: app.clientId });
  grant.addOIDCScope('openid');
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

async function idTokenOf(issuer: string, trustingFetch: typeof fetch): Promise<string> {
  const { verifier, challenge } = pkcePair();
  const url = new URL('/auth', issuer);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }).toString();
  const browser = new TestBrowser((request) => trustingFetch(request), issuer);
  const arrived = await browser.visit(url);
  if (!(arrived instanceof URL)) throw new Error(`no code, but ${arrived.status}: ${arrived.html}`);
  const response = await trustingFetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: arrived.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: app.clientId,
      client_secret: app.clientSecret,
    }),
  });
  const { id_token: idToken } = (await response.json()) as { id_token?: string };
  if (idToken === undefined) throw new Error(`no ID token: ${response.status}`);
  return idToken;
}

interface Enterprise {
  readonly issuer: string;
  readonly key: TestClientKey;
  readonly employees: ReadonlyMap<string, Employee>;
  readonly policy: AppPolicy | undefined;
}

/** @see MCP extension Enterprise-Managed Authorization §4 */
async function exchange(context: TokenContext, { issuer, key, employees, policy }: Enterprise): Promise<void> {
  const { client, params } = context.oidc;
  const keys = createLocalJWKSet({ keys: key.jwks.keys as JWK[] });
  const { payload } = await jwtVerify(params['subject_token'] ?? '', keys, { issuer, audience: client.clientId });
  const isAllowed =
    policy?.app === client.clientId &&
    policy.audience === params['audience'] &&
    policy.resource === params['resource'] &&
    params['requested_token_type'] === 'urn:ietf:params:oauth:token-type:id-jag';
  if (!isAllowed) throw new errors.InvalidTarget('the enterprise does not let this app act there');
  const asked = params['scope']?.split(' ') ?? policy.scopes;
  const scope = asked.filter((name) => policy.scopes.includes(name)).join(' ');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...employees.get(payload.sub ?? '')?.claims,
    iss: issuer,
    sub: payload.sub,
    aud: policy.audience,
    resource: policy.resource,
    client_id: policy.clientId,
    scope,
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
    auth_time: payload['auth_time'] ?? payload.iat,
  };
  const assertion = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'ES256', typ: 'oauth-id-jag+jwt', kid: key.keyId })
    .sign(key.privateKey);
  context.body = {
    issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    access_token: assertion,
    token_type: 'N_A',
    scope,
    expires_in: 300,
  };
}

/** Node's fetch takes no certificate of its own. */
function fetchTrusting(origin: string, ca: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).origin !== origin) return fetch(request);
    const body = Buffer.from(await request.arrayBuffer());
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const sent = httpsRequest(
      request.url,
      { method: request.method, headers: Object.fromEntries(request.headers), ca, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const headers = new Headers();
          for (let n = 0; n < answer.rawHeaders.length; n += 2)
            headers.append(answer.rawHeaders[n] ?? '', answer.rawHeaders[n + 1] ?? '');
          const { statusCode: status = 500 } = answer;
          resolve(
            new Response([204, 303, 302, 304].includes(status) ? null : Buffer.concat(chunks), { status, headers }),
          );
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
    return promise;
  };
}
