import { TestBrowser, type TestPage } from '../../../src/testing/test-browser.ts';
import { type Answer, formPost, type Parameters, pkcePair, readAnswer } from '../../../src/testing/test-client.ts';
import { publicOrigin } from './server-process.ts';
import type { Wire } from './wire.ts';

const redirectUri = 'http://localhost:9999/cb';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A public client and the browser of the person who uses it. */
export class Visitor {
  readonly wire: Wire;
  readonly browser: TestBrowser;
  clientId = '';
  accessToken = '';
  refreshToken = '';

  constructor(wire: Wire) {
    this.wire = wire;
    this.browser = new TestBrowser(wire.send, publicOrigin);
  }

  async register(): Promise<Answer> {
    const answer = await this.json('/register', {
      client_name: 'App',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
    });
    this.clientId = String(answer.body['client_id'] ?? this.clientId);
    return answer;
  }

  /** Makes the first administrator by the set-up link. */
  async setUp(url: string, { username, password }: Credentials): Promise<void> {
    await this.browser.visit(url);
    await this.browser.submit({ username, password, password_again: password });
  }

  async signIn(credentials: Credentials): Promise<TestPage> {
    await this.browser.visit(`${publicOrigin}/sign-in?again=1`);
    await this.browser.submit({ ...credentials });
    return this.browser.page;
  }

  /** Takes the client through sign-in and consent to its tokens. */
  async connect(credentials: Credentials): Promise<void> {
    const { verifier, challenge } = pkcePair();
    let arrived = await this.browser.visit(this.authorizeUrl(challenge));
    if (!(arrived instanceof URL) && arrived.url.pathname === '/sign-in') {
      arrived = await this.browser.submit({ ...credentials });
    }
    if (!(arrived instanceof URL)) arrived = await this.browser.submitAndLeave({ decision: 'allow' });
    const code = arrived.searchParams.get('code') ?? '';
    this.#keep(
      await this.token({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }),
    );
  }

  authorizeUrl(challenge = 'c'.repeat(43)): string {
    const query = {
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state: 's',
    };
    return `${publicOrigin}/authorize?${new URLSearchParams(query)}`;
  }

  async refresh(): Promise<Answer> {
    return this.#keep(await this.token({ grant_type: 'refresh_token', refresh_token: this.refreshToken }));
  }

  token(form: Parameters): Promise<Answer> {
    return this.form('/token', { client_id: this.clientId, ...form });
  }

  call(message: object = {}): Promise<Answer> {
    return this.json(
      '/mcp',
      { jsonrpc: '2.0', id: 1, method: 'ping', ...message },
      { authorization: `Bearer ${this.accessToken}` },
    );
  }

  async get(path: string): Promise<Answer> {
    return readAnswer(await this.wire.send(new Request(publicOrigin + path)));
  }

  async form(path: string, form: Parameters): Promise<Answer> {
    return readAnswer(await this.wire.send(formPost(publicOrigin + path, form)));
  }

  async json(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    };
    return readAnswer(await this.wire.send(new Request(publicOrigin + path, init)));
  }

  #keep(answer: Answer): Answer {
    if (answer.status === 200) {
      this.accessToken = String(answer.body['access_token']);
      this.refreshToken = String(answer.body['refresh_token']);
    }
    return answer;
  }
}
