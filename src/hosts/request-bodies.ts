import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

const longestKept = 4 * 1024 * 1024;

/** Each request's body is kept once, however many servers of the process ask. */
const bodies = new WeakMap<IncomingMessage, Buffer[]>();

/**
 * Keeps the bodies of requests whose server reads them itself before it asks whether they may pass, from now until the
 * process ends. Nothing is read on its own account: the bytes are seen as they go by.
 * @param concerns whether a request that has just come in is one of those
 * @returns gives a request's body once it has been read, parsed as JSON; `undefined` where it is not JSON or over 4 MiB
 * @see https://nodejs.org/api/diagnostics_channel.html#http
 */
export function keepBodies(concerns: (req: IncomingMessage) => boolean): (req: IncomingMessage) => unknown {
  subscribe('http.server.request.start', (message) => {
    const { request: req } = message as { request: IncomingMessage };
    if (bodies.has(req) || !concerns(req)) return;
    const chunks: Buffer[] = [];
    bodies.set(req, chunks);
    const listenToo = (event: string | symbol) => {
      if (event !== 'data') return;
      req.off('newListener', listenToo);
      watch(req, chunks);
    };
    req.on('newListener', listenToo);
  });
  return (req) => {
    const chunks = bodies.get(req);
    if (chunks === undefined || !req.complete) return undefined;
    try {
      return JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      return undefined;
    }
  };
}

function watch(req: IncomingMessage, chunks: Buffer[]): void {
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size <= longestKept) chunks.push(chunk);
    else chunks.length = 0;
  });
}
