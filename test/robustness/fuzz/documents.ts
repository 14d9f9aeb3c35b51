import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { anyText } from '../../support/any-text.ts';
import { type OutsideHost, startOutsideHost } from '../../support/outside-host.ts';
import { jsonText, marker } from './values.ts';

/** Where clients publish their documents. */
export const hostName = 'app.example';

/** What the host answers for a document. `good`: a client at `http://localhost:9999/cb` with these members besides. */
export type Published =
  | { readonly kind: 'good'; readonly members: Readonly<Record<string, unknown>>; readonly headers: Headers }
  | { readonly kind: 'text'; readonly text: string; readonly type: string }
  | { readonly kind: 'huge'; readonly bytes: number; readonly says: 'its length' | 'nothing' }
  | { readonly kind: 'redirect'; readonly status: number; readonly to: string }
  | { readonly kind: 'status'; readonly status: number; readonly headers: Headers }
  | { readonly kind: 'encoded'; readonly encoding: string }
  | { readonly kind: 'raw'; readonly bytes: string }
  | { readonly kind: 'slow'; readonly part: 'headers' | 'body' }
  | { readonly kind: 'broken off' };

type Headers = Readonly<Record<string, string>>;

/** A host on loopback that answers for each path what was published there, however wrong. */
export class DocumentHost {
  readonly #host: OutsideHost;
  readonly #published: Map<string, Published>;
  #count = 0;

  private constructor(host: OutsideHost, published: Map<string, Published>) {
    this.#host = host;
    this.#published = published;
  }

  static async start(): Promise<DocumentHost> {
    const published = new Map<string, Published>();
    const host = await startOutsideHost(hostName, (request, response) => answer(request, response, published));
    return new DocumentHost(host, published);
  }

  get port(): number {
    return this.#host.port;
  }

  get ca(): string {
    return this.#host.exception.ca;
  }

  /** How many documents were asked for. */
  get asked(): number {
    return this.#host.asked.length;
  }

  /** Publishes a document. @returns its URL, which is the client id, new each time */
  publish(document: Published): string {
    this.#count += 1;
    const path = pathOf(this.#count);
    this.#published.set(path, document);
    // Who was asked about long ago is not asked about again.
    this.#published.delete(pathOf(this.#count - 1000));
    return `${this.#host.origin}${path}`;
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}

// So that no change of one character makes the next one of it, which would then be remembered as one that is not there.
function pathOf(count: number): string {
  return `/client-${count}-${count * 7919}.json`;
}

/** What a client says of itself, where it says it well. */
export function documentOf(clientId: string, members: Readonly<Record<string, unknown>> = {}): object {
  return {
    client_id: clientId,
    client_name: 'Published client',
    redirect_uris: ['http://localhost:9999/cb'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    token_endpoint_auth_method: 'none',
    ...members,
  };
}

function answer(request: IncomingMessage, response: ServerResponse, published: ReadonlyMap<string, Published>): void {
  const document = published.get(request.url ?? '') ?? { kind: 'status', status: 404, headers: {} };
  const json = { 'content-type': 'application/json' };
  switch (document.kind) {
    case 'good': {
      const clientId = `https://${request.headers.host}${request.url}`;
      const text = JSON.stringify(documentOf(clientId, document.members));
      response.writeHead(200, { ...json, ...document.headers }).end(text);
      break;
    }
    case 'text':
      response.writeHead(200, { 'content-type': document.type }).end(document.text);
      break;
    case 'huge': {
      const length: Headers = document.says === 'nothing' ? {} : { 'content-length': String(document.bytes) };
      response.writeHead(200, { ...json, ...length }).end(Buffer.alloc(document.bytes, '['));
      break;
    }
    case 'redirect':
      response.writeHead(document.status, { location: document.to }).end();
      break;
    case 'status':
      response.writeHead(document.status, document.headers).end();
      break;
    case 'encoded':
      response.writeHead(200, { ...json, 'content-encoding': document.encoding }).end(Buffer.alloc(1000, 31));
      break;
    case 'raw':
      response.socket?.end(document.bytes, 'latin1');
      break;
    case 'slow':
      if (document.part === 'body') response.writeHead(200, json).write('{');
      break;
    case 'broken off':
      response.writeHead(200, { ...json, 'content-length': '1000' }).write('{"client_id":');
      setImmediate(() => response.destroy());
  }
}

const members = [
  'client_id',
  'client_name',
  'redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'application_type',
  'scope',
  'contacts',
  'client_uri',
  'logo_uri',
  'policy_uri',
  'jwks',
  'jwks_uri',
  'software_statement',
  'client_secret',
  '__proto__',
  'constructor',
];
const memberValue = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 2, arbitrary: anyText({ maxLength: 200 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      marker,
      [marker],
      'private_key_jwt',
      { keys: [{}] },
      { keys: Array.from({ length: 60 }, () => ({ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) })) },
      ['javascript:alert(1)'],
      Array.from({ length: 300 }, (_, port) => `http://localhost:${port + 1}/`),
      'http://169.254.169.254/latest/meta-data',
      '\u202eevil',
      Number.MAX_VALUE,
    ),
  },
);
const headers = fc.constantFrom<Headers>(
  {},
  { 'cache-control': 'max-age=99999999999999999999' },
  { 'cache-control': 'no-store, max-age=-1, ,,,="' },
  { age: '-5', expires: 'never', date: 'yesterday' },
  { etag: `"${'e'.repeat(7000)}"` },
  { 'set-cookie': 'portcullis-session=x', link: '<https://evil.example>; rel=canonical' },
  { 'x-flood': 'x'.repeat(15_000) },
);
const nested = (depth: number) => `{"client_name":${'['.repeat(depth)}${']'.repeat(depth)}}`;

/** A document as somebody would publish it who means no good: wrong, huge, deep, slow, elsewhere, or no HTTP at all. */
export const anyPublished: fc.Arbitrary<Published> = fc.oneof<fc.WeightedArbitrary<Published>[]>(
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant('good' as const),
      members: fc.dictionary(fc.constantFrom(...members), memberValue, { maxKeys: 3 }),
      headers,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('text' as const),
      text: fc.oneof(jsonText, fc.integer({ min: 1, max: 2500 }).map(nested), anyText({ maxLength: 100 })),
      type: fc.constantFrom(
        'application/json',
        'application/json; charset=utf-16',
        'text/html',
        'a/b',
        '',
        ';',
        'json',
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('huge' as const),
      bytes: fc.constantFrom(5120, 5121, 100_000, 3_000_000),
      says: fc.constantFrom('its length' as const, 'nothing' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('redirect' as const),
      status: fc.constantFrom(300, 301, 302, 303, 307, 308),
      to: fc.constantFrom(
        '/client-1.json',
        'http://127.0.0.1:3000/token',
        'file:///etc/passwd',
        '//evil.example',
        'x'.repeat(5000),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('status' as const),
      status: fc.constantFrom(201, 204, 206, 304, 400, 401, 404, 410, 429, 500, 503, 599, 999),
      headers,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('encoded' as const),
      encoding: fc.constantFrom('gzip', 'br', 'identity', 'gzip, gzip', 'x'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('raw' as const),
      bytes: fc.constantFrom(
        '',
        'hello\r\n\r\n',
        'HTTP/1.1 200\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}',
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x',
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n',
        `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5000)}\r\n`,
        'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50),
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"client_id":"\xff\xfe"}',
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('slow' as const),
      part: fc.constantFrom('headers' as const, 'body' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'broken off' as const }) },
);
