import { randomUUID } from 'node:crypto';

export const callbackUrl = 'http://localhost:47110/callback';

export interface StoredTokens {
  access_token: string;
  token_type: string;
  refresh_token?: string;
  scope?: string;
}

/** What a client keeps, in the shape of the `OAuthClientProvider` of both versions of the official SDK. */
export class ClientState {
  readonly redirectUrl = callbackUrl;
  readonly clientMetadata = {
    client_name: 'interop test',
    redirect_uris: [callbackUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  /** Where the client publishes its metadata document. */
  clientMetadataUrl?: string;
  registered: { client_id: string } | undefined;
  current: StoredTokens | undefined;
  /** Where the user's browser was sent last. */
  authorizationUrl: URL | undefined;
  #discovery: unknown;
  #verifier = '';
  #state = '';

  state(): string {
    this.#state = randomUUID();
    return this.#state;
  }

  clientInformation(): { client_id: string } | undefined {
    return this.registered;
  }

  saveClientInformation(information: { client_id: string }): void {
    this.registered = information;
  }

  tokens(): StoredTokens | undefined {
    return this.current;
  }

  saveTokens(tokens: StoredTokens): void {
    this.current = tokens;
  }

  redirectToAuthorization(url: URL): void {
    this.authorizationUrl = url;
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

  invalidateCredentials(): void {
    this.current = undefined;
  }

  /** The address that the browser was sent to, once. */
  takeAuthorizationUrl(): URL {
    const url = this.authorizationUrl;
    if (url === undefined) throw new Error('the client has sent nobody to the authorization endpoint');
    this.authorizationUrl = undefined;
    return url;
  }

  /** The parameters of a callback, whose `state` must be ours. */
  receive(callback: URL): URLSearchParams {
    if (!callback.href.startsWith(`${callbackUrl}?`)) throw new Error(`the browser was sent to ${callback.href}`);
    if (callback.searchParams.get('state') !== this.#state) throw new Error('the callback has a foreign state');
    return callback.searchParams;
  }
}
