import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createMcpEndpoint } from 'portcullis/mcp-sdk';
import { createNodeListener } from 'portcullis/node';
import { CustomProvider } from './provider.ts';

const port = Number(process.env['PORT'] ?? 3000);
const provider = new CustomProvider(
  new DatabaseSync(process.env['DATABASE'] ?? ':memory:'),
  {
    baseUrl: `http://localhost:${port}`,
    clientRegistration: { enabled: true, validScopes: ['read'] },
    requiredScopes: ['read'],
  },
  { onEvent: (event) => console.error(event.name, event.reason ?? '', event.error ?? '') },
);

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'custom-provider', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Tells who is signed in' }, (ctx) => ({
    content: [{ type: 'text', text: `You are ${String(ctx.http?.authInfo?.extra?.['subject'])}` }],
  }));
  return server;
});

await provider.users
  .add('ada@example.com', 'correct horse battery staple')
  .catch(() => console.error('ada is there already'));
createServer(createNodeListener(provider, { mcp: createMcpEndpoint(provider, mcp) })).listen(port, '127.0.0.1', () => {
  console.log(`MCP server: ${provider.settings.resource}`);
  console.log('Sign in as ada@example.com with the password "correct horse battery staple".');
});
