import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

/** The MCP server of every measured MCP request: one tool that answers with what it got. */
export function createEchoServer(): McpServer {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'Answers with its text.', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({
      content: [{ type: 'text', text }],
    }),
  );
  return server;
}
