import { type RequestContext, requestPath } from '../core/http.ts';
import type { ProviderSettings } from '../core/settings.ts';

/** What answers requests below a configured public URL: every `OAuthProvider`, or anything of its shape. */
export interface WebHost {
  readonly settings: Pick<ProviderSettings, 'baseUrl' | 'paths'>;
  /** @returns `undefined` for a path that is not its own */
  handle(request: Request, context: RequestContext): Promise<Response | undefined>;
}

/** Answers requests to the MCP endpoint, from authentication on. `createMcpEndpoint` makes one. */
export type McpEndpoint = (request: Request, context: RequestContext) => Promise<Response>;

/**
 * Answers a request with the MCP endpoint, on its one path, or with the host.
 * @returns `undefined` for a path of neither
 */
export async function answer(
  host: WebHost,
  mcp: McpEndpoint | undefined,
  request: Request,
  context: RequestContext,
): Promise<Response | undefined> {
  if (mcp !== undefined && requestPath(request) === host.settings.paths.mcp) return mcp(request, context);
  return host.handle(request, context);
}
