import { Hono } from 'hono';
import { portcullisHono, requireToken } from 'portcullis/hono';
import { SessionOwners } from 'portcullis/mcp-sdk';
import { createNodeListener } from 'portcullis/node';
import { createNotesServer } from '../notes/mcp-server.ts';
import { Notes } from '../notes/notes.ts';
import { listen, openPortcullis, type Running, run, type StartOptions, stop } from '../notes/serving.ts';
import { createSessionHandler } from '../notes/sessions.ts';

/** The notes in a Hono application with its own MCP route, on Node through Portcullis' adapter. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const { server, baseUrl } = await listen(port);
  const provider = await open(baseUrl);
  const notes = new Notes();
  const handler = createSessionHandler(() => createNotesServer(notes));

  const app = new Hono();
  app.use(portcullisHono(provider));
  app.all(provider.settings.paths.mcp, requireToken(provider, { sessions: new SessionOwners() }), (c) =>
    handler.fetch(c.req.raw, { authInfo: c.var.auth, parsedBody: c.var.mcpBody }),
  );
  app.get('/api/notes', requireToken(provider, { scopes: ['notes:read'] }), (c) =>
    c.json(notes.list(c.var.auth.extra.subject)),
  );

  const handle = async (request: Request, context: object) => app.fetch(request, context);
  server.on('request', createNodeListener({ settings: provider.settings, handle }));
  return { provider, url: provider.settings.resource, close: () => stop(server) };
}

if (import.meta.main) await run(start);
