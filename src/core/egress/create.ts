import type { Clock } from '../clock.ts';
import type { SecurityEvent } from '../events.ts';
import { CachedFetcher, type FetchCacheOptions } from './cache.ts';
import type { Fetcher } from './fetcher.ts';
import { GuardedFetcher } from './guarded-fetcher.ts';
import { type EgressOptions, resolvePolicy } from './policy.ts';
import type { Resolver } from './resolve.ts';

/** What may be fetched, and how long it is kept. */
export interface EgressSettings extends EgressOptions {
  readonly cache?: Partial<FetchCacheOptions> | undefined;
}

/**
 * The fetcher of a provider: the one it was given, a guarded and cached one by its options, or none at all.
 * @throws ConfigurationError naming the option and what to change
 */
export function createFetcher(
  egress: EgressSettings | Fetcher | undefined,
  dependencies: {
    readonly clock: Clock;
    readonly report: (event: SecurityEvent) => void;
    readonly resolver: Resolver | undefined;
  },
): Fetcher | undefined {
  if (egress === undefined || 'fetch' in egress) return egress;
  const { cache, ...options } = egress;
  return new CachedFetcher(new GuardedFetcher(resolvePolicy(options), dependencies), dependencies.clock, cache);
}
