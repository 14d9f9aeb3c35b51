import {
  createMcpHandler,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  requireBearerAuth,
  requireScopes,
} from '@modelcontextprotocol/server';
import { createTokenVerifier, refuseForeignOrigin } from 'portcullis/mcp-sdk';
import { createNodeListener } from 'portcullis/node';
import { Notes, noteTools } from '../notes/notes.ts';
import { listen, openPortcullis, type Running, run, type StartOptions, stop } from '../notes/serving.ts';

/** The notes with the official SDK's own bearer check and scope challenges, for which Portcullis verifies the tokens. */
export async function start({ port, provider: open = openPortcullis }: StartOptions): Promise<Running> {
  const { server, baseUrl } = await listen(port);
  const provider = await open(baseUrl);
  const notes = new Notes();
  const { requiredScopes, resource, resourceMetadataUrl } = provider.settings;
  const authenticate = requireBearerAuth({
    verifier: createTokenVerifier(provider, (message) => new OAuthError(OAuthErrorCode.InvalidToken, message)),
    requiredScopes: [...requiredScopes],
    resourceMetadataUrl,
    expectedResource: new URL(resource),
  });
  const handler = createMcpHandler(() => {
    const mcpServer = new McpServer({ name: 'notes', version: '1.0.0' });
    for (const { name, title, description, inputSchema, scope, run } of noteTools(notes)) {
      const config = { title, description, inputSchema, scopeChallenge: requireScopes(scope) };
      mcpServer.registerTool(name, config, (input, context) => ({
        content: [{ type: 'text', text: run(String(context.http?.authInfo?.extra?.['subject']), input) }],
      }));
    }
    return mcpServer;
  });
  const mcp = async (request: Request) => {
    const foreign = refuseForeignOrigin(request, provider);
    if (foreign !== undefined) return foreign;
    const authInfo = await authenticate(request);
    return authInfo instanceof Response ? authInfo : handler.fetch(request, { authInfo });
  };
  server.on('request', createNodeListener(provider, { mcp }));
  return { provider, url: resource, close: () => stop(server) };
}

if (import.meta.main) await run(start);
