import type { IncomingMessage } from 'node:http';
import { OAuthError } from '../core/errors.ts';

/** A Node request as frameworks leave it behind: parsed, or with its bytes kept. */
export interface ParsedMessage extends IncomingMessage {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/**
 * A Node request's body for a `Request`: nothing is read before the body is asked for. Where a parser has read it
 * already, the bytes it kept, or what it parsed encoded again.
 * @param limit in bytes; reading more throws `OAuthError` with status 413
 * @throws TypeError where the body was read by somebody who kept nothing
 */
export function bodyOf(req: ParsedMessage, limit: number): Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array> | null {
  if (req.method === 'GET' || req.method === 'HEAD' || !announcesBody(req)) return null;
  if (!req.readableDidRead) return unreadBody(req, limit);
  const kept = [req.rawBody, req.body].find((body) => typeof body === 'string' || Buffer.isBuffer(body));
  if (kept !== undefined) return kept as string | Buffer<ArrayBuffer>;
  if (req.body === undefined) {
    throw new TypeError('the request body was read before Portcullis and not kept in req.body or req.rawBody: mount Portcullis first');
  }
  const isForm = (req.headers['content-type'] ?? '').trimStart().toLowerCase().startsWith('application/x-www-form-urlencoded');
  return isForm ? new URLSearchParams(formPairs(req.body)).toString() : JSON.stringify(req.body);
}

function announcesBody(req: IncomingMessage): boolean {
  if (req.httpVersionMajor >= 2) return true;
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/** A parsed form as pairs again: an array is a name sent more than once, which the protocol must get to see. */
function formPairs(value: unknown, name = ''): [string, string][] {
  if (Array.isArray(value)) return value.flatMap((item) => formPairs(item, name));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => formPairs(item, name === '' ? key : `${name}[${key}]`));
  }
  return name === '' ? [] : [[name, value === undefined || value === null ? '' : String(value)]];
}

function unreadBody(req: IncomingMessage, limit: number): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await collect(req, limit);
        if (bytes.byteLength > 0) controller.enqueue(bytes);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function collect(req: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (error: OAuthError) => {
      req.off('data', keep);
      reject(error);
    };
    const keep = (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) refuse(new OAuthError('invalid_request', `the body is larger than ${limit} bytes`, { status: 413 }));
      else chunks.push(chunk);
    };
    const lost = () => refuse(new OAuthError('invalid_request', 'the connection closed before the body was complete'));
    if (req.destroyed) return lost();
    if (Number(req.headers['content-length'] ?? 0) > limit) return keep(Buffer.alloc(0, 0), (size = limit + 1));
    req.on('data', keep);
    req.once('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
    req.once('error', lost);
    req.once('close', lost);
  });
}
