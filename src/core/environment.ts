import { type Clock, systemClock } from './clock.ts';
import { type DpopPolicy, resolveDpopPolicy } from './dpop-policy.ts';
import type { EgressSettings } from './egress/create.ts';
import type { Fetcher } from './egress/fetcher.ts';
import type { Resolver } from './egress/resolve.ts';
import type { EventSink } from './events.ts';
import type { IdentityAssertionOptions } from './identity-assertions.ts';
import {
  type MetadataDocumentOptions,
  type MetadataDocumentPolicy,
  resolveMetadataDocumentPolicy,
} from './metadata-documents.ts';
import { type Random, systemRandom } from './random.ts';
import type { RateLimitOptions } from './rate-limit.ts';
import type { ResourceDefinition } from './resources.ts';
import type { ScopeDefinition } from './scopes.ts';
import { defaultLifetimes, type Lifetimes } from './settings.ts';
import type { SoftwareStatementOptions } from './software-statements.ts';
import { resolveThrottleLimits, type ThrottleLimits } from './throttle/limits.ts';
import type { ExchangePath } from './token-exchange.ts';

/** What is asked of clients that authenticate. Times are milliseconds. */
export interface ClientAuthenticationLimits {
  /** How failures slow further attempts down; an account is a client. */
  readonly throttle: ThrottleLimits;
  /** Longest time that an assertion may still be valid for, and for which its `jti` is kept. Default: 10 minutes. */
  readonly longestAssertion: number;
  /** How far the clocks of clients may be off. Default: 30 seconds. */
  readonly leeway: number;
}

/** What surrounds a provider besides its options: injected time, chance and policy. */
export interface ProviderEnvironment {
  /** Path of the MCP endpoint below `resourceBaseUrl`. Default: `/mcp`. */
  readonly mcpPath?: string;
  /** Scopes with their titles, implications and tools. */
  readonly scopes?: Readonly<Record<string, ScopeDefinition>>;
  /** The resource's name, for people (RFC 9728 §2, `resource_name`). */
  readonly resourceName?: string;
  /** Further resources that tokens are issued for, by a name of your choice. */
  readonly resources?: Readonly<Record<string, ResourceDefinition>>;
  /** Along which ways servers may exchange their callers' tokens for those of another resource. Default: none. */
  readonly tokenExchange?: { readonly paths: readonly ExchangePath[] };
  /**
   * Identity providers whose assertions of their users are taken (ID-JAG). Default: none. Needs `subjectOfAssertion`, and is
   * not advertised where that is not implemented.
   */
  readonly identityAssertions?: IdentityAssertionOptions;
  /** Whose statements about clients are taken when these register. Default: nobody's. */
  readonly softwareStatements?: SoftwareStatementOptions;
  /**
   * The ways of signing in that the provider tells apart, the weakest first: what tokens call them (`acr`). What is named
   * here is advertised, and has to be given to whoever asks for it. Default: none.
   */
  readonly acrValues?: readonly string[];
  readonly lifetimes?: Partial<Lifetimes>;
  /** How tokens are bound to keys of their clients. Default: as clients wish, where the provider has `spendIdentifier`. */
  readonly dpop?: Partial<DpopPolicy>;
  readonly clientAuthentication?: Partial<Omit<ClientAuthenticationLimits, 'throttle'>> & {
    readonly throttle?: Partial<ThrottleLimits>;
  };
  /** How many tokens one machine client may be given, by each process. Default: 1200 in ten minutes. */
  readonly machineTokens?: Partial<RateLimitOptions>;
  /** Further private-use URI schemes that clients may register redirect URIs for, without the colon. */
  readonly redirectSchemes?: readonly string[];
  /** Further `Host` header values at which the MCP endpoint may be addressed, such as a proxy's inner name. */
  readonly allowedHosts?: readonly string[];
  /** Web origins whose pages may call the MCP endpoint, or `*`. Default: the server's own. */
  readonly allowedOrigins?: readonly string[];
  /**
   * What this server may fetch, or a fetcher of your own. Default: nothing, and whatever would need it is not advertised.
   */
  readonly egress?: EgressSettings | Fetcher;
  /** Which clients may be known by a metadata document of their own. */
  readonly clientMetadata?: MetadataDocumentOptions;
  /** Looks host names up for `egress`; every address that it answers is checked. Default: DNS. */
  readonly resolver?: Resolver;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly onEvent?: EventSink;
}

export interface ResolvedEnvironment {
  readonly mcpPath: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifetimes: Lifetimes;
  readonly dpop: DpopPolicy;
  readonly clientAuthentication: ClientAuthenticationLimits;
  readonly clientMetadata: MetadataDocumentPolicy;
  readonly onEvent: EventSink;
}

/** @throws ConfigurationError naming a part that cannot be used */
export function resolveEnvironment(environment: ProviderEnvironment): ResolvedEnvironment {
  return {
    mcpPath: environment.mcpPath ?? '/mcp',
    clock: environment.clock ?? systemClock,
    random: environment.random ?? systemRandom,
    lifetimes: { ...defaultLifetimes, ...environment.lifetimes },
    dpop: resolveDpopPolicy(environment.dpop),
    clientAuthentication: {
      longestAssertion: 600_000,
      leeway: 30_000,
      ...environment.clientAuthentication,
      throttle: resolveThrottleLimits('client authentication', environment.clientAuthentication?.throttle),
    },
    clientMetadata: resolveMetadataDocumentPolicy(environment.clientMetadata),
    onEvent: environment.onEvent ?? (() => {}),
  };
}
