import { createMcpHandler } from '@modelcontextprotocol/server';
import { fastify } from 'fastify';
import { type AuthenticatedFastifyRequest, portcullisFastify, requireToken } from 'portcullis/fastify';
import { createMcpEndpoint } from 'portcullis/mcp-sdk';
import { createNotesServer } from '../notes/mcp-server.ts';
import { Notes } from '../notes/notes.ts';
import { listen, openPortcullis, type Running, run, type StartOptions, stop } from '../notes/serving.ts';

/** The notes in a Fastify application, with a route of its own behind the gate. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const { server, baseUrl } = await listen(port);
  const provider = await open(baseUrl);
  const notes = new Notes();
  const mcp = createMcpEndpoint(
    provider,
    createMcpHandler(() => createNotesServer(notes)),
  );

  const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
  await app.register(portcullisFastify, { provider, mcp });
  app.get('/api/notes', { preHandler: requireToken(provider, { scopes: ['notes:read'] }) }, async (request) => {
    const { auth } = request as unknown as AuthenticatedFastifyRequest;
    return notes.list(auth.extra.subject);
  });
  await app.ready();
  return { provider, url: provider.settings.resource, close: () => stop(server) };
}

if (import.meta.main) await run(start);
