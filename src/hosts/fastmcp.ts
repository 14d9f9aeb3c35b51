import type { IncomingMessage } from 'node:http';
import type { FastMCP } from 'fastmcp';
import { ConfigurationError, originOf } from '../core/urls.ts';
import { decideScopes } from '../oauth/bearer/mcp-operations.ts';
import { describeSignInDemand, unmetSignInDemand } from '../oauth/step-up/demanded-sign-in.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { type AuthInfo, authInfo } from './auth-info.ts';
import { TrustedProxies } from './client-address.ts';
import { type CurrentCall, FastMcpCalls } from './fastmcp-calls.ts';
import { type FastMcpRouteOptions, fastMcpRoutes, gone, opensSseSession } from './fastmcp-routes.ts';
import { contextOf } from './node-handler.ts';
import { toRequest } from './node-request.ts';
import { keepBodies } from './request-bodies.ts';
import { sessionNotFound } from './session-owners.ts';

/** What tools get as `session`: the token of a request of this client and user. */
export type FastMcpSession = { [Name in keyof AuthInfo]: AuthInfo[Name] };

type ToolCall = { arguments: Record<string, unknown>; toolName: string };

/** Options for `new FastMCP`, none of which may be replaced. */
export interface FastMcpHooks {
  authenticate(request: IncomingMessage): Promise<FastMcpSession>;
  onToolCall(call: ToolCall): Promise<void>;
}

export interface FastMcpOptions extends FastMcpRouteOptions {
  /** The resource that the server is, as the configuration calls it. Needed where several are served here. */
  readonly resource?: string;
  /** Called after the scopes of a tool call were found sufficient. */
  readonly onToolCall?: (call: ToolCall) => void | Promise<void>;
}

/**
 * Makes a FastMCP server with a provider as its gate: it serves the OAuth endpoints and pages on the server's own port,
 * checks the token of every request and the scopes of every tool call, keeps each session to the client and user that
 * opened it, and closes the HTTP+SSE transport. Over stdio, where there is no token, every tool is refused.
 * @param create `(hooks) => new FastMCP({ name, version, ...hooks })`
 * @throws ConfigurationError where the server was made without the hooks, or with its own `auth` or `oauth`
 */
export function guardFastMcp<Server extends FastMCP<FastMcpSession>>(
  provider: Gate,
  create: (hooks: FastMcpHooks) => Server,
  options: FastMcpOptions = {},
): Server {
  const { key, path, requiredScopes, scopes } = provider.resources.guarded(options.resource);
  const proxies = new TrustedProxies(options.trustedProxies);
  const origin = originOf(provider.settings.baseUrl);
  const calls = new FastMcpCalls();
  const bodyOf = keepBodies(({ method, url }) => method === 'POST' && url?.split('?', 1)[0] === path);

  async function admit(req: IncomingMessage, call: CurrentCall): Promise<FastMcpSession> {
    const request = toRequest(req, undefined, { origin, body: 'omit' });
    if (request === undefined || opensSseSession(req)) return Promise.reject(gone());
    const body = bodyOf(req);
    const { token, response } = await provider.authenticate(request, {
      ...contextOf(req, proxies),
      resource: key,
      body,
    });
    if (response !== undefined) return Promise.reject(response);
    const id = request.headers.get('mcp-session-id');
    const session = id === null ? undefined : server.sessions.find(({ sessionId }) => sessionId === id);
    if (session !== undefined && !calls.owns(session, token)) return Promise.reject(sessionNotFound());
    call.token = token;
    return authInfo(token, provider);
  }

  const hooks: FastMcpHooks = {
    authenticate: (req) => admit(req, calls.begin()),
    async onToolCall(call) {
      if (calls.token === undefined) throw new Error('invalid_token: no access token came with this call');
      const operation = { method: 'tools/call', name: call.toolName };
      const decision = decideScopes([operation], calls.token.scopes, requiredScopes, scopes);
      if (!decision.allowed) {
        const missing = 'scopes' in decision ? `needs ${decision.scopes.join(' ')}` : 'no scope unlocks this tool';
        throw new Error(`insufficient_scope: ${missing}`);
      }
      const { signIn, scopes: held } = calls.token;
      const unmet = unmetSignInDemand([operation], held, requiredScopes, scopes, signIn, provider.clock.now());
      if (unmet !== undefined) throw new Error(`insufficient_user_authentication: ${describeSignInDemand(unmet)}`);
      await options.onToolCall?.(call);
    },
  };

  const server = create(hooks);
  const { authenticate, onToolCall, auth, oauth } = server.options;
  if (authenticate !== hooks.authenticate || onToolCall !== hooks.onToolCall || (auth ?? oauth) !== undefined) {
    throw new ConfigurationError('pass all hooks to new FastMCP({ ...hooks }), and neither auth nor oauth');
  }
  server.on('connect', ({ session }) => calls.claim(session));
  server.getApp().use('*', fastMcpRoutes(provider, options));
  return server;
}
