import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** How often connections that have become idle are closed, in milliseconds. */
const sweepInterval = 50;

/**
 * Keeps track of a server's requests, so that it can be closed without cutting any off.
 * @returns closes the server: accepts no more, lets requests in flight finish, cuts endless streams as soon as everything
 *   else is done, and after `grace` milliseconds ends what is left
 */
export function gracefulClose(server: Server): (grace: number) => Promise<void> {
  const inFlight = new Set<ServerResponse>();
  const endless = new Set<ServerResponse>();
  let closing: Promise<void> | undefined;
  server.prependListener('request', (req: IncomingMessage, res: ServerResponse) => {
    const set = isEndless(req) ? endless : inFlight;
    set.add(res);
    res.once('close', () => set.delete(res));
    if (closing !== undefined) res.setHeader('connection', 'close');
  });
  const close = (grace: number) =>
    new Promise<void>((resolve) => {
      const sweep = setInterval(() => {
        if (inFlight.size === 0) for (const res of endless) res.destroy();
        server.closeIdleConnections();
      }, sweepInterval);
      const deadline = setTimeout(() => server.closeAllConnections(), grace);
      server.close(() => {
        clearInterval(sweep);
        clearTimeout(deadline);
        resolve();
      });
    });
  return (grace) => {
    closing ??= close(grace);
    return closing;
  };
}

/** The streams on which an MCP server only ever notifies. */
function isEndless(req: IncomingMessage): boolean {
  if (req.method === 'GET') return (req.headers.accept ?? '').includes('text/event-stream');
  return req.headers['mcp-method'] === 'subscriptions/listen';
}
