import { checkHostPatterns, isListed } from './egress/host-rules.ts';
import type { RateLimitOptions } from './rate-limit.ts';

/** Which clients may be known by a metadata document of their own. */
export interface MetadataDocumentOptions {
  /** Default: true; they are accepted where the provider can store them and documents can be had. */
  readonly enabled?: boolean;
  /** Hosts whose documents may be fetched, `*.example.com` for those below one. Default: all that `egress` lets through. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Hosts whose clients are refused, wherever their documents come from. */
  readonly deniedHosts?: readonly string[];
  /** Documents of clients that are not known yet: how many one address may have fetched. Default: 20 in a minute. */
  readonly lookups?: RateLimitOptions;
}

/** Checked options with every default filled in. */
export interface MetadataDocumentPolicy {
  readonly enabled: boolean;
  readonly lookups: RateLimitOptions;
  /** Whether clients of this host are refused, wherever their documents come from. */
  denies(host: string): boolean;
  /** Whether documents may be fetched from this host. */
  allows(host: string): boolean;
}

/** @throws ConfigurationError naming a host that is not one */
export function resolveMetadataDocumentPolicy(options: MetadataDocumentOptions = {}): MetadataDocumentPolicy {
  const { enabled = true, allowedHosts, deniedHosts = [], lookups = { limit: 20, window: 60_000 } } = options;
  checkHostPatterns('clientMetadata.allowedHosts', allowedHosts ?? []);
  checkHostPatterns('clientMetadata.deniedHosts', deniedHosts);
  return {
    enabled,
    lookups,
    denies: (host) => isListed(host, deniedHosts),
    allows: (host) => allowedHosts === undefined || isListed(host, allowedHosts),
  };
}
