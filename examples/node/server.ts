import { createMcpHandler } from '@modelcontextprotocol/server';
import { createMcpEndpoint } from 'portcullis/mcp-sdk';
import { createNodeListener } from 'portcullis/node';
import { createNotesServer } from '../notes/mcp-server.ts';
import { Notes } from '../notes/notes.ts';
import { listen, openPortcullis, type Running, run, type StartOptions, stop } from '../notes/serving.ts';

/** The notes on bare `node:http`: the smallest server. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const { server, baseUrl } = await listen(port);
  const provider = await open(baseUrl);
  const notes = new Notes();
  const mcp = createMcpEndpoint(
    provider,
    createMcpHandler(() => createNotesServer(notes)),
  );
  server.on('request', createNodeListener(provider, { mcp }));
  return { provider, url: provider.settings.resource, close: () => stop(server) };
}

if (import.meta.main) await run(start);
