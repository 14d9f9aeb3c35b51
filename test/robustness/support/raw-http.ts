import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request as bytes, so that everything that a client could send can be sent. */
export interface RawRequest {
  readonly method: string;
  /** The request target as it stands in the first line. */
  readonly target: string;
  /** In their order, names as often as they come. Latin-1. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
}

/** A response as it came. */
export interface RawResponse {
  readonly status: number;
  /** Lower-case names; several of one name are joined by line feeds. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** How an exchange ended. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: RawResponse; readonly milliseconds: number }
  /** The server closed the connection without a word. */
  | { readonly kind: 'closed'; readonly milliseconds: number }
  /** Neither an answer nor an end in time. */
  | { readonly kind: 'hung' };

/** The bytes of a request, with `Content-Length` where there is a body and nothing else says how long it is. */
export function bytesOf({ method, target, headers, body }: RawRequest): Buffer {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const isFramed = names.has('content-length') || names.has('transfer-encoding');
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = body === undefined || isFramed ? '' : `content-length: ${body.byteLength}\r\n`;
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}${length}\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** How long a server may wait for more of a request before this side says that there is no more: milliseconds. */
export const usualWait = 300;

/**
 * Sends bytes over a new connection and reads what comes until there is a whole response or the connection ends. Where
 * the server seems to wait for more, this side of the connection is closed.
 * @param waits milliseconds until it seems so; longer than the server may take where it has to ask somebody else
 */
export async function exchange(
  connection: Duplex,
  bytes: Uint8Array,
  waits = usualWait,
  patience = 10_000,
): Promise<Outcome> {
  connection.on('error', () => {});
  connection.write(bytes);
  const timer = setTimeout(() => connection.end(), waits);
  const outcome = await outcomeOf(connection, patience);
  clearTimeout(timer);
  return outcome;
}

/** Waits for the first whole response on a connection, and closes it. */
export async function outcomeOf(connection: Duplex, patience: number): Promise<Outcome> {
  const startedAt = performance.now();
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<'whole' | 'over' | 'late'>();
  const keep = (chunk: Buffer) => {
    chunks.push(chunk);
    if (isWhole(Buffer.concat(chunks))) resolve('whole');
  };
  const over = () => resolve('over');
  connection.on('data', keep).once('end', over).once('close', over).on('error', over);
  const timer = setTimeout(() => resolve('late'), patience);
  const end = await promise;
  clearTimeout(timer);
  connection.off('data', keep);
  connection.destroy();
  const milliseconds = performance.now() - startedAt;
  const response = parseResponse(Buffer.concat(chunks));
  if (response !== undefined) return { kind: 'answered', response, milliseconds };
  return end === 'over' ? { kind: 'closed', milliseconds } : { kind: 'hung' };
}

/** A connection to a port of this machine. @param from another loopback address than the usual one */
export function dial(port: number, from?: string): Duplex {
  const localAddress = from === undefined ? {} : { localAddress: from };
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...localAddress });
}

const lastChunk = Buffer.from('0\r\n\r\n');

function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = bytes.toString('latin1', 0, end);
  if (/^HTTP\/1\.1 1\d\d/.test(head)) return isWhole(bytes.subarray(end + 4));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return bytes.length >= end + 4 + Number(length);
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return bytes.subarray(-5).equals(lastChunk);
  return /^HTTP\/1\.1 (204|304)/.test(head);
}

/** @returns `undefined` where the bytes are not one whole head */
export function parseResponse(bytes: Buffer): RawResponse | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? Number.NaN);
  if (status >= 100 && status < 200) return parseResponse(bytes.subarray(end + 4));
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
  }
  const body = bytes.subarray(end + 4);
  return {
    status,
    headers,
    body: (headers.get('transfer-encoding') === 'chunked' ? joined(body) : body).toString('utf8'),
  };
}

function joined(chunked: Buffer): Buffer {
  const end = chunked.indexOf('\r\n');
  const size = Number.parseInt(chunked.toString('latin1', 0, end), 16);
  if (end === -1 || !(size > 0)) return Buffer.alloc(0);
  const start = end + 2;
  return Buffer.concat([chunked.subarray(start, start + size), joined(chunked.subarray(start + size + 2))]);
}
