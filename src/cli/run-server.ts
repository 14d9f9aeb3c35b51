import type { EmbeddedServer } from './mcp-module.ts';

/**
 * Runs an MCP server as this process: `portcullis serve` for a program that brings its own MCP handler, with the same
 * settings, flags, banner, logs and signals. Resolves when the server has stopped; failures are printed and set the exit code.
 *
 * ```ts
 * await runServer({ mcp: createMcpHandler(createServer), defaults: { name: 'Notes', scopes } });
 * ```
 */
export async function runServer(server: EmbeddedServer): Promise<void> {
  const { startServer } = await import('./program.ts');
  await startServer(server);
}
