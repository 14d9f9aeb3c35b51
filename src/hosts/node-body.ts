import type { IncomingMessage } from 'node:http';
import { type UnreadBody, unreadBody } from './node-unread-body.ts';

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
export function bodyOf(req: ParsedMessage, limit: number): Uint8Array<ArrayBuffer> | string | UnreadBody | null {
  if (req.method === 'GET' || req.method === 'HEAD' || !announcesBody(req)) return null;
  if (!req.readableDidRead) return unreadBody(req, limit);
  for (const kept of [req.rawBody, req.body]) {
    if (typeof kept === 'string' || isBytes(kept)) return kept;
  }
  if (req.body === undefined) {
    throw new TypeError(
      'the request body was read before Portcullis and kept in neither req.body nor req.rawBody: mount Portcullis first',
    );
  }
  const type = req.headers['content-type'] ?? '';
  const isForm = /^\s*application\/x-www-form-urlencoded\b/i.test(type);
  return isForm ? new URLSearchParams(formPairs(req.body)).toString() : JSON.stringify(req.body);
}

function isBytes(value: unknown): value is Buffer<ArrayBuffer> {
  return Buffer.isBuffer(value);
}

function announcesBody(req: IncomingMessage): boolean {
  if (req.httpVersionMajor >= 2) return true;
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/**
 * A parsed form as pairs again. Parsers make a list of a name that was sent more than once, which the protocol must get
 * to see; a list of one was written with brackets.
 */
function formPairs(value: unknown, name = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return name === '' ? [] : [[name, String(value ?? '')]];
  const entries = Object.entries(value);
  const isList = entries.length > 1 && name !== '' && entries.every(([key]) => /^\d+$/.test(key));
  return entries.flatMap(([key, item]) => formPairs(item, name === '' ? key : isList ? name : `${name}[${key}]`));
}
