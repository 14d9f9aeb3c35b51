import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../core/urls.ts';
import type { McpHandler, ServeOptions } from '../hosts/serve.ts';
import type { ServeConfig } from '../portcullis/serve-config.ts';
import { CommandError } from './failures.ts';

/** An MCP server that comes with its own program, instead of a module that `portcullis serve --mcp` names. */
export interface EmbeddedServer extends Pick<ServeOptions, 'mcp' | 'resources' | 'scopes' | 'sessions'> {
  /** Settings that hold where nothing else is set, such as `name` and `scopes`. */
  readonly defaults?: ServeConfig | undefined;
}

/** What a module for `portcullis serve --mcp` exports. */
export interface McpModule {
  /** Its default export. */
  readonly handler: McpHandler;
  /** Its export `resources`: the handlers of further resources, by the names that the configuration gives them. */
  readonly resources: Readonly<Record<string, McpHandler>>;
  /** Its export `config`: settings that hold where nothing else is set, such as `name` and `scopes`. */
  readonly config: ServeConfig;
}

const example = `import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';

export const config = { name: 'Hello', scopes: { hello: { title: 'Say hello', tools: ['hello'] } } };

export default createMcpHandler(() => {
  const server = new McpServer({ name: 'hello', version: '1.0.0' });
  server.registerTool('hello', { description: 'Says hello.' }, ({ http }) => ({
    content: [{ type: 'text', text: \`Hello, \${http?.authInfo?.extra?.subject}!\` }],
  }));
  return server;
});`;

/** What to do where no MCP module is named. */
export function noModule(): CommandError {
  const indented = example.replace(/^(?=.)/gm, '  ');
  return new CommandError(
    'usage',
    'there is no MCP server to serve',
    `name its module: portcullis serve --mcp server.ts, where server.ts is for example\n\n${indented}\n`,
  );
}

/**
 * Loads the module that handles MCP requests.
 * @param path a JavaScript or TypeScript file
 * @throws ConfigurationError where it is not there or exports no handler, CommandError where it fails to load
 */
export async function loadMcpModule(path: string, directory: string): Promise<McpModule> {
  const file = resolve(directory, path);
  if (!existsSync(file)) throw new ConfigurationError(`mcp: there is no file ${file}`);
  let loaded: { readonly default?: unknown; readonly resources?: unknown; readonly config?: unknown };
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new CommandError('usage', `mcp: ${file} cannot be loaded: ${reason}`);
  }
  if (!isHandler(loaded.default)) {
    throw new ConfigurationError(
      `mcp: the default export of ${file} must be what createMcpHandler of @modelcontextprotocol/server returns, or a function (request, token, body) => Response`,
    );
  }
  return {
    handler: loaded.default,
    resources: furtherHandlers(loaded.resources ?? {}, file),
    config: (loaded.config ?? {}) as ServeConfig,
  };
}

function furtherHandlers(exported: unknown, file: string): Readonly<Record<string, McpHandler>> {
  const entries = Object.entries(exported ?? {});
  const handlers = entries.filter((entry): entry is [string, McpHandler] => isHandler(entry[1]));
  if (typeof exported === 'object' && handlers.length === entries.length) return Object.fromEntries(handlers);
  throw new ConfigurationError(
    `mcp: the export resources of ${file} must be an object of MCP handlers, such as { admin: createMcpHandler(…) }`,
  );
}

function isHandler(value: unknown): value is McpHandler {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function';
}
