import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Socket } from 'node:net';
import { EgressError, unreachable } from './errors.ts';
import type { Target } from './target.ts';

const maximumHeaderBytes = 8192;

/** What is asked for, and what the answer has to be. */
export interface Expectation {
  readonly contentTypes: readonly string[];
  readonly maximumBytes: number;
  /** The entity tag of what is there already: makes the request conditional. */
  readonly etag?: string | undefined;
}

/** An answer that is what was expected. */
export interface Answer {
  /** `undefined` where what is there already still holds (RFC 9110 §15.4.5). */
  readonly text: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

/**
 * Sends one GET over a connection and reads the answer: status, type and encoding first, then the body up to its limit.
 * The request says nothing about this server but its product name.
 * @throws EgressError
 */
export async function exchange(
  socket: Socket,
  target: Target,
  expected: Expectation,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await sendRequest(socket, target, expected, signal);
  checkStatus(response, expected);
  if (response.statusCode === 304) return { text: undefined, headers: response.headers };
  checkHeaders(response, expected);
  return { text: await readText(response, expected.maximumBytes, signal), headers: response.headers };
}

async function sendRequest(
  socket: Socket,
  { url }: Target,
  { contentTypes, etag }: Expectation,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? requestTls : requestPlain;
  const request: ClientRequest = send({
    // No agent, so no proxy from the environment and no connection that is kept.
    createConnection: () => socket,
    method: 'GET',
    path: `${url.pathname}${url.search}`,
    setHost: false,
    maxHeaderSize: maximumHeaderBytes,
    insecureHTTPParser: false,
    headers: {
      Host: url.host,
      'User-Agent': 'Portcullis',
      Accept: contentTypes.filter((type) => !type.includes('*')).join(', '),
      'Accept-Encoding': 'identity',
      Connection: 'close',
      ...(etag === undefined ? {} : { 'If-None-Match': etag }),
    },
  });
  request.on('error', () => {});
  request.end();
  try {
    const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
    response.on('error', () => {});
    return response;
  } catch (error) {
    throw unreachable(`no answer: ${(error as Error).message}`, error);
  }
}

function checkStatus({ statusCode = 0, headers }: IncomingMessage, { etag }: Expectation): void {
  if (statusCode === 200 || (statusCode === 304 && etag !== undefined)) return;
  if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) {
    throw new EgressError('redirected', 'the URL answers with a redirect, which is not followed', {
      detail: `status ${statusCode}${headers.location === undefined ? '' : ` to ${headers.location.slice(0, 200)}`}`,
      status: statusCode,
    });
  }
  throw new EgressError('bad_status', `the URL answers with status ${statusCode} instead of 200`, {
    status: statusCode,
  });
}

function checkHeaders({ headers }: IncomingMessage, { contentTypes, maximumBytes }: Expectation): void {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!contentTypes.some((allowed) => matchesType(type, allowed))) {
    throw new EgressError('bad_content_type', `the Content-Type of the answer must be ${contentTypes.join(' or ')}`, {
      detail: type === '' ? 'the answer has no Content-Type' : `the answer is ${type.slice(0, 100)}`,
    });
  }
  // Not asked for; and what is small on the wire can be large in memory.
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') {
    throw new EgressError('bad_encoding', 'the answer must not have a Content-Encoding', {
      detail: `the answer is encoded as ${encoding.slice(0, 100)}`,
    });
  }
  if (Number(headers['content-length'] ?? '0') > maximumBytes) throw tooLarge(maximumBytes);
}

function matchesType(type: string, allowed: string): boolean {
  const [start, suffix] = allowed.split('*');
  if (suffix === undefined) return type === allowed;
  return type.startsWith(start ?? '') && type.endsWith(suffix) && type.length > allowed.length - 1;
}

async function readText(response: IncomingMessage, maximumBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const end = () => response.destroy(new Error('called off'));
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maximumBytes) throw tooLarge(maximumBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof EgressError) throw error;
    throw new EgressError('bad_answer', 'the answer broke off', { detail: (error as Error).message, cause: error });
  } finally {
    signal.removeEventListener('abort', end);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new EgressError('bad_answer', 'the answer is not valid UTF-8', { cause: error });
  }
}

function tooLarge(maximumBytes: number): EgressError {
  return new EgressError('too_large', `the answer is larger than ${maximumBytes} bytes`);
}
