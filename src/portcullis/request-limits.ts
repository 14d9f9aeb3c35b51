import { addressKey } from '../core/address.ts';
import { OAuthError } from '../core/errors.ts';
import { privateJson, type RequestContext } from '../core/http.ts';
import { RateLimit } from '../operations/rate-limit/rate-limit.ts';
import type { OAuthProvider } from '../provider.ts';
import type { ResolvedConfig } from './config.ts';

// Registration is called by scripts of any origin; /authorize and sign-in are not, and have no CORS headers.
const forScripts = { 'access-control-allow-origin': '*' };

/** What strangers may do how often: register clients, start authorizations, try to sign in. */
export class RequestLimits {
  readonly #provider: OAuthProvider;
  readonly #maximumClients: number;
  readonly #byEndpoint: ReadonlyMap<string, RateLimit>;

  constructor(config: ResolvedConfig, provider: OAuthProvider) {
    this.#provider = provider;
    this.#maximumClients = config.registration.maximumClients;
    const limit = ({ limit, windowSeconds }: { limit: number; windowSeconds: number }) =>
      new RateLimit({ limit, window: windowSeconds * 1000 }, provider.clock);
    const { authorize, register, token } = provider.settings.paths;
    const prefix = token.slice(0, -'/token'.length);
    const authorizations = limit(config.authorize.rateLimit);
    this.#byEndpoint = new Map([
      [`POST ${register}`, limit(config.registration.rateLimit)],
      [`GET ${authorize}`, authorizations],
      [`POST ${authorize}`, authorizations],
      [`POST ${prefix}/sign-in`, limit(config.signIn.rateLimit)],
    ]);
  }

  /** The 429 for an address that has used its share up, or `undefined`. */
  check(request: Request, context: RequestContext): Response | undefined {
    const { pathname } = new URL(request.url);
    // HEAD runs what GET runs, so it counts as one.
    const limit = this.#byEndpoint.get(`${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`);
    const wait = limit?.take(addressKey(context.clientAddress)) ?? 0;
    if (wait === 0) return undefined;
    this.#provider.report({ name: 'request.rate_limited', ...context });
    return privateJson(
      {
        error: 'temporarily_unavailable',
        error_description: `too many requests from this address; try again in ${wait} seconds`,
      },
      {
        status: 429,
        headers: {
          'retry-after': String(wait),
          ...(pathname === this.#provider.settings.paths.register ? forScripts : {}),
        },
      },
    );
  }

  /** @throws OAuthError where no more clients may register */
  checkClientCount(count: number): void {
    if (count < this.#maximumClients) return;
    throw new OAuthError('temporarily_unavailable', 'this server has as many registered clients as it keeps', {
      hint: 'Raise registration.maximumClients, or remove clients with: portcullis client list, portcullis client delete',
    });
  }
}
