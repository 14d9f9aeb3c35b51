import type { ServeOptions } from '../hosts/serve.ts';
import type { ServeConfig } from '../portcullis/serve-config.ts';

/** An MCP server that comes with its own program, instead of a module that `portcullis serve --mcp` names. */
export interface EmbeddedServer extends Pick<ServeOptions, 'mcp' | 'resources' | 'scopes' | 'sessions'> {
  /** Settings that hold where nothing else is set, such as `name` and `scopes`. */
  readonly defaults?: ServeConfig | undefined;
}

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
