import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { type AuthenticatedRequest, portcullisExpress, requireToken } from 'portcullis/express';
import { SessionOwners } from 'portcullis/mcp-sdk';
import { Notes, noteTools } from '../notes/notes.ts';
import { listen, openPortcullis, type Running, run, type StartOptions, stop } from '../notes/serving.ts';

/** The notes with version 1 of the official SDK, whose transport keeps sessions and finds the token in `req.auth`. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const { server, baseUrl } = await listen(port);
  const provider = await open(baseUrl);
  const notes = new Notes();
  const sessions = new SessionOwners();
  const transports = new Map<string, StreamableHTTPServerTransport>();

  const app = express();
  app.use(portcullisExpress(provider));
  app.all(provider.settings.paths.mcp, requireToken(provider, { sessions }), async (req, res) => {
    const { token } = req as AuthenticatedRequest;
    const id = req.get('mcp-session-id');
    let transport = id === undefined ? undefined : transports.get(id);
    if (transport === undefined) {
      const opened = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (sessionId) => {
          sessions.remember(sessionId, token);
          transports.set(sessionId, opened);
        },
        onsessionclosed: (sessionId) => {
          sessions.forget(sessionId);
          transports.delete(sessionId);
        },
      });
      await createNotesServer(notes).connect(opened);
      transport = opened;
    }
    await transport.handleRequest(req, res, req.body);
  });
  server.on('request', app);
  return { provider, url: provider.settings.resource, close: () => stop(server) };
}

function createNotesServer(notes: Notes): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  for (const { name, title, description, inputSchema, run } of noteTools(notes)) {
    server.registerTool(name, { title, description, inputSchema }, (input, { authInfo }) => ({
      content: [{ type: 'text', text: run(String(authInfo?.extra?.['subject']), input) }],
    }));
  }
  return server;
}

if (import.meta.main) await run(start);
