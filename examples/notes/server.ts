import { createMcpHandler } from '@modelcontextprotocol/server';
import { runServer } from 'portcullis/node';
import { createNotesServer } from './mcp-server.ts';
import { Notes, noteScopes } from './notes.ts';

const notes = new Notes();

await runServer({
  mcp: createMcpHandler(() => createNotesServer(notes)),
  defaults: { name: 'Notes', scopes: noteScopes, requiredScopes: ['notes:read'] },
});
