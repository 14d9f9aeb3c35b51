import type { FastifyPluginAsync, preHandlerAsyncHookHandler } from 'fastify';
import { originOf } from '../core/urls.ts';
import type { Gate } from '../oauth/token/gate.ts';
import { type AuthInfo, authInfo } from './auth-info.ts';
import { TrustedProxies } from './client-address.ts';
import { createNodeGate, type RequireTokenOptions } from './node-gate.ts';
import { contextOf, type NodeHandlerOptions } from './node-handler.ts';
import { toRequest } from './node-request.ts';
import { sendResponse } from './node-response.ts';
import { answer, type WebHost } from './web-host.ts';

export interface PortcullisFastifyOptions extends Omit<NodeHandlerOptions, 'onError'> {
  readonly provider: WebHost;
}

const plugin: FastifyPluginAsync<PortcullisFastifyOptions> = async (
  app,
  { provider, mcp, trustedProxies, maximumBodyBytes },
) => {
  const proxies = new TrustedProxies(trustedProxies);
  const origin = originOf(provider.settings.baseUrl);
  app.addHook('onRequest', async (request, reply) => {
    const webRequest = toRequest(request.raw, reply.raw, { origin, maximumBodyBytes });
    const response = webRequest && (await answer(provider, mcp, webRequest, contextOf(request.raw, proxies)));
    if (response === undefined) return;
    reply.hijack();
    await sendResponse(response, reply.raw);
  });
};

/**
 * Serves the OAuth endpoints and pages in Fastify 5, and with the `mcp` option the MCP endpoint:
 * `app.register(portcullisFastify, { provider })`. It answers before any body is parsed, so that the application's own
 * content type parsers stay as they are; failures go to the application's error handler.
 * @throws ConfigurationError for a malformed entry of `trustedProxies`
 */
export const portcullisFastify: FastifyPluginAsync<PortcullisFastifyOptions> = Object.assign(plugin, {
  // Fastify's own mark for a plugin whose hooks hold for the whole application.
  [Symbol.for('skip-override')]: true,
});

/** The `auth` that `requireToken` leaves on a Fastify request. */
export interface AuthenticatedFastifyRequest {
  auth: AuthInfo;
}

/**
 * A `preHandler` that lets only requests with a sufficient access token pass, and sends the challenge to all others. A body
 * that no content type parser has read is parsed as JSON into `request.body`; anything but JSON is answered with 400.
 */
export function requireToken(provider: Gate, options: RequireTokenOptions = {}): preHandlerAsyncHookHandler {
  const admit = createNodeGate(provider, options);
  return async (request, reply) => {
    // A content type parser may have left the body unread: then it is judged here, and nobody after reads another.
    const admitted = await admit(
      request.raw,
      reply.raw,
      request.body === undefined ? undefined : { body: request.body },
    );
    if (admitted === undefined) return void reply.hijack();
    if (request.body === undefined) request.body = admitted.body;
    Object.assign(request, { auth: authInfo(admitted.token, provider) });
  };
}
