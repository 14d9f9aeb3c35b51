import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { ManualClock } from '../core/clock.ts';
import type { SecurityEvent } from '../core/events.ts';
import type { ClientId } from '../core/ids.ts';
import type { AuthenticateOptions, Authentication } from '../oauth/bearer/authenticate.ts';
import type { OAuthProvider } from '../provider.ts';
import {
  type CreateHarness,
  type Fixture,
  fixtureLifetimes,
  fixtureOptions,
  fixtureScopes,
  type Harness,
} from './harness.ts';
import { TestBrowser } from './test-browser.ts';
import {
  type Answer,
  createTestClient,
  type Parameters,
  type ReceivedCode,
  readAnswer,
  type StartedDevice,
  sendTo,
  type TestClient,
  type TestClientOptions,
  type Tokens,
  tokensOf,
} from './test-client.ts';

/** A client that has been through the whole flow. */
export interface Connection {
  readonly client: TestClient;
  readonly tokens: Tokens;
}

/** One run of one case: a provider of its own, and what cases do with it. */
export class AcceptanceRun {
  readonly provider: OAuthProvider;
  readonly clock: ManualClock;
  readonly events: readonly SecurityEvent[];
  readonly #harness: Harness;
  readonly #clients: TestClient[] = [];

  private constructor(harness: Harness, clock: ManualClock, events: readonly SecurityEvent[]) {
    this.#harness = harness;
    this.provider = harness.provider;
    this.clock = clock;
    this.events = events;
  }

  static async open(createHarness: CreateHarness, fixture: Fixture): Promise<AcceptanceRun> {
    const clock = new ManualClock();
    const events: SecurityEvent[] = [];
    const harness = await createHarness({
      options: { ...fixtureOptions, ...fixture.options },
      environment: {
        scopes: fixtureScopes,
        ...fixture.environment,
        clock,
        lifetimes: { ...fixtureLifetimes, ...fixture.lifetimes },
        onEvent: (event) => events.push(event),
      },
    });
    return new AcceptanceRun(harness, clock, events);
  }

  async close(): Promise<void> {
    await this.#harness.close?.();
  }

  /** Sends a request to the provider; a string is a path or a URL to GET. */
  async send(request: Request | string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const sent =
      typeof request === 'string'
        ? new Request(new URL(request, this.provider.settings.baseUrl), { headers })
        : request;
    return readAnswer(await sendTo(this.provider)(sent));
  }

  async client(options: TestClientOptions = {}): Promise<TestClient> {
    const client = await createTestClient(this.provider, options);
    this.#clients.push(client);
    return client;
  }

  /** Takes a browser from an address of the provider to the client's redirect URI, signing in and consenting on the way. */
  async arrive(start: URL): Promise<URL> {
    const browser = new TestBrowser(sendTo(this.provider), this.provider.settings.baseUrl);
    if (this.#harness.authorize !== undefined) return this.#harness.authorize(start, browser);
    const arrived = await browser.visit(start);
    if (arrived instanceof URL) return arrived;
    return assert.fail(
      `authorize led to ${arrived.url} (${arrived.status}); the harness needs an authorize() that gets past it`,
    );
  }

  /** An initial access token for so many clients; `undefined` where the harness makes none. */
  async invite(uses: number): Promise<string | undefined> {
    return this.#harness.invite?.(uses);
  }

  /** Whether the harness can approve clients that wait. */
  get approvesClients(): boolean {
    return this.#harness.approveClient !== undefined;
  }

  /** Approves a client that waits. */
  async approveClient(clientId: string): Promise<void> {
    await this.#harness.approveClient?.(clientId as ClientId);
  }

  /** Whether the harness can decide on what devices ask. */
  get decidesOnDevices(): boolean {
    return this.#harness.decideOnDevice !== undefined;
  }

  /** Decides on a device's request as its user. */
  async decideOnDevice({ url }: StartedDevice, decision: 'allow' | 'deny'): Promise<void> {
    await this.#harness.decideOnDevice?.(
      url,
      decision,
      new TestBrowser(sendTo(this.provider), this.provider.settings.baseUrl),
    );
  }

  async authorize(client: TestClient, parameters: Parameters = {}): Promise<ReceivedCode> {
    const prepared = client.prepareAuthorization(parameters);
    return client.receiveCode(prepared, await this.arrive(prepared.url));
  }

  /** Registers a client, authorizes it for `read write` unless told otherwise, and redeems the code. */
  async connect(options: TestClientOptions = {}, parameters: Parameters = {}): Promise<Connection> {
    const client = await this.client({ scope: 'read write', ...options });
    const code = await this.authorize(client, { scope: 'read write', ...parameters });
    return { client, tokens: tokensOf(await client.redeem(code)) };
  }

