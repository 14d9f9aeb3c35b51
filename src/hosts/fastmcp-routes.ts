import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { privateJson } from '../core/http.ts';
import { originOf } from '../core/urls.ts';
import { TrustedProxies } from './client-address.ts';
import { contextOf, type NodeHandlerOptions } from './node-handler.ts';
import { toRequest } from './node-request.ts';
import { sendResponse } from './node-response.ts';
import type { WebHost } from './web-host.ts';

export type FastMcpRouteOptions = Pick<NodeHandlerOptions, 'trustedProxies' | 'maximumBodyBytes'>;

/**
 * Serves a provider's endpoints on the Hono application that a FastMCP server has on its port, and closes `/messages`
 * there: FastMCP takes tool calls on it from anybody who knows the id of an open HTTP+SSE session.
 */
export function fastMcpRoutes(provider: WebHost, options: FastMcpRouteOptions): MiddlewareHandler {
  const proxies = new TrustedProxies(options.trustedProxies);
  const requestOptions = { origin: originOf(provider.settings.baseUrl), maximumBodyBytes: options.maximumBodyBytes };
  return async (c, next) => {
    const { incoming, outgoing } = c.env as { incoming: IncomingMessage; outgoing: ServerResponse };
    if (incoming.url?.startsWith('/messages') === true) return gone();
    const request = toRequest(incoming, outgoing, requestOptions);
    const response = request && (await provider.handle(request, contextOf(incoming, proxies)));
    if (response === undefined) return next();
    // FastMCP allows every origin everywhere; the endpoints say themselves which of them other origins may call.
    for (const name of outgoing.getHeaderNames()) if (name.startsWith('access-control-')) outgoing.removeHeader(name);
    await sendResponse(response, outgoing);
    return new Response(null);
  };
}

/** Whether FastMCP takes a request for the start of an HTTP+SSE session. */
export function opensSseSession(req: IncomingMessage): boolean {
  return new URL(req.url ?? '/', 'http://localhost').pathname === '/sse';
}

/** The answer of the HTTP+SSE transport, which is closed. */
export function gone(): Response {
  return privateJson({ error: 'the HTTP+SSE transport is closed; use Streamable HTTP' }, { status: 410 });
}
