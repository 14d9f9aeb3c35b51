import type { IncomingMessage } from 'node:http';

/** A Node request as frameworks leave it behind: parsed, or with its bytes kept. */
export interface ParsedMessage extends IncomingMessage {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/**
 * The body that a parser has read already: the bytes it kept, or what it parsed encoded again.
 * @throws TypeError where the body was read by somebody who kept nothing
 */
export function parsedBody(req: ParsedMessage): Uint8Array<ArrayBuffer> | string {
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