  /** Makes a user whom an issuer means by a subject, where the provider does not do that by itself. */
  async addIdentity(issuer: string, subject: string): Promise<void> {
    await this.#harness.addIdentity?.(issuer, subject);
  }

  /** A further approval of the same client. */
  async connectAgain(client: TestClient, parameters: Parameters = {}): Promise<Tokens> {
    return tokensOf(await client.redeem(await this.authorize(client, { scope: 'read write', ...parameters })));
  }

  /** Calls the MCP endpoint of a resource, by default the default one, with a token. */
  callResource(
    accessToken: string | undefined,
    options: AuthenticateOptions = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Authentication> {
    const { resource = 'default' } = options;
    const authorization: Record<string, string> =
      accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
    return this.provider.authenticate(
      new Request(this.provider.resources.guarded(resource).uri, { headers: { ...authorization, ...headers } }),
      { ...options, resource },
    );
  }

  async assertAlive(accessToken: string, what = 'the access token'): Promise<void> {
    const { token } = await this.callResource(accessToken);
    assert.ok(token !== undefined, `${what} should work`);
  }

  async assertDead(accessToken: string, what = 'the access token'): Promise<void> {
    const { response } = await this.callResource(accessToken);
    assert.equal(response?.status, 401, `${what} should be refused`);
  }

  async assertAllDead(client: TestClient, { accessToken, refreshToken }: Tokens): Promise<void> {
    await this.assertDead(accessToken);
    if (refreshToken !== '') assertOAuthError(await client.refresh(refreshToken), 400, 'invalid_grant');
  }

  /** Asserts that nothing in the store or in the events is a secret that a client has seen. */
  async assertNoSecretsKept(): Promise<void> {
    const kept = { store: (await this.#harness.dumpStorage?.()) ?? '', events: inspect(this.events, { depth: 10 }) };
    const secrets = this.#clients.flatMap((client) => [...client.secrets]);
    for (const [place, text] of Object.entries(kept)) {
      const found = secrets.filter((secret) => text.includes(secret));
      assert.equal(found.length, 0, `${found.length} of ${secrets.length} secrets are in the ${place} in the clear`);
    }
  }
}

/** Asserts an error that is answered directly, as JSON that no cache keeps. */
export function assertOAuthError(answer: Answer, status: number, ...codes: readonly string[]): void {
  assert.equal(answer.status, status, `expected ${status} ${codes.join(' or ')}, got ${answer.status}: ${answer.text}`);
  assert.ok(codes.includes(String(answer.body['error'])), `expected ${codes.join(' or ')}, got ${answer.text}`);
  assert.equal(answer.headers.get('location'), null);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const description = answer.body['error_description'];
  assert.ok(
    description === undefined || /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/.test(String(description)),
    'error_description has characters that RFC 6749 does not allow',
  );
}

/** Asserts an error that is sent to the client's redirect URI. @returns the redirect's target */
export function assertRedirectedError(
  run: AcceptanceRun,
  answer: Answer,
  redirectUri: string,
  code: string,
  state: string,
): URL {
  assert.equal(answer.status, 302, `expected a redirect with ${code}, got ${answer.status}: ${answer.text}`);
  const location = answer.headers.get('location') ?? '';
  assert.ok(location.startsWith(redirectUri), `${location} is not at ${redirectUri}`);
  const { searchParams } = new URL(location);
  assert.equal(searchParams.get('error'), code, location);
  assert.equal(searchParams.get('state'), state);
  assert.equal(searchParams.get('iss'), run.provider.settings.issuer);
  assert.equal(searchParams.has('code'), false);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return new URL(location);
}

/** Replaces one method of the provider while `act` runs. */
export async function withMethod<Name extends MethodName>(
  provider: OAuthProvider,
  name: Name,
  replacement: OAuthProvider[Name],
  act: () => Promise<void>,
): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(provider, name);
  Object.defineProperty(provider, name, { value: replacement, configurable: true, writable: true });
  try {
    await act();
  } finally {
    Reflect.deleteProperty(provider, name);
    if (own !== undefined) Object.defineProperty(provider, name, own);
  }
}

/** The ten methods of the contract. */
export type MethodName =
  | 'getClient'
  | 'registerClient'
  | 'authorize'
  | 'loadAuthorizationCode'
  | 'exchangeAuthorizationCode'
  | 'loadRefreshToken'
  | 'exchangeRefreshToken'
  | 'loadAccessToken'
  | 'revokeToken'
  | 'verifyToken';
