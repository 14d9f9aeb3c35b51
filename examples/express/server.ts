import express from 'express';
import { type AuthenticatedRequest, portcullisExpress, requireToken } from 'portcullis/express';
import { createMcpEndpoint, SessionOwners } from 'portcullis/mcp-sdk';
import { createNotesServer } from '../notes/mcp-server.ts';
import { Notes } from '../notes/notes.ts';
import { listen, openPortcullis, type Running, run, type StartOptions, stop } from '../notes/serving.ts';
import { createSessionHandler } from '../notes/sessions.ts';

/** The notes in an Express application that parses bodies, keeps MCP sessions, and has a route of its own behind the gate. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const { server, baseUrl } = await listen(port);
  const provider = await open(baseUrl);
  const notes = new Notes();
  const handler = createSessionHandler(() => createNotesServer(notes));
  const mcp = createMcpEndpoint(provider, handler, { sessions: new SessionOwners() });

  const app = express();
  app.use(express.json(), express.urlencoded());
  app.use(portcullisExpress(provider, { mcp }));
  app.get('/api/notes', requireToken(provider, { scopes: ['notes:read'] }), (req, res) => {
    const { auth } = req as AuthenticatedRequest;
    res.json(notes.list(auth.extra.subject));
  });
  server.on('request', app);
  return { provider, url: provider.settings.resource, close: () => stop(server) };
}

if (import.meta.main) await run(start);
