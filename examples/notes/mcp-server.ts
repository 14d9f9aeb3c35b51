import { McpServer } from '@modelcontextprotocol/server';
import { type Notes, noteTools } from './notes.ts';

/** One MCP server of the official SDK 2.x with the notes tools; made anew for every request or session. */
export function createNotesServer(notes: Notes): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  for (const { name, title, description, inputSchema, run } of noteTools(notes)) {
    server.registerTool(name, { title, description, inputSchema }, (input, context) => ({
      content: [{ type: 'text', text: run(String(context.http?.authInfo?.extra?.['subject']), input) }],
    }));
  }
  return server;
}
