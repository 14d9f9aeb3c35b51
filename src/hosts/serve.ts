import { randomId } from '../core/random.ts';
import { ConfigurationError } from '../core/urls.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { type StartedServer, startServer } from '../operations/listening/start-server.ts';
import type { CertificateFiles } from '../operations/tls/certificate.ts';
import type { AuthInfo } from './auth-info.ts';
import { createMcpEndpoint, type McpEndpointOptions, type McpFetchHandler } from './mcp-sdk.ts';
import { createNodeListener } from './node-handler.ts';
import type { McpEndpoint } from './web-host.ts';

/**
 * What answers MCP requests once they are authenticated: what `createMcpHandler` of `@modelcontextprotocol/server`
 * returns, or a function of the request, its token and its parsed body.
 */
export type McpHandler =
  | McpFetchHandler
  | ((request: Request, token: AuthInfo, body: unknown) => Response | Promise<Response>);

export interface ServeOptions extends Omit<McpEndpointOptions, 'resource'> {
  /** Handles the requests to the default resource. */
  readonly mcp: McpHandler;
  /** Handles those to each further resource that is served here, by the name that the configuration gives it. */
  readonly resources?: Readonly<Record<string, McpHandler>> | undefined;
  /** Default: 3000. 0 takes any free port. */
  readonly port?: number | undefined;
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** Serves https with these PEM files, which are read again when they change. */
  readonly tls?: CertificateFiles | undefined;
  /** Addresses and CIDR ranges of the reverse proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** How long requests in flight may take to finish at `close`. Default: 10. */
  readonly shutdownSeconds?: number | undefined;
  /** How long a client may take to send a whole request. Default: 60. */
  readonly requestTimeoutSeconds?: number | undefined;
  /** Closes the server when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface RunningServer extends StartedServer {
  /** Public URL of the MCP endpoint: what clients are given. */
  readonly url: string;
}

/**
 * Serves a provider and the MCP endpoints that it guards on one port of their own. Closing it leaves the provider open.
 * @throws ListenError where the port is taken; ConfigurationError where the TLS files or `trustedProxies` are wrong, or a
 *   resource has no handler
 */
export async function serve(provider: Gate, options: ServeOptions): Promise<RunningServer> {
  const { port = 3000, host = '127.0.0.1', tls, trustedProxies = [], signal } = options;
  const { shutdownSeconds = 10, requestTimeoutSeconds = 60 } = options;
  const listener = createNodeListener(provider, {
    mcp: endpointsOf(provider, options),
    trustedProxies,
    onError: (error) =>
      provider.report({
        name: 'server.error',
        requestId: randomId(provider.random),
        reason: 'a request failed',
        error,
      }),
  });
  const started = await startServer(
    {
      baseUrl: provider.settings.baseUrl,
      port,
      host,
      tls,
      shutdownTime: shutdownSeconds * 1000,
      requestTime: requestTimeoutSeconds * 1000,
      report: (event) => provider.report(event),
      signal,
    },
    listener,
  );
  return { ...started, url: provider.settings.resource };
}

function endpointsOf(provider: Gate, options: ServeOptions): readonly McpEndpoint[] {
  const { mcp, resources = {}, ...endpointOptions } = options;
  const handlers = new Map(Object.entries({ ...resources, [provider.resources.default.key]: mcp }));
  for (const { key, path } of provider.resources.served) {
    if (!handlers.has(key)) throw new ConfigurationError(`resources.${key} has the path ${path}, but no MCP handler`);
  }
  return [...handlers].map(([resource, handler]) => {
    const fetching = typeof handler === 'function' ? fetchHandler(handler) : handler;
    return createMcpEndpoint(provider, fetching, { ...endpointOptions, resource });
  });
}

function fetchHandler(handle: Exclude<McpHandler, McpFetchHandler>): McpFetchHandler {
  return {
    fetch: async (request, { authInfo, parsedBody } = {}) => {
      if (authInfo === undefined) throw new TypeError('the request was not authenticated');
      return handle(request, authInfo, parsedBody);
    },
  };
}
