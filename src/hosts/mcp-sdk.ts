import { ConfigurationError } from '../core/urls.ts';
import { refuseForeignOrigin } from '../oauth/bearer/authenticate.ts';
import { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { type AuthInfo, authInfo } from './auth-info.ts';
import { allowOrigin, mcpPreflight } from './mcp-cors.ts';
import { SessionOwners } from './session-owners.ts';
import type { McpEndpoint } from './web-host.ts';

export { type AuthInfo, authInfo, type McpEndpoint, refuseForeignOrigin, SessionOwners };

/** What `createMcpHandler` of `@modelcontextprotocol/server` returns, or any web-standard transport of that shape. */
export interface McpFetchHandler {
  fetch(request: Request, options?: { authInfo?: AuthInfo; parsedBody?: unknown }): Promise<Response>;
}

export interface McpEndpointOptions {
  /** The resource whose endpoint it is, as the configuration calls it. Needed where several are served here. */
  readonly resource?: string;
  /** Scopes that every request needs, besides the resource's required ones and its tools'. */
  readonly scopes?: readonly string[];
  /** Whose each session is. Default: sessions that this endpoint saw opened are closed to everybody but their owner. */
  readonly sessions?: SessionOwners;
}

/**
 * Puts the gate in front of an MCP handler: it runs only for requests whose token is valid and has the scopes that the
 * called tool needs, and gets the token as `authInfo` and the body parsed.
 */
export function createMcpEndpoint(
  provider: Gate,
  handler: McpFetchHandler,
  options: McpEndpointOptions = {},
): McpEndpoint {
  const { allowedOrigins } = provider;
  const { key: resource, path } = provider.resources.guarded(options.resource);
  const sessions = options.sessions ?? new SessionOwners({ unknown: 'pass' });
  const serve: McpEndpoint = async (request, context) => {
    const outcome = await provider.authenticate(request, {
      ...context,
      resource,
      ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
    });
    if (outcome.response !== undefined) return outcome.response;
    const { token, body, responseHeaders } = outcome;
    const run = () =>
      handler.fetch(request, {
        authInfo: authInfo(token, provider),
        ...(body === undefined ? {} : { parsedBody: body }),
      });
    return withHeaders(await sessions.guard(request, token, run), responseHeaders);
  };
  const endpoint: McpEndpoint = async (request, context) => {
    if (request.method === 'OPTIONS') return mcpPreflight(request, allowedOrigins);
    return allowOrigin(request, await serve(request, context), allowedOrigins);
  };
  return Object.assign(endpoint, { path });
}

function withHeaders(response: Response, added: Readonly<Record<string, string>>): Response {
  if (Object.keys(added).length === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** The verifier that `requireBearerAuth` and `verifyBearerToken` of the official SDK take, in both its versions. */
export interface TokenVerifier {
  verifyAccessToken(token: string): Promise<AuthInfo>;
}

/**
 * A token verifier for applications that keep the SDK's own bearer middleware. It sees nothing but the token: put
 * `refuseForeignOrigin` in front, and let the tools check their scopes. A token that is bound to a key is refused, because
 * its proof cannot be seen from here.
 * @param invalidToken makes the error that the installed SDK understands:
 *   `(message) => new OAuthError(OAuthErrorCode.InvalidToken, message)` for `@modelcontextprotocol/server`,
 *   `(message) => new InvalidTokenError(message)` for `@modelcontextprotocol/sdk`
 * @throws ConfigurationError where scopes or tools demand a sign-in, to which a verifier cannot hold anybody
 */
export function createTokenVerifier(
  provider: Gate,
  invalidToken: (message: string) => Error,
  options: Pick<McpEndpointOptions, 'resource'> = {},
): TokenVerifier {
  const { uri, scopes } = provider.resources.guarded(options.resource);
  if (scopes.demandsSignIn)
    throw new ConfigurationError('scopes demand a sign-in, and a token verifier sees no tools: use createMcpEndpoint');
  return {
    async verifyAccessToken(token) {
      const record = await provider.verifyToken(token, uri);
      const verified = VerifiedAccessToken.check(record, token, uri, provider.clock.now());
      if (verified === undefined) {
        throw invalidToken('the access token is unknown, expired, revoked, or was issued for another resource');
      }
      return authInfo(verified, provider);
    },
  };
}
