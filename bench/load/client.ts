import { codeChallenge, codeVerifier, type Prepared, redirectUri } from '../servers/protocol.ts';
import { type Answer, type Connection, headerOf } from './connection.ts';

const longestWay = 6;

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/** The requests of an OAuth client and of its user's browser, as bytes. */
export class OAuthClient {
  readonly #prepared: Prepared;
  readonly #host: string;
  readonly #authorize: string;

  constructor(prepared: Prepared, port: number) {
    this.#prepared = prepared;
    this.#host = `127.0.0.1:${port}`;
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: prepared.clientId,
      redirect_uri: redirectUri,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      state: 'bench',
      scope: prepared.scope,
      resource: prepared.resource,
    });
    this.#authorize = `${prepared.authorizePath}?${query}`;
  }

  /** Goes from the authorization request to the code, through whatever redirects the server makes. */
  async authorize(connection: Connection): Promise<string> {
    let answer = await connection.send(this.#browse(this.#authorize));
    for (let step = 0; step < longestWay; step += 1) {
      const location = headerOf(answer.head, 'location');
      if (location === undefined) throw unexpected('the way to the code', answer);
      if (location.startsWith(redirectUri)) {
        const code = /[?&]code=([^&]+)/.exec(location)?.[1];
        if (code === undefined) throw unexpected('a code', answer);
        return decodeURIComponent(code);
      }
      const { pathname, search } = new URL(location, `http://${this.#host}`);
      const { approvePath } = this.#prepared;
      answer = await connection.send(
        approvePath === undefined
          ? this.#browse(pathname + search)
          : this.#form(approvePath, search.slice(1), this.#prepared.browserHeaders),
      );
    }
    throw unexpected('a code after so many redirects', answer);
  }

  exchangeRequest(code: string): Buffer {
    const { clientId, resource, tokenPath } = this.#prepared;
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: codeVerifier,
      resource,
    });
    return this.#form(tokenPath, form.toString());
  }

  refreshRequest(refreshToken: string): Buffer {
    const { clientId, resource, tokenPath } = this.#prepared;
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: clientId,
      resource,
    });
    return this.#form(tokenPath, form.toString());
  }

  /** A wrong password for a sign-in page that somebody stands on. */
  signInRequest({ path, form, cookie }: NonNullable<Prepared['signIn']>): Buffer {
    const origin = `http://${this.#host}`;
    return this.#form(path, form, { Cookie: cookie, Origin: origin, 'Sec-Fetch-Site': 'same-origin' });
  }

  async token(connection: Connection, request: Buffer): Promise<Tokens> {
    const answer = await connection.send(request);
    if (answer.status !== 200) throw unexpected('tokens', answer);
    return JSON.parse(answer.body) as Tokens;
  }

  #browse(target: string): string {
    return `GET ${target} HTTP/1.1\r\nHost: ${this.#host}\r\nAccept: text/html\r\nSec-Fetch-Site: none\r\n${lines(this.#prepared.browserHeaders)}\r\n`;
  }

  #form(path: string, form: string, headers: Readonly<Record<string, string>> = {}): Buffer {
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${Buffer.byteLength(form)}\r\n${lines(headers)}\r\n${form}`,
    );
  }
}

export function metadataRequest(port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n\r\n`);
}

/** A tool call as a client of the 2026-07-28 revision sends it. */
export function toolCallRequest(port: number, path: string, accessToken: string | undefined): Buffer {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'echo',
      arguments: { text: 'bench' },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  });
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n` +
      `MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n` +
      (accessToken === undefined ? '' : `Authorization: Bearer ${accessToken}\r\n`) +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export function unexpected(wanted: string, { status, head, body }: Answer): Error {
  return new Error(`no ${wanted}, but status ${status}: ${headerOf(head, 'location') ?? ''} ${body.slice(0, 500)}`);
}

function lines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
