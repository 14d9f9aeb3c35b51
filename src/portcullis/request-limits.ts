import { AddressLimit } from '../core/address-limit.ts';
import { OAuthError } from '../core/errors.ts';
import { errorResponse, type RequestContext, requestPath } from '../core/http.ts';
import type { OAuthProvider } from '../provider.ts';
import type { ResolvedConfig } from './config.ts';

/** What strangers may do how often: register clients, start authorizations, try to sign in, have proofs remembered. */
export class RequestLimits {
  readonly #provider: OAuthProvider;
  readonly #byEndpoint: ReadonlyMap<string, AddressLimit>;

  constructor(config: ResolvedConfig, provider: OAuthProvider) {
    this.#provider = provider;
    const limit = ({ limit, windowSeconds }: { limit: number; windowSeconds: number }) =>
      new AddressLimit({ limit, window: windowSeconds * 1000 }, provider.clock);
    const { authorize, deviceAuthorization, manage, pushedRequest, register, token } = provider.settings.paths;
    const prefix = token.slice(0, -'/token'.length);
    const authorizations = limit(config.authorize.rateLimit);
    const registrations = limit(config.registration.rateLimit);
    const managements = limit(config.registration.rateLimit);
    this.#byEndpoint = new Map([
      [`POST ${register}`, registrations],
      ...['GET', 'HEAD', 'PUT', 'DELETE'].map((method): [string, AddressLimit] => [`${method} ${manage}`, managements]),
      [`POST ${pushedRequest}`, limit(config.pushedRequests.rateLimit)],
      [`POST ${deviceAuthorization}`, limit(config.deviceAuthorization.rateLimit)],
      [`GET ${authorize}`, authorizations],
      [`POST ${authorize}`, authorizations],
      [`POST ${prefix}/sign-in`, limit(config.signIn.rateLimit)],
      [`POST ${token}`, limit(config.dpop.rateLimit)],
    ]);
  }

  /** The 429 for an address that has used its share up, a page where a person sees it; or `undefined`. */
  check(request: Request, context: RequestContext): Promise<Response> | undefined {
    const path = requestPath(request);
    const { token } = this.#provider.settings.paths;
    // A proof is remembered, whoever sent it; any other token request leaves nothing behind unless it succeeds.
    if (path === token && !request.headers.has('dpop')) return undefined;
    const limit = this.#byEndpoint.get(`${request.method} ${path}`);
    const wait = limit?.take(context.clientAddress) ?? 0;
    return wait === 0 ? undefined : this.#refusal(request, path, wait, context);
  }

  async #refusal(request: Request, path: string, wait: number, context: RequestContext): Promise<Response> {
    const provider = this.#provider;
    provider.report({ name: 'request.rate_limited', reason: `too many requests to ${path}`, ...context });
    const description = `too many requests from this address; try again in ${wait} seconds`;
    const error = new OAuthError('temporarily_unavailable', description, { status: 429 });
    const { deviceAuthorization, manage, pushedRequest, register, token } = provider.settings.paths;
    const forScripts = [deviceAuthorization, manage, pushedRequest, register, token].includes(path);
    const response = forScripts ? errorResponse(error) : await provider.authorizationErrorPage(request, error, context);
    response.headers.set('retry-after', String(wait));
    // These are called by scripts of any origin; /authorize and sign-in are not, and have no CORS headers.
    if (forScripts) response.headers.set('access-control-allow-origin', '*');
    return response;
  }
}
