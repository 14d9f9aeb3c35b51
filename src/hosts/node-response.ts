import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { textOf } from '../core/text-response.ts';

/** How long what is left of a refused body is read and dropped, so that the client gets to read the answer: milliseconds. */
const lingerTime = 5_000;
const connectionHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/**
 * Sends a web-standard response over a Node one: every `Set-Cookie` by itself, event streams as they come, everything
 * else in one piece with its length, and no body where the method or status has none.
 */
export async function sendResponse(response: Response, res: ServerResponse): Promise<void> {
  if (res.destroyed || res.writableEnded) return response.body?.cancel();
  if (response.body === null || res.req.method === 'HEAD') {
    await response.body?.cancel();
    writeHead(response, res);
    res.end();
  } else if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await sendEvents(response, response.body, res);
  } else {
    const body = textOf(response) ?? Buffer.from(await response.arrayBuffer());
    writeHead(response, res);
    res.end(body);
  }
  drain(res.req);
}

function writeHead(response: Response, res: ServerResponse): void {
  res.statusCode = response.status;
  if (response.statusText !== '' && res.req.httpVersionMajor < 2) res.statusMessage = response.statusText;
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie' && !connectionHeaders.has(name)) res.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) res.setHeader('set-cookie', [...cookiesOf(res), ...cookies]);
}

/** Cookies that a middleware of the application has set before. */
function cookiesOf(res: ServerResponse): readonly string[] {
  const set = res.getHeader('set-cookie');
  return set === undefined ? [] : Array.isArray(set) ? set : [String(set)];
}

async function sendEvents(response: Response, body: ReadableStream<Uint8Array>, res: ServerResponse): Promise<void> {
  writeHead(response, res);
  res.flushHeaders();
  try {
    await pipeline(Readable.fromWeb(body as NodeReadableStream<Uint8Array>), res);
  } catch (error) {
    if (!res.destroyed) throw error;
  }
}

/** Closing now would reset the connection under a client that is still sending, before it has read the answer. */
function drain(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  const timer = setTimeout(() => req.destroy(), lingerTime).unref();
  req.once('close', () => clearTimeout(timer));
  if (req.httpVersionMajor < 2) closeAfter(req);
  req.resume();
}

// Where the client wants the connection closed after the answer, Node would destroy it then, read or not.
function closeAfter(req: IncomingMessage): void {
  const { socket } = req;
  // What is no socket, such as a pair of streams in a test, has no such method, and resets nothing.
  const destroySoon: (() => void) | undefined = socket.destroySoon?.bind(socket);
  if (destroySoon === undefined) return;
  socket.destroySoon = () => {
    if (req.complete || req.destroyed) destroySoon();
    else {
      socket.end();
      req.once('close', destroySoon);
    }
  };
}
