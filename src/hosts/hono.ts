import type { Context, MiddlewareHandler } from 'hono';
import type { RequestContext } from '../core/http.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { type AuthInfo, authInfo } from './auth-info.ts';
import { SessionOwners } from './session-owners.ts';
import { answer, type McpEndpoint, type WebHost } from './web-host.ts';

export interface PortcullisHonoOptions {
  /** Serves the MCP endpoint on its path, or several on theirs. Without it, the application does, behind `requireToken`. */
  readonly mcp?: McpEndpoint | readonly McpEndpoint[];
  /** The client's address, which only the runtime knows. Default: `c.env.clientAddress`, as this package's Node adapter sets it. */
  readonly clientAddress?: (c: Context) => string | undefined;
}

/**
 * Serves the OAuth endpoints and pages in Hono 4, and with the `mcp` option the MCP endpoint: `app.use(portcullisHono(provider))`.
 * What is not its own goes on.
 */
export function portcullisHono(provider: WebHost, options: PortcullisHonoOptions = {}): MiddlewareHandler {
  return async (c, next) => {
    const response = await answer(provider, options.mcp, await unreadRequest(c), contextOf(c, options));
    if (response === undefined) return next();
    return response;
  };
}

export interface RequireTokenOptions extends Pick<PortcullisHonoOptions, 'clientAddress'> {
  /** The resource that the route is of, as the configuration calls it. Needed where several are served here. */
  readonly resource?: string;
  /** Scopes that the route needs, besides the resource's required ones and those of the called tool. */
  readonly scopes?: readonly string[];
  /** Whose each MCP session is. Default: sessions seen opened on this route are closed to everybody but their owner. */
  readonly sessions?: SessionOwners;
}

/**
 * Lets only requests with a sufficient access token pass, with `c.var.auth` and the parsed body in `c.var.mcpBody`, and
 * sends the challenge to all others.
 */
export function requireToken(
  provider: Gate,
  options: RequireTokenOptions = {},
): MiddlewareHandler<{ Variables: { auth: AuthInfo; mcpBody: unknown } }> {
  const sessions = options.sessions ?? new SessionOwners({ unknown: 'pass' });
  const { key: resource } = provider.resources.guarded(options.resource);
  return async (c, next) => {
    const request = await unreadRequest(c);
    const outcome = await provider.authenticate(request, {
      ...contextOf(c, options),
      resource,
      ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
    });
    if (outcome.response !== undefined) return outcome.response;
    c.set('auth', authInfo(outcome.token, provider));
    c.set('mcpBody', outcome.body);
    c.res = await sessions.guard(request, outcome.token, async () => {
      await next();
      return c.res;
    });
    for (const [name, value] of Object.entries(outcome.responseHeaders)) c.header(name, value);
    return undefined;
  };
}

/** The request as it came, or where a middleware has read its body, the same with the body from Hono's cache. */
async function unreadRequest({ req }: Context): Promise<Request> {
  if (!req.raw.bodyUsed) return req.raw;
  const form = await req.bodyCache.formData;
  const body =
    form === undefined
      ? await req.text()
      : new URLSearchParams([...form].map(([name, value]): [string, string] => [name, String(value)]));
  const headers = new Headers(req.raw.headers);
  headers.delete('content-length');
  return new Request(req.url, { method: req.method, headers, body, signal: req.raw.signal });
}

function contextOf(c: Context, { clientAddress }: Pick<PortcullisHonoOptions, 'clientAddress'>): RequestContext {
  const address: unknown = clientAddress === undefined ? c.env?.clientAddress : clientAddress(c);
  return typeof address === 'string' ? { clientAddress: address } : {};
}
