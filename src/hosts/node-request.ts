import type { IncomingMessage, ServerResponse } from 'node:http';
import { maximumBodyBytes as defaultMaximumBodyBytes, provideBody } from '../core/http.ts';
import { bodyOf, type UnreadBody } from './node-body.ts';
import type { ParsedMessage } from './parsed-body.ts';

export interface ToRequestOptions {
  /** Scheme, host and port of the configured public URL: they never come from the request. */
  readonly origin: string;
  /** Larger bodies are answered with 413. Default: 4 MiB. */
  readonly maximumBodyBytes?: number | undefined;
  /** `omit` where the body goes another way, because the framework has parsed it. */
  readonly body?: 'omit' | undefined;
}

// Would be resolved by the URL parser, so that the path here and the one that a proxy judged differ.
const ambiguousPath = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|\\/i;
const forbiddenMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * A Node request as a web-standard one: the path and query as they were sent, below the configured origin, mount
 * prefix included; the body unread until it is asked for; the signal aborted when the client goes away.
 * @returns `undefined` for a request that no endpoint can be meant by, such as one whose path climbs with `..`
 * @throws TypeError where the body was consumed by somebody who kept nothing of it
 */
export function toRequest(
  req: IncomingMessage,
  res: ServerResponse | undefined,
  options: ToRequestOptions,
): Request | undefined {
  const target = pathAndQuery(req);
  const method = req.method ?? 'GET';
  if (target === undefined || forbiddenMethods.has(method)) return undefined;
  const aborter = new AbortController();
  res?.once('close', () => {
    if (res?.writableFinished === false) aborter.abort();
  });
  const body = options.body === 'omit' ? null : bodyOf(req, options.maximumBodyBytes ?? defaultMaximumBodyBytes);
  const unread = isUnread(body) ? body : undefined;
  const request = new Request(options.origin + target, {
    method,
    headers: headersOf(req, unread === undefined),
    body: isUnread(body) ? body.stream : body,
    signal: aborter.signal,
    ...(body === null ? {} : { duplex: 'half' }),
  });
  if (unread !== undefined) provideBody(request, unread.bytes);
  return request;
}

function isUnread(body: ReturnType<typeof bodyOf>): body is UnreadBody {
  return typeof body === 'object' && body !== null && 'stream' in body;
}

function pathAndQuery(req: ParsedMessage & { readonly originalUrl?: unknown }): string | undefined {
  const sent = typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '/');
  const target = sent.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  const path = target.split(/[?#]/, 1)[0] ?? '';
  return path.startsWith('/') && !ambiguousPath.test(path) ? target : undefined;
}

/** Every header as often as it was sent, so that a second `Authorization` is not overlooked. */
function headersOf(req: IncomingMessage, isOtherBody: boolean): Headers {
  const headers = new Headers();
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index]?.toLowerCase() ?? '';
    if (name.startsWith(':') || name === 'cookie') continue;
    if (isOtherBody && (name === 'content-length' || name === 'content-encoding')) continue;
    headers.append(name, req.rawHeaders[index + 1] ?? '');
  }
  if (req.headers.cookie !== undefined) headers.set('cookie', req.headers.cookie);
  const authority = req.headers[':authority'];
  if (typeof authority === 'string' && !headers.has('host')) headers.set('host', authority);
  return headers;
}
