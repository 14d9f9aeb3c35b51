import type { AllowedOrigins } from '../oauth/bearer/origin.ts';

const allowed = {
  'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
  'access-control-allow-headers':
    'Authorization, DPoP, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID',
  'access-control-max-age': '86400',
} as const;

/** Answers a preflight of the MCP endpoint: a page of a foreign origin gets no permission. */
export function mcpPreflight(request: Request, origins: AllowedOrigins): Response {
  return allowOrigin(request, new Response(null, { status: 204, headers: allowed }), origins);
}

/** Lets pages of the allowed origins read a response of the MCP endpoint. */
export function allowOrigin(request: Request, response: Response, { origins }: AllowedOrigins): Response {
  const origin = request.headers.get('origin');
  if (origin === null) return response;
  const headers = new Headers(response.headers);
  headers.append('vary', 'Origin');
  if (origins.has(origin) || origins.has('*')) {
    headers.set('access-control-allow-origin', origin);
    headers.set('access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, MCP-Protocol-Version');
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
