import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Client,
  type OAuthClientProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';

export interface LoopbackAppOptions {
  /** As the app calls itself. Default: `Sticky Desk`. */
  readonly name?: string;
  /** What the app asks for, in place of what the server says that it needs. */
  readonly scope?: string;
  /** Where the app publishes its metadata document, instead of registering. */
  readonly clientMetadataUrl?: string;
  /** Further parameters of the authorization request; `undefined` leaves one out. */
  readonly parameters?: Readonly<Record<string, string | undefined>>;
  /** Where the browser is sent back to, instead of the app's own callback server. */
  readonly redirectUri?: string;
  /** What the callback server answers once the app has taken the parameters. Default: a page. */
  readonly onCallback?: RequestListener;
}

/** An app on this computer: the official MCP client, with a callback server of its own on a free port. */
export class LoopbackApp implements OAuthClientProvider {
  readonly redirectUrl: string;
  /** Every answer that the app has got, such as `POST /mcp 401`. */
  readonly answers: string[] = [];
  readonly #options: LoopbackAppOptions;
  readonly #mcpUrl: string;
  readonly #callbackServer: Server;
  #callback = Promise.withResolvers<URL>();
  #client = newClient();
  #transport: StreamableHTTPClientTransport;
  #information: StoredOAuthClientInformation | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #authorizationUrl: URL | undefined;
  #discovery: unknown;
  #verifier = '';
  #state = '';

  private constructor(mcpUrl: string, callbackServer: Server, options: LoopbackAppOptions) {
    const { port } = callbackServer.address() as AddressInfo;
    this.redirectUrl = options.redirectUri ?? `http://127.0.0.1:${port}/callback`;
    this.#options = options;
    this.#mcpUrl = mcpUrl;
    this.#callbackServer = callbackServer;
    this.#transport = this.#newTransport();
    callbackServer.on('request', (req, res) => {
      const url = new URL(req.url ?? '', `http://127.0.0.1:${port}`);
      if (url.pathname !== '/callback') return void res.writeHead(404).end();
      this.arrive(url);
      if (options.onCallback !== undefined) return options.onCallback(req, res);
      res.writeHead(200, { 'content-type': 'text/html' }).end('<title>App</title><h1>Back in the app</h1>');
    });
  }

  /** @param mcpUrl what the person gave to the app */
  static async open(mcpUrl: string, options: LoopbackAppOptions = {}): Promise<LoopbackApp> {
    const server = createServer();
    const listening = Promise.withResolvers<void>();
    server.once('error', listening.reject).listen(0, '127.0.0.1', listening.resolve);
    await listening.promise;
    return new LoopbackApp(mcpUrl, server, options);
  }

  /** @returns where the person must go first, or `undefined` where the app is connected */
  async connect(): Promise<string | undefined> {
    await this.#client.close();
    this.#client = newClient();
    this.#transport = this.#newTransport();
    return this.#orAuthorizationUrl(this.#client.connect(this.#transport).then(() => undefined));
  }

  /** Where the person must go, for an app that has to ask. */
  async begin(): Promise<string> {
    const url = await this.connect();
    if (url === undefined) throw new Error('the app is connected already');
    return url;
  }

  /** Takes what the browser brought to the callback, redeems the code and connects. */
  async finish(): Promise<void> {
    const callback = await this.callback();
    if (callback.searchParams.get('state') !== this.#state) throw new Error(`foreign state: ${callback}`);
    await this.#transport.finishAuth(callback.searchParams);
    if ((await this.connect()) !== undefined) throw new Error('the app is asked to authorize once more');
  }

  /** The address that the browser was sent back to, once. */
  async callback(): Promise<URL> {
    const url = await this.#callback.promise;
    this.#callback = Promise.withResolvers();
    return url;
  }

  /** Hands over a callback that did not come through the app's own server. */
  arrive(callback: URL): void {
    this.#callback.resolve(callback);
  }

  /** @returns the tool's text, or where the person must go first */
  async call(name: string, input: Record<string, unknown> = {}): Promise<string | undefined> {
    return this.#orAuthorizationUrl(
      this.#client.callTool({ name, arguments: input }).then(({ content }) => {
        const [first] = content as readonly { text?: string }[];
        return first?.text;
      }),
    );
  }

  /** `state` of the authorization request. */
  get sentState(): string {
    return this.#state;
  }

  get accessToken(): string {
    return this.#tokens?.access_token ?? '';
  }

  /** Of the access token, as the server named it. */
  get scope(): string | undefined {
    return this.#tokens?.scope;
  }

  async close(): Promise<void> {
    await this.#client.close();
    const closed = Promise.withResolvers<void>();
    this.#callbackServer.close(() => closed.resolve()).closeAllConnections();
    await closed.promise;
  }

  get clientMetadataUrl(): string {
    return this.#options.clientMetadataUrl ?? '';
  }

  get clientMetadata() {
    return {
      client_name: this.#options.name ?? 'Sticky Desk',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state(): string {
    this.#state = randomUUID();
    return this.#state;
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#information;
  }

  saveClientInformation(information: StoredOAuthClientInformation): void {
    this.#information = information;
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens;
  }

  invalidateCredentials(): void {
    this.#tokens = undefined;
  }

  redirectToAuthorization(url: URL): void {
    const { scope, parameters = {} } = this.#options;
    for (const [name, value] of Object.entries({ ...(scope === undefined ? {} : { scope }), ...parameters })) {
      if (value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    this.#authorizationUrl = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveDiscoveryState(state: unknown): void {
    this.#discovery = state;
  }

  discoveryState(): undefined {
    return this.#discovery as undefined;
  }

  #newTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(new URL(this.#mcpUrl), {
      authProvider: this,
      fetch: async (url, init) => {
        const answer = await fetch(url, init);
        this.answers.push(`${init?.method ?? 'GET'} ${new URL(url).pathname} ${answer.status}`);
        return answer;
      },
    });
  }

  async #orAuthorizationUrl(outcome: Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await outcome;
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || this.#authorizationUrl === undefined) throw error;
      return this.#authorizationUrl.href;
    }
  }
}

function newClient(): Client {
  return new Client({ name: 'Sticky Desk', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
}
