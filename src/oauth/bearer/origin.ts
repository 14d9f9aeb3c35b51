import type { ProviderEnvironment } from '../../core/environment.ts';
import type { ProviderSettings } from '../../core/settings.ts';
import { isLoopbackHost } from '../../core/urls.ts';

/** The hosts and origins at which the MCP endpoint may be addressed. */
export interface AllowedOrigins {
  /** `host` or `host:port`, lower-case, as in a `Host` header. */
  readonly hosts: ReadonlySet<string>;
  /** As in an `Origin` header. `*` allows every web page; it still needs a token. */
  readonly origins: ReadonlySet<string>;
}

/** Those that follow from the public URLs, loopback in every spelling, and what the environment adds. */
export function allowedOriginsOf(
  { baseUrl, resource }: Pick<ProviderSettings, 'baseUrl' | 'resource'>,
  environment: Pick<ProviderEnvironment, 'allowedHosts' | 'allowedOrigins'>,
): AllowedOrigins {
  const urls = [new URL(baseUrl), new URL(resource)];
  const own = urls.flatMap((url) =>
    isLoopbackHost(url.hostname)
      ? ['localhost', '127.0.0.1', '[::1]'].map(
          (host) => new URL(`${url.protocol}//${host}${url.port === '' ? '' : `:${url.port}`}`),
        )
      : [url],
  );
  return {
    hosts: new Set([
      ...own.map((url) => url.host),
      ...(environment.allowedHosts ?? []).map((host) => host.toLowerCase()),
    ]),
    origins: new Set([...own.map((url) => url.origin), ...(environment.allowedOrigins ?? [])]),
  };
}

/**
 * Why a request is not addressed to this server, or comes from a web page of another site; `undefined` where it may pass.
 * Stops DNS rebinding.
 * @see MCP 2026-07-28, transports, "Security Warning"
 */
export function checkOrigin(request: Request, allowed: AllowedOrigins): string | undefined {
  // RFC 9110 §4.2.3: a default port that is spelled out names the same host.
  const host = request.headers
    .get('host')
    ?.toLowerCase()
    .replace(/(?<!:\d+):(80|443)$/, '');
  if (host !== undefined && !allowed.hosts.has(host)) return 'the Host header does not name this server';
  const origin = request.headers.get('origin');
  if (origin !== null && !allowed.origins.has(origin) && !allowed.origins.has('*'))
    return 'requests from this web origin are not allowed';
  return undefined;
}
