import { FastMCP } from 'fastmcp';
import { guardFastMcp } from 'portcullis/fastmcp';
import { Notes, noteTools } from '../notes/notes.ts';
import { openPortcullis, type Running, run, type StartOptions } from '../notes/serving.ts';

/** The notes as a FastMCP server, which listens by itself: the port must be known. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const provider = await open(`http://localhost:${port}`);
  const server = guardFastMcp(provider, (hooks) => new FastMCP({ name: 'notes', version: '1.0.0', ...hooks }));
  for (const { name, title, description, inputSchema, run } of noteTools(new Notes())) {
    server.addTool({
      name,
      description,
      annotations: { title },
      parameters: inputSchema,
      execute: async (input, { session }) => run(String(session?.extra.subject), input),
    });
  }
  await server.start({
    transportType: 'httpStream',
    httpStream: { port, host: '127.0.0.1', cors: { exposedHeaders: ['Mcp-Session-Id', 'WWW-Authenticate'] } },
  });
  return { provider, url: provider.settings.resource, close: () => server.stop() };
}

if (import.meta.main) await run(start);
