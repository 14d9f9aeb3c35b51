import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { errorResponse, privateJson } from '../core/http.ts';
import { failureAnswer } from '../core/outage.ts';
import { originOf } from '../core/urls.ts';
import { TrustedProxies } from './client-address.ts';
import { toRequest } from './node-request.ts';
import { sendResponse } from './node-response.ts';
import { answer, type McpEndpoint, type WebHost } from './web-host.ts';

export interface NodeHandlerOptions {
  /** Serves the MCP endpoint on its path, or several on theirs. Without it, the application does, behind `requireToken`. */
  readonly mcp?: McpEndpoint | readonly McpEndpoint[];
  /** Addresses and CIDR ranges of the reverse proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Larger bodies are answered with 413. Default: 4 MiB. */
  readonly maximumBodyBytes?: number;
  /** Told of failures, which are then answered with 500, or 503 where they may pass. Default: they go to `next`, where there is one. */
  readonly onError?: (error: unknown, req: IncomingMessage) => void;
}

/** @returns whether the request was answered; if not, `next` was called */
export type NodeHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<boolean>;

/**
 * Serves a provider on Node: bare, or as a middleware of Express, Connect and the like. Never rejects.
 * @throws ConfigurationError for a malformed entry of `trustedProxies`
 */
export function createNodeHandler(host: WebHost, options: NodeHandlerOptions = {}): NodeHandler {
  const proxies = new TrustedProxies(options.trustedProxies);
  const origin = originOf(host.settings.baseUrl);
  return async (req, res, next) => {
    let failure: unknown;
    try {
      const request = toRequest(req, res, { origin, maximumBodyBytes: options.maximumBodyBytes });
      const response = request && (await answer(host, options.mcp, request, contextOf(req, proxies)));
      if (response !== undefined) {
        await sendResponse(response, res);
        return true;
      }
    } catch (error) {
      if (options.onError !== undefined || next === undefined || res.headersSent) {
        options.onError?.(error, req);
        fail(res, error);
        return true;
      }
      failure = error;
    }
    next?.(failure);
    return false;
  };
}

/** Serves a provider as the only listener of a `node:http` or `node:https` server: 404 for what is not its own. */
export function createNodeListener(host: WebHost, options: NodeHandlerOptions = {}): RequestListener {
  const handle = createNodeHandler(host, options);
  return (req, res) => {
    void handle(req, res, (error) => {
      if (error === undefined) void sendResponse(privateJson({ error: 'not_found' }, { status: 404 }), res);
      else fail(res, error);
    });
  };
}

/** What only the host knows of a request. */
export function contextOf(req: IncomingMessage, proxies: TrustedProxies): { readonly clientAddress?: string } {
  const forwardedFor = req.headers['x-forwarded-for'];
  const address = proxies.clientAddress(
    req.socket.remoteAddress,
    Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor,
  );
  return address === undefined ? {} : { clientAddress: address };
}

function fail(res: ServerResponse, failure: unknown): void {
  if (res.headersSent) res.destroy();
  else void sendResponse(errorResponse(failureAnswer(failure)), res);
}
