import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { type Random, randomId, randomSecret, systemRandom } from '../core/random.ts';
import type { TokenEndpointAuthMethod } from '../core/records.ts';
import type { OAuthProvider } from '../provider.ts';
import { assertionParameters, TestClientKey } from './test-client-key.ts';

/** @see RFC 7636 §4 */
export interface PkcePair {
  readonly verifier: string;
  /** S256 of the verifier. */
  readonly challenge: string;
}

/** Makes a PKCE verifier and its S256 challenge. */
export function pkcePair(random: Random = systemRandom): PkcePair {
  const verifier = randomSecret(random);
  return { verifier, challenge: hash('sha256', verifier, 'base64url') };
}

/** A request's parameters; `undefined` leaves one out that would be sent otherwise. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON object that it holds; empty where it holds none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The tokens of a successful token response. */
export interface Tokens {
  readonly accessToken: string;
  /** '' where none was issued. */
  readonly refreshToken: string;
  readonly scope: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** An authorization request together with what its answer must match. */
export interface PreparedAuthorization {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
  /** As in the request; absent where it named none. */
  readonly redirectUri?: string;
}

/** A code as it arrived at the client, with what its redemption needs. */
export interface ReceivedCode {
  readonly code: string;
  readonly verifier: string;
  /** As in the authorization request; absent where it named none. */
  readonly redirectUri?: string;
}

/** A device that waits for its user. */
export interface StartedDevice {
  readonly deviceCode: string;
  readonly userCode: string;
  /** Its `verification_uri_complete`. */
  readonly url: URL;
}

export interface TestClientOptions {
  /** Default: `http://localhost:9999/cb`. */
  readonly redirectUri?: string;
  /** Default: `none`, a public client. */
  readonly authMethod?: TokenEndpointAuthMethod;
  /** Space-separated. Default: what the server gives to clients that name none. */
  readonly scope?: string;
  /** Further members of the registration request. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** How requests are sent. Default: handed to the provider, without any network. */
  readonly send?: (request: Request) => Promise<Response>;
}

/** A client's fields, for clients that were registered in another way than by `createTestClient`. */
export interface TestClientCredentials {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly authMethod: TokenEndpointAuthMethod;
  readonly redirectUri: string;
  /** What it signs with, for `private_key_jwt`. */
  readonly key?: TestClientKey;
}

/**
 * Registers a client with a provider and returns what it can do.
 * @throws AssertionError where registration is refused
 * @see RFC 7591 §3
 */
export async function createTestClient(provider: OAuthProvider, options: TestClientOptions = {}): Promise<TestClient> {
  const { redirectUri = 'http://localhost:9999/cb', authMethod = 'none', send = sendTo(provider) } = options;
  const key = authMethod === 'private_key_jwt' ? TestClientKey.generate() : undefined;
  const metadata = {
    client_name: 'Test client',
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: authMethod,
    ...(key === undefined ? {} : { jwks: key.jwks }),
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    ...options.metadata,
  };
  const answer = await readAnswer(await send(jsonPost(provider.endpointUrl('register'), metadata)));
  assert.equal(answer.status, 201, `registration was refused: ${answer.text}`);
  const { client_id: clientId, client_secret: clientSecret } = answer.body;
  assert.equal(typeof clientId, 'string');
  const credentials = {
    clientId: String(clientId),
    authMethod,
    redirectUri,
    ...(clientSecret === undefined ? {} : { clientSecret: String(clientSecret) }),
    ...(key === undefined ? {} : { key }),
  };
  return new TestClient(provider, credentials, send, answer.body);
}

/** An OAuth client that does exactly what it is told, wrong things included. */
export class TestClient {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly redirectUri: string;
  /** The registration response. */
  readonly registration: Readonly<Record<string, unknown>>;
  /** Every secret that this client made or received: none of them may be found in a store or a log. */
  readonly secrets = new Set<string>();
  readonly #provider: OAuthProvider;
  readonly #authMethod: TokenEndpointAuthMethod;
  readonly #key: TestClientKey | undefined;
  readonly #send: (request: Request) => Promise<Response>;

  constructor(
    provider: OAuthProvider,
    credentials: TestClientCredentials,
    send = sendTo(provider),
    registration: Readonly<Record<string, unknown>> = {},
  ) {
    this.#provider = provider;
    this.#send = send;
    this.#authMethod = credentials.authMethod;
    this.#key = credentials.key;
    this.clientId = credentials.clientId;
    this.clientSecret = credentials.clientSecret;
    this.redirectUri = credentials.redirectUri;
    this.registration = registration;
    this.#note(credentials.clientSecret);
  }

  /** A valid authorization request, or with `parameters` an invalid one. */
  prepareAuthorization(parameters: Parameters = {}): PreparedAuthorization {
    const { verifier, challenge } = pkcePair();
    this.#note(verifier);
    const state = parameters['state'] ?? randomId(systemRandom);
    const fields = {
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state,
      ...parameters,
    };
    const { redirect_uri: redirectUri } = fields as Parameters;
    return {
      url: this.#authorizationUrl(fields),
      verifier,
      state,
      ...(redirectUri === undefined ? {} : { redirectUri }),
    };
  }

  /** Sends an authorization request ahead. @see RFC 9126 §2 */
  push(
    { url }: Pick<PreparedAuthorization, 'url'>,
    parameters: Parameters = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.post('pushedRequest', { ...Object.fromEntries(url.searchParams), ...parameters }, headers);
  }

