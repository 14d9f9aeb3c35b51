import { createServer, type IncomingMessage, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gracefulClose } from '../operations/listening/graceful-close.ts';
import { listen } from '../operations/listening/listen.ts';
import type { CertificateFiles } from '../operations/tls/certificate.ts';
import { createTlsServer } from '../operations/tls/server.ts';
import type { OAuthProvider } from '../provider.ts';
import type { AuthInfo } from './auth-info.ts';
import { createMcpEndpoint, type McpEndpointOptions, type McpFetchHandler } from './mcp-sdk.ts';
import { createNodeListener } from './node.ts';

/**
 * What answers MCP requests once they are authenticated: what `createMcpHandler` of `@modelcontextprotocol/server`
 * returns, or a function of the request, its token and its parsed body.
 */
export type McpHandler =
  | McpFetchHandler
  | ((request: Request, token: AuthInfo, body: unknown) => Response | Promise<Response>);

export interface ServeOptions extends McpEndpointOptions {
  readonly mcp: McpHandler;
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

export interface RunningServer {
  /** Public URL of the MCP endpoint: what clients are given. */
  readonly url: string;
  /** Where it listens. */
  readonly address: AddressInfo;
  /** Reads the TLS files now; without TLS nothing happens. */
  reloadCertificate(): void;
  /** Stops accepting and waits for requests in flight. The provider stays open. */
  close(): Promise<void>;
}

/**
 * Serves a provider and the MCP endpoint that it guards on one port of their own.
 * @throws ListenError where the port is taken; ConfigurationError where the TLS files or `trustedProxies` are wrong
 */
export async function serve(provider: OAuthProvider, options: ServeOptions): Promise<RunningServer> {
  const {
    mcp,
    port = 3000,
    host = '127.0.0.1',
    tls,
    trustedProxies = [],
    shutdownSeconds = 10,
    requestTimeoutSeconds = 60,
    signal,
  } = options;
  const handler: McpFetchHandler =
    typeof mcp === 'function'
      ? { fetch: async (request, passed) => mcp(request, passed?.authInfo as AuthInfo, passed?.parsedBody) }
      : mcp;
  const report = (reason: string) => (error: unknown) => provider.report({ name: 'server.error', reason, error });
  const listener = createNodeListener(provider, {
    mcp: createMcpEndpoint(provider, handler, options),
    trustedProxies,
    onError: report('a request failed'),
  });
  const limits: ServerOptions = {
    headersTimeout: Math.min(15, requestTimeoutSeconds) * 1000,
    requestTimeout: requestTimeoutSeconds * 1000,
    // Longer than the usual 60 s of load balancers: it must be them who give an idle connection up.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 2000,
  };
  const secured =
    tls &&
    createTlsServer(
      {
        ...tls,
        limits,
        baseUrl: provider.settings.baseUrl,
        onReplaced: ({ expiresAt }) =>
          provider.report({
            name: 'tls.certificate_replaced',
            reason: `valid until ${new Date(expiresAt).toISOString()}`,
          }),
        onBroken: report('the new TLS certificate cannot be used; the previous one stays'),
      },
      listener,
    );
  const server = secured?.server ?? createServer(limits, listener);
  const close = gracefulClose(server, isEndless);
  const address = await listen(server, port, host).catch((error: unknown) => {
    secured?.watch.stop();
    throw error;
  });
  const closeInTime = () => close(shutdownSeconds * 1000);
  signal?.addEventListener('abort', () => void closeInTime(), { once: true });
  if (signal?.aborted === true) await closeInTime();
  return {
    url: provider.settings.resource,
    address,
    reloadCertificate: () => secured?.watch.reload(),
    close: closeInTime,
  };
}

/** The streams on which an MCP server only ever notifies. */
function isEndless(req: IncomingMessage): boolean {
  return (
    req.headers['mcp-method'] === 'subscriptions/listen' ||
    (req.method === 'GET' && (req.headers.accept ?? '').includes('text/event-stream'))
  );
}
