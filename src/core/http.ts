import { OAuthError } from './errors.ts';
import { textResponse } from './text-response.ts';

/** What every handler gets besides the request: facts that only the host knows. */
export interface RequestContext {
  /** The client's address, from the socket or a trusted proxy; absent where the host cannot tell. */
  readonly clientAddress?: string;
  /** Correlates log lines and the error page. Made when absent. */
  readonly requestId?: string;
}

/** Largest body that is read at all, in bytes: that of an MCP message, whose sender has shown a token. */
export const maximumBodyBytes = 4 * 1024 * 1024;

/** Largest form or client metadata, in bytes: strangers may send these. */
export const maximumFormBytes = 64 * 1024;

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

/** A JSON answer that must never be cached: tokens, errors, registrations. */
export function privateJson(
  body: unknown,
  init: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Response {
  return textResponse(JSON.stringify(body), {
    status: init.status ?? 200,
    headers: { 'content-type': 'application/json', ...noStore, ...init.headers },
  });
}

/**
 * A JSON answer that anybody may cache: metadata and public keys.
 * @param maximumAge for how long, in seconds. Default: an hour
 */
export function publicJson(body: unknown, maximumAge?: number): Response {
  return publicJsonText(JSON.stringify(body), maximumAge);
}

/** The same, where the JSON is there already. */
export function publicJsonText(json: string, maximumAge = 3600): Response {
  return textResponse(json, {
    headers: { 'content-type': 'application/json', 'cache-control': `public, max-age=${maximumAge}` },
  });
}

/**
 * An OAuth error answered directly.
 * @see RFC 6749 §5.2
 */
export function errorResponse(error: OAuthError): Response {
  return privateJson(
    { error: error.code, error_description: error.description },
    { status: error.status, headers: error.headers },
  );
}

/** A redirect whose target is not remembered by any cache. */
export function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { location, ...noStore } });
}

/** The path of a request's URL, which `Request` has normalised: what `new URL(request.url).pathname` says. */
export function requestPath({ url }: Request): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start === -1) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

/** The media type of a message without its parameters, lower-case; '' where absent. */
export function mediaType(message: Request): string {
  return (message.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Reads a body as text, never more than `limit` bytes of it.
 * @throws OAuthError `invalid_request` with status 413 where it is longer, 400 where it is not UTF-8
 */
export async function readBody(request: Request, limit = maximumBodyBytes): Promise<string> {
  const declared = Number(request.headers.get('content-length') ?? '0');
  if (declared > limit) throw tooLarge(limit);
  if (request.body === null) return '';
  const bytes = (await provided.get(request)?.(limit)) ?? (await readStream(request.body, limit));
  if (bytes.byteLength > limit) throw tooLarge(limit);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OAuthError('invalid_request', 'the body is not valid UTF-8');
  }
}

/** The same, and leaves the body for whoever reads it next. */
export function peekBody(request: Request): Promise<string> {
  return readBody(provided.has(request) ? request : request.clone());
}

const provided = new WeakMap<Request, (limit: number) => Promise<Uint8Array>>();

/**
 * Gives `readBody` and `peekBody` a shorter way to a request's body than its stream, which costs more to read and much
 * more to clone.
 * @param bytes the whole body, the same at every call and as its stream has; rejects as soon as it is beyond the limit
 */
export function provideBody(request: Request, bytes: (limit: number) => Promise<Uint8Array>): void {
  provided.set(request, bytes);
}

async function readStream(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.byteLength;
    if (size > limit) {
      // Not awaited: cancelling a cloned body settles only when its twin is cancelled too.
      reader.cancel().catch(() => {});
      throw tooLarge(limit);
    }
    chunks.push(next.value);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): OAuthError {
  return new OAuthError('invalid_request', `the body is larger than ${limit} bytes`, { status: 413 });
}
