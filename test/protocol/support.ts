import { createHash } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { ProviderEnvironment } from '../../src/core/environment.ts';
import type { SecurityEvent } from '../../src/core/events.ts';
import { defaultLifetimes, type OAuthProviderOptions } from '../../src/core/settings.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import type { AuthenticateOptions, Authentication } from '../../src/oauth/bearer/authenticate.ts';
import type { OAuthProvider } from '../../src/provider.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { sendTo } from '../../src/testing/test-client.ts';
import { engine } from '../support/engine.ts';
import { createPortcullisHarness, signInAndAllow } from '../support/portcullis-harness.ts';

export const base = 'http://localhost:3000';
export const resource = `${base}/mcp`;
export const redirectUri = 'http://localhost:9999/cb';
export const verifier = 'v-_.~'.padEnd(64, '0123456789');
export const challenge = createHash('sha256').update(verifier).digest('base64url');

export interface FixtureOptions {
  readonly options?: Partial<OAuthProviderOptions>;
  readonly environment?: Omit<ProviderEnvironment, 'clock' | 'onEvent'>;
}

/** A provider with what a test needs around it. */
export interface RunningProvider {
  readonly provider: OAuthProvider;
  readonly clock: ManualClock;
  readonly events: SecurityEvent[];
  /** Takes a browser from where `/authorize` sent it to the client's redirect URI, signing in and approving on the way. */
  approve(url: URL): Promise<URL>;
  close(): Promise<void>;
}

export interface ProviderKind {
  readonly name: string;
  create(fixture?: FixtureOptions): Promise<RunningProvider>;
}

/** Every provider that must answer the protocol cases, with the fixture's scopes and registration unless told otherwise. */
const everyProvider: readonly ProviderKind[] = [
  {
    name: 'InMemoryProvider',
    async create(fixture) {
      const { options, environment, clock, events } = surroundings(fixture);
      const provider = new InMemoryProvider(options, environment);
      return { provider, clock, events, approve: async (url) => url, close: async () => {} };
    },
  },
  {
    name: 'Portcullis',
    async create(fixture) {
      const { options, environment, clock, events } = surroundings(fixture);
      const { provider, close } = await createPortcullisHarness({
        options,
        environment: { ...environment, lifetimes: defaultLifetimes },
      });
      const { origin } = new URL(options.baseUrl);
      const approve = async (url: URL) =>
        url.origin === origin ? signInAndAllow(url, new TestBrowser(sendTo(provider), origin)) : url;
      return { provider, clock, events, approve, close: async () => close?.() };
    },
  },
];

/** Those that the engine of this run matters to. */
export const providers =
  engine === 'sqlite' ? everyProvider : everyProvider.filter(({ name }) => name === 'Portcullis');

function surroundings({ options, environment }: FixtureOptions = {}) {
  const clock = new ManualClock();
  const events: SecurityEvent[] = [];
  return {
    clock,
    events,
    options: {
      baseUrl: base,
      requiredScopes: ['read'],
      ...options,
      clientRegistration: {
        enabled: true,
        validScopes: ['read', 'write'],
        defaultScopes: ['read'],
        ...options?.clientRegistration,
      },
    },
    environment: { ...environment, clock, onEvent: (event: SecurityEvent) => void events.push(event) },
  };
}

/** Makes peers of providers of one kind, and closes these when the test ends. */
export function peersOf({ create }: ProviderKind): (fixture?: FixtureOptions) => Promise<Peer> {
  return async (fixture) => {
    const running = await create(fixture);
    onTestFinished(() => running.close());
    return new Peer(running);
  };
}

export interface RegisteredClient {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly token_endpoint_auth_method: string;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly expires_in: number;
}

export type Parameters = Readonly<Record<string, string | undefined>>;

/** A client of the server under test: speaks to its endpoints as over HTTP, one `Request` at a time. */
export class Peer {
  readonly running: RunningProvider;

  constructor(running: RunningProvider) {
    this.running = running;
  }

  get provider(): OAuthProvider {
    return this.running.provider;
  }

