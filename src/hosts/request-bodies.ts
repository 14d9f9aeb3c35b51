import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

const longestKept = 4 * 1024 * 1024;

/**
 * Keeps the bodies of requests whose server reads them itself before it asks whether they may pass, from now until the
 * process ends. Nothing is read on its own account: the bytes are seen as they go by.
 * @param concerns whether a request that has just come in is one of those
 * @returns gives a request's body once it has been read, parsed as JSON; `undefined` where it is not JSON or over 4 MiB
 * @see https://nodejs.org/api/diagnostics_channel.html#http
 */
export function keepBodies(concerns: (req: IncomingMessage) => boolean): (req: IncomingMessage) => unknown {
  const bodies = new WeakMap<IncomingMessage, Buffer[]>();
  subscribe('http.server.request.start', (message) => {
    const { request: req } = message as { request: IncomingMessage };
    if (!concerns(req)) return;
    const listenToo = (event: string | symbol) => {
      if (event !== 'data') return;
      req.off('newListener', listenToo);
      bodies.set(req, watch(req));
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

function watch(req: IncomingMessage): Buffer[] {
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size <= longestKept) chunks.push(chunk);
    else chunks.length = 0;
  });
  return chunks;
}
