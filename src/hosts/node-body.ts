import type { IncomingMessage } from 'node:http';
import { OAuthError } from '../core/errors.ts';
import { type ParsedMessage, parsedBody } from './parsed-body.ts';

/** A body that nobody has read yet. */
export interface UnreadBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** All of it, the same at every call, whether or not the stream is read too. Beyond the limit of the first call, none. */
  readonly bytes: (limit?: number) => Promise<Uint8Array>;
}

/**
 * A Node request's body for a `Request`: nothing is read before the body is asked for. Where a parser has read it
 * already, what it left.
 * @param limit in bytes; reading more throws `OAuthError` with status 413
 * @throws TypeError where the body was read by somebody who kept nothing
 */
export function bodyOf(req: ParsedMessage, limit: number): Uint8Array<ArrayBuffer> | string | UnreadBody | null {
  if (req.method === 'GET' || req.method === 'HEAD' || !announcesBody(req)) return null;
  if (!req.readableDidRead) return unreadBody(req, limit);
  return parsedBody(req);
}

function announcesBody(req: IncomingMessage): boolean {
  if (req.httpVersionMajor >= 2) return true;
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/** @param maximum in bytes; reading more throws `OAuthError` with status 413 */
function unreadBody(req: IncomingMessage, maximum: number): UnreadBody {
  let collected: Promise<Uint8Array> | undefined;
  const bytes = (limit = maximum) => {
    collected ??= collect(req, Math.min(limit, maximum));
    return collected;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const all = await bytes();
        if (all.byteLength > 0) controller.enqueue(all);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, bytes };
}

async function collect(req: IncomingMessage, limit: number): Promise<Uint8Array> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size <= limit) chunks.push(chunk);
    else reject(tooLarge(limit));
  };
  const end = () => {
    // Now, because 'close' follows before whoever waits for the promise gets to run.
    release();
    resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  };
  const lose = () => reject(new OAuthError('invalid_request', 'the connection closed before the body was complete'));
  const release = () => req.off('data', keep).off('end', end).off('close', lose).off('error', lose);
  if (req.destroyed) lose();
  req.on('data', keep).once('end', end).once('error', lose).once('close', lose);
  try {
    return await promise;
  } finally {
    release();
  }
}

function tooLarge(limit: number): OAuthError {
  return new OAuthError('invalid_request', `the body is larger than ${limit} bytes`, { status: 413 });
}