  /** The answer to any request; 404 for what is not the provider's. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const origin = new URL(this.provider.settings.baseUrl).origin;
    return (await this.provider.handle(new Request(`${origin}${path}`, init))) ?? new Response(null, { status: 404 });
  }

  post(path: string, parameters: Parameters | string, headers: Record<string, string> = {}): Promise<Response> {
    const body = typeof parameters === 'string' ? parameters : form(parameters);
    return this.send(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  registration(metadata: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const body = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
    return this.send(this.provider.settings.paths.register, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async register(metadata: Readonly<Record<string, unknown>> = {}): Promise<RegisteredClient> {
    const response = await this.registration({
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      scope: 'read write',
      ...metadata,
    });
    expect(response.status).toBe(201);
    return (await response.json()) as RegisteredClient;
  }

  /** `undefined` takes a parameter of the valid request away. */
  authorize(
    client: RegisteredClient,
    changes: Parameters = {},
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.send(`${this.provider.settings.paths.authorize}?${form(validRequest(client, changes))}`, { headers });
  }

  /** Where the browser ends: the client's redirect URI with its parameters. */
  async authorized(client: RegisteredClient, changes: Parameters = {}): Promise<URL> {
    return this.running.approve(location(await this.authorize(client, changes)));
  }

  async code(client: RegisteredClient, changes: Parameters = {}): Promise<string> {
    const code = (await this.authorized(client, changes)).searchParams.get('code');
    if (code === null) throw new Error('no code was issued');
    return code;
  }

  /** A token request with the client's own authentication. */
  token(client: RegisteredClient, parameters: Parameters, headers: Record<string, string> = {}): Promise<Response> {
    const { token } = this.provider.settings.paths;
    return this.post(token, { ...credentials(client), ...parameters }, { ...basic(client), ...headers });
  }

  redemption(client: RegisteredClient, code: string, changes: Parameters = {}): Promise<Response> {
    return this.token(client, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...changes,
    });
  }

  async redeem(client: RegisteredClient, code: string, changes: Parameters = {}): Promise<Tokens> {
    return tokensOf(await this.redemption(client, code, changes));
  }

  async tokens(client: RegisteredClient, changes: Parameters = {}): Promise<Tokens> {
    return this.redeem(client, await this.code(client, changes));
  }

  refresh(client: RegisteredClient, refreshToken: string, changes: Parameters = {}): Promise<Response> {
    return this.token(client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...changes });
  }

  revocation(client: RegisteredClient, token: string, changes: Parameters = {}): Promise<Response> {
    return this.post(this.provider.settings.paths.revoke, { ...credentials(client), token, ...changes }, basic(client));
  }

  /** Asks to let a request pass to the MCP endpoint. */
  mcp(
    headers: Record<string, string>,
    body: unknown = { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    options: AuthenticateOptions = {},
  ): Promise<Authentication> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = new Request(this.provider.settings.resource, {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', ...headers },
    });
    return this.provider.authenticate(request, options);
  }

  /** The status of an MCP request with this token; 200 where it may pass. */
  async mcpStatus(accessToken: string): Promise<number> {
    return (await this.mcp({ authorization: `Bearer ${accessToken}` })).response?.status ?? 200;
  }
}

export function form(parameters: Parameters): string {
  return new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
}

export function validRequest(client: RegisteredClient, changes: Parameters = {}): Parameters {
  return {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope: 'read',
    state: 'st4te &=é',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    resource,
    ...changes,
  };
}

export function location(response: Response): URL {
  const target = response.headers.get('location');
  if (target === null) throw new Error(`no Location in a ${response.status}`);
  return new URL(target);
}

export async function tokensOf(response: Response): Promise<Tokens> {
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body as Tokens;
}

export function basicHeader(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

/** Sees that a response is an OAuth error that nothing caches, and hands out its description. */
export async function expectError(response: Response, status: number, code: string): Promise<string> {
  const body = (await response.json()) as { error: string; error_description: string };
  expect({ status: response.status, error: body.error }, body.error_description).toEqual({ status, error: code });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(response.headers.get('location')).toBeNull();
  return body.error_description;
}

/** Sees that an authorization error came back to the client as it must, and hands out its description. */
export function expectRedirectedError(response: Response, code: string): string {
  expect(response.status).toBe(302);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const target = location(response);
  expect(`${target.origin}${target.pathname}`).toBe(redirectUri);
  expect(Object.fromEntries(target.searchParams)).toEqual({
    error: code,
    error_description: expect.any(String),
    state: 'st4te &=é',
    iss: base,
  });
  return target.searchParams.get('error_description') ?? '';
}

function credentials(client: RegisteredClient): Parameters {
  if (client.token_endpoint_auth_method === 'client_secret_basic') return {};
  return { client_id: client.client_id, client_secret: client.client_secret };
}

function basic(client: RegisteredClient): Record<string, string> {
  return client.token_endpoint_auth_method === 'client_secret_basic'
    ? { authorization: basicHeader(client.client_id, client.client_secret ?? '') }
    : {};
}
