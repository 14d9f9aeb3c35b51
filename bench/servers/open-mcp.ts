import { createMcpHandler } from '@modelcontextprotocol/server';
import { createEchoServer } from './echo-server.ts';
import { loadSubpath } from './load-portcullis.ts';
import { serve } from './serve.ts';

/** The same MCP server behind the same Node host, with nothing that asks for a token. */
await serve(async (baseUrl) => {
  const { createNodeListener } = await loadSubpath('node');
  const handler = createMcpHandler(createEchoServer);
  const paths = { mcp: '/mcp' };
  const host = {
    settings: { baseUrl, paths } as unknown as Parameters<typeof createNodeListener>[0]['settings'],
    handle: async () => undefined,
  };
  return { listener: createNodeListener(host, { mcp: (request) => handler.fetch(request) }), metadataPath: '/mcp' };
});