  /**
   * A valid authorization request that has been pushed, or with `parameters` another one.
   * @throws AssertionError where the push is refused
   */
  async preparePushedAuthorization(parameters: Parameters = {}): Promise<PreparedAuthorization> {
    const prepared = this.prepareAuthorization(parameters);
    const answer = await this.push(prepared);
    assert.equal(answer.status, 201, `the pushed request was refused: ${answer.text}`);
    const requestUri = String(answer.body['request_uri']);
    return { ...prepared, url: this.#authorizationUrl({ client_id: this.clientId, request_uri: requestUri }) };
  }

  /**
   * Asks for authorization as a device without a browser does.
   * @throws AssertionError where it is refused
   * @see RFC 8628 §3.1
   */
  async startDevice(parameters: Parameters = {}): Promise<StartedDevice> {
    const answer = await this.post('deviceAuthorization', parameters);
    assert.equal(answer.status, 200, `the device was refused: ${answer.text}`);
    const deviceCode = String(answer.body['device_code']);
    this.#note(deviceCode);
    return {
      deviceCode,
      userCode: String(answer.body['user_code']),
      url: new URL(String(answer.body['verification_uri_complete'])),
    };
  }

  /** Asks what became of a device's request. */
  poll({ deviceCode }: Pick<StartedDevice, 'deviceCode'>, parameters: Parameters = {}): Promise<Answer> {
    return this.post('token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: deviceCode,
      ...parameters,
    });
  }

  /** The code in a redirect that arrived at this client. */
  receiveCode({ verifier, redirectUri }: PreparedAuthorization, arrived: URL): ReceivedCode {
    const code = arrived.searchParams.get('code');
    assert.ok(code, `no code arrived: ${arrived}`);
    this.#note(code);
    return { code, verifier, ...(redirectUri === undefined ? {} : { redirectUri }) };
  }

  redeem(
    { code, verifier, redirectUri }: ReceivedCode,
    parameters: Parameters = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const grant = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
    return this.post('token', { ...grant, ...parameters }, headers);
  }

  refresh(
    refreshToken: string,
    parameters: Parameters = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.post('token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...parameters }, headers);
  }

  revoke(token: string, parameters: Parameters = {}): Promise<Answer> {
    return this.post('revoke', { token, ...parameters });
  }

  /** Posts a form to an endpoint, authenticated as the client is registered. */
  async post(
    endpoint: 'token' | 'revoke' | 'pushedRequest' | 'deviceAuthorization',
    parameters: Parameters,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const request = formPost(
      this.#provider.endpointUrl(endpoint),
      { ...(await this.#bodyCredentials()), ...parameters },
      { ...this.#headerCredentials(), ...headers },
    );
    const answer = await readAnswer(await this.#send(request));
    for (const member of ['access_token', 'refresh_token']) this.#note(answer.body[member]);
    // The secret in it, which nobody has to keep with what is the same in all of them.
    this.#note(
      String(answer.body['request_uri'] ?? '')
        .split(':')
        .at(-1) || undefined,
    );
    return answer;
  }

  #authorizationUrl(parameters: Parameters): URL {
    return new URL(`${this.#provider.endpointUrl('authorize')}?${encoded(parameters)}`);
  }

  async #bodyCredentials(): Promise<Parameters> {
    switch (this.#authMethod) {
      case 'none':
        return { client_id: this.clientId };
      case 'client_secret_post':
        return { client_id: this.clientId, client_secret: this.clientSecret };
      case 'client_secret_basic':
        return {};
      case 'private_key_jwt':
        return this.assertion();
    }
  }

  /** The parameters of a valid assertion, or with `claims` and `header` of an invalid one. */
  async assertion(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}) {
    assert.ok(this.#key, 'the client has no key to sign with');
    const now = Math.floor(this.#provider.clock.now() / 1000);
    const usual = {
      iss: this.clientId,
      sub: this.clientId,
      aud: this.#provider.settings.issuer,
      iat: now,
      exp: now + 60,
    };
    const jwt = await this.#key.sign({ ...usual, jti: randomId(systemRandom), ...claims }, header);
    return assertionParameters(jwt);
  }

  #headerCredentials(): Record<string, string> {
    if (this.#authMethod !== 'client_secret_basic') return {};
    return { authorization: basicCredentials(this.clientId, this.clientSecret ?? '') };
  }

  #note(secret: unknown): void {
    if (typeof secret === 'string') this.secrets.add(secret);
  }
}

/** An `Authorization` header value. @see RFC 6749 §2.3.1 */
export function basicCredentials(clientId: string, secret: string): string {
  const joined = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
  return `Basic ${Buffer.from(joined).toString('base64')}`;
}

/** @throws AssertionError where the answer is not a successful token response */
export function tokensOf(answer: Answer): Tokens {
  assert.equal(answer.status, 200, `the token request was refused: ${answer.text}`);
  const { access_token: accessToken, refresh_token: refreshToken, scope, expires_in: expiresIn } = answer.body;
  assert.ok(typeof accessToken === 'string' && accessToken !== '', 'the response has no access_token');
  return {
    accessToken,
    refreshToken: String(refreshToken ?? ''),
    scope: String(scope ?? ''),
    expiresIn: Number(expiresIn),
  };
}

/** Hands requests to a provider; a path that is not one of its endpoints is a 404. */
export function sendTo(provider: OAuthProvider): (request: Request) => Promise<Response> {
  return async (request) =>
    (await provider.handle(request)) ?? new Response('not an endpoint of the provider', { status: 404 });
}

export function formPost(url: string, parameters: Parameters, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: encoded(parameters).toString(),
  });
}

export function jsonPost(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

function encoded(parameters: Parameters): URLSearchParams {
  const present = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(present);
}
