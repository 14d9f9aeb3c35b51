import type { Request, RequestHandler } from 'express';
import type { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { type AuthInfo, authInfo } from './auth-info.ts';
import { createNodeGate, type RequireTokenOptions } from './node-gate.ts';
import { createNodeHandler, type NodeHandlerOptions } from './node-handler.ts';
import type { WebHost } from './web-host.ts';

/** A request that passed `requireToken`. `auth` is what transports of `@modelcontextprotocol/sdk` look for. */
export interface AuthenticatedRequest extends Request {
  auth: AuthInfo;
  token: VerifiedAccessToken;
}

/**
 * Serves the OAuth endpoints and pages in Express 5, and with the `mcp` option the MCP endpoint. Mount it with `app.use`,
 * before or after body parsers; what is not its own goes on.
 * @throws ConfigurationError for a malformed entry of `trustedProxies`
 */
export function portcullisExpress(provider: WebHost, options: NodeHandlerOptions = {}): RequestHandler {
  const handle = createNodeHandler(provider, options);
  return async (req, res, next) => {
    await handle(req, res, next);
  };
}

/**
 * Lets only requests with a sufficient access token pass, and sends the challenge to all others. A body that no parser
 * has read yet is parsed as JSON into `req.body`, because the scopes of a tool call depend on it; a POST with anything
 * but a JSON object or array is answered with 400.
 */
export function requireToken(provider: Gate, options: RequireTokenOptions = {}): RequestHandler {
  const admit = createNodeGate(provider, options);
  return async (req, res, next) => {
    const admitted = await admit(req, res, req.body === undefined ? undefined : { body: req.body });
    if (admitted === undefined) return;
    if (req.body === undefined) req.body = admitted.body;
    Object.assign(req, { auth: authInfo(admitted.token, provider), token: admitted.token });
    next();
  };
}
