import { type RequestContext, requestPath } from '../core/http.ts';
import type { ProviderSettings } from '../core/settings.ts';

/** What answers requests below a configured public URL: every `OAuthProvider`, or anything of its shape. */
export interface WebHost {
  readonly settings: Pick<ProviderSettings, 'baseUrl' | 'paths'>;
  /** @returns `undefined` for a path that is not its own */
  handle(request: Request, context: RequestContext): Promise<Response | undefined>;
}

/** Answers requests to the MCP endpoint of a resource, from authentication on. `createMcpEndpoint` makes one. */
export interface McpEndpoint {
  (request: Request, context: RequestContext): Promise<Response>;
  /** Where it is served. Default: the path of the default resource. */
  readonly path?: string;
}

/**
 * Answers a request with the MCP endpoint whose path it has, or with the host.
 * @returns `undefined` for a path of neither
 */
export async function answer(
  host: WebHost,
  mcp: McpEndpoint | readonly McpEndpoint[] | undefined,
  request: Request,
  context: RequestContext,
): Promise<Response | undefined> {
  const path = requestPath(request);
  const endpoint = [mcp ?? []].flat().find((candidate) => (candidate.path ?? host.settings.paths.mcp) === path);
  return endpoint === undefined ? host.handle(request, context) : endpoint(request, context);
}
