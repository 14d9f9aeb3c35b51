import type { IncomingMessage, ServerResponse } from 'node:http';
import { originOf } from '../core/urls.ts';
import type { AuthenticateOptions } from '../oauth/bearer/authenticate.ts';
import type { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { TrustedProxies } from './client-address.ts';
import { contextOf } from './node-handler.ts';
import { toRequest } from './node-request.ts';
import { sendResponse } from './node-response.ts';
import type { SessionOwners } from './session-owners.ts';

export interface RequireTokenOptions {
  /** The resource that the route is of, as the configuration calls it. Needed where several are served here. */
  readonly resource?: string;
  /** Scopes that the route needs, besides the resource's required ones and those of the called tool. */
  readonly scopes?: readonly string[];
  /** Needed where the MCP transport keeps sessions: then one user's session is closed to everybody else. */
  readonly sessions?: SessionOwners;
  readonly trustedProxies?: readonly string[];
}

/** A request that may pass, with its MCP message. */
export interface Admission {
  readonly token: VerifiedAccessToken;
  readonly body: unknown;
}

/**
 * A gate for one Node route.
 * @returns a function that answers a request which may not pass, and then returns `undefined`. Its `parsed` has the body,
 *   where a parser of the framework has read it
 */
export function createNodeGate(
  provider: Gate,
  options: RequireTokenOptions = {},
): (
  req: IncomingMessage,
  res: ServerResponse,
  parsed?: Pick<AuthenticateOptions, 'body'>,
) => Promise<Admission | undefined> {
  const proxies = new TrustedProxies(options.trustedProxies);
  const { key: resource } = provider.resources.guarded(options.resource);
  const origin = originOf(provider.settings.baseUrl);
  return async (req, res, parsed) => {
    const body = parsed === undefined ? undefined : 'omit';
    const request = toRequest(req, res, { origin, body });
    const outcome =
      request === undefined
        ? { response: new Response(null, { status: 404 }) }
        : await provider.authenticate(request, {
            ...contextOf(req, proxies),
            resource,
            ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
            ...parsed,
          });
    const refusal = outcome.response ?? options.sessions?.refuse(request?.headers.get('mcp-session-id'), outcome.token);
    if (refusal === undefined && outcome.response === undefined) {
      for (const [name, value] of Object.entries(outcome.responseHeaders)) res.setHeader(name, value);
      return outcome;
    }
    if (refusal !== undefined) await sendResponse(refusal, res);
    return undefined;
  };
}
