import type { DpopPolicy } from '../core/dpop-policy.ts';
import { createFetcher } from '../core/egress/create.ts';
import { type ProviderEnvironment, type ResolvedEnvironment, resolveEnvironment } from '../core/environment.ts';
import type { SecurityEvent } from '../core/events.ts';
import type { RequestContext } from '../core/http.ts';
import type { ResourceUri } from '../core/ids.ts';
import { randomId } from '../core/random.ts';
import type { AccessToken, SingleUseIdentifier } from '../core/records.ts';
import { ResourceCatalogue } from '../core/resources.ts';
import { ScopeCatalogue } from '../core/scopes.ts';
import { type ProviderSettings, resolveSettings } from '../core/settings.ts';
import { AcrValues } from '../core/sign-in-demand.ts';
import { ConfigurationError, checkPublicUrl, pathOf } from '../core/urls.ts';
import { type AuthenticateOptions, type Authentication, authenticateRequest } from '../oauth/bearer/authenticate.ts';
import { type AllowedOrigins, allowedOriginsOf } from '../oauth/bearer/origin.ts';
import { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';
import { dpopConstraint } from '../oauth/dpop/constraint.ts';
import { published } from '../oauth/metadata/published.ts';
import { resourceDocument } from '../oauth/metadata/resource-document.ts';
import { identifierHash } from '../oauth/single-use/identifier-hash.ts';
import type { Gate } from '../oauth/token/gate.ts';
import type { SenderConstraint } from '../oauth/token/sender-constraint.ts';
import { createRouter } from '../server.ts';
import { type Introspection, IntrospectionSource } from './introspection.ts';
import { type KeySet, KeySetSource } from './key-set.ts';
import type { TokenSource } from './token-source.ts';

export interface ResourceServerOptions {
  /** The authorization server's issuer, byte for byte. */
  readonly issuer: string;
  /** Public URL of the MCP endpoint that is protected: the resource that tokens are issued for. */
  readonly resource: string;
  /** How tokens are verified. Default: with the keys that the issuer publishes. */
  readonly tokens?: KeySet | Introspection;
  /** Scopes that every request needs. */
  readonly requiredScopes?: readonly string[];
  /** Scopes that a client without a good token is told to ask for, beside the required ones. Default: none. */
  readonly suggestedScopes?: readonly string[];
}

/** What surrounds a resource server; as for a provider. */
export interface ResourceServerEnvironment
  extends Pick<
    ProviderEnvironment,
    | 'scopes'
    | 'acrValues'
    | 'resourceName'
    | 'allowedHosts'
    | 'allowedOrigins'
    | 'egress'
    | 'resolver'
    | 'dpop'
    | 'clock'
    | 'random'
    | 'onEvent'
  > {
  /** Remembers identifiers that count once for all processes of this server. Default: this process remembers its own. */
  readonly spendIdentifier?: (identifier: SingleUseIdentifier) => Promise<boolean>;
}

/**
 * The gate of an MCP server whose tokens another process issues: verification, scopes for each tool, challenges and the
 * resource's metadata, with no authorization server in this process. It goes where a provider goes in every host.
 * @see RFC 9728, RFC 9068 §4, RFC 7662
 */
export class ResourceServer implements Gate {
  readonly settings: ProviderSettings;
  readonly resources: ResourceCatalogue;
  readonly allowedOrigins: AllowedOrigins;
  readonly senderConstraint: SenderConstraint | undefined;
  readonly #environment: ResolvedEnvironment;
  readonly #source: TokenSource;
  readonly #spend: (identifier: SingleUseIdentifier) => Promise<boolean>;
  readonly #route: (request: Request, context: RequestContext) => Promise<Response | undefined>;

  /** @throws ConfigurationError naming the option and what to change */
  constructor(options: ResourceServerOptions, environment: ResourceServerEnvironment = {}) {
    const { issuer, resource, requiredScopes = [], suggestedScopes = [], tokens = { kind: 'key set' } } = options;
    checkPublicUrl('issuer', issuer);
    checkPublicUrl('resource', resource);
    if (pathOf(resource) === '')
      throw new ConfigurationError('resource must be the URL of the MCP endpoint, with a path');
    const scopes = new ScopeCatalogue(environment.scopes, new AcrValues(environment.acrValues));
    this.#environment = resolveEnvironment(environment);
    const { origin } = new URL(resource);
    this.settings = resolveSettings(
      { baseUrl: origin, issuerUrl: issuer, requiredScopes, suggestedScopes },
      pathOf(resource),
      scopes,
    );
    this.resources = new ResourceCatalogue(
      {},
      { settings: this.settings, scopes, name: environment.resourceName, lifetimes: this.#environment.lifetimes },
    );
    this.allowedOrigins = allowedOriginsOf(this.settings, environment);
    const { clock } = this.#environment;
    const report = (event: SecurityEvent) => this.report(event);
    this.#source =
      tokens.kind === 'introspection'
        ? new IntrospectionSource(tokens, issuer, { clock })
        : new KeySetSource(tokens, issuer, {
            clock,
            fetcher: createFetcher(environment.egress, { clock, report, resolver: environment.resolver }),
          });
    this.#spend = environment.spendIdentifier ?? rememberedHere(() => clock.now());
    this.senderConstraint = this.dpop.enabled ? dpopConstraint(this) : undefined;
    this.#route = createRouter<ResourceServer>(
      [
        {
          name: 'protected resource metadata',
          routes: [
            {
              path: ({ settings }) => settings.paths.resourceMetadata,
              methods: { GET: published((server: ResourceServer) => server.metadata()) },
              cors: 'any',
            },
          ],
        },
      ],
      this,
      (error, context) => report({ name: 'server.error', reason: 'an endpoint failed', error, ...context }),
    );
  }

  /** The protected resource metadata document. @see RFC 9728 §2 */
  metadata(): Record<string, unknown> {
    const members = {
      ...resourceDocument(this.resources.default, this.settings),
      dpop_signing_alg_values_supported: this.senderConstraint?.algorithms,
      dpop_bound_access_tokens_required: this.senderConstraint?.isRequired === true ? true : undefined,
    };
    return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
  }

  /**
   * Answers the request for the resource's metadata.
   * @returns `undefined` for every other path
   */
  handle(request: Request, context: RequestContext = {}): Promise<Response | undefined> {
    return this.#route(request, context);
  }

  /**
   * Decides whether a request may reach the MCP endpoint.
   * @returns the verified token and the parsed body, or the response to send instead
   * @throws Error where the authorization server cannot be asked: hosts answer that with 500 or 503, not with a challenge
   */
  authenticate(request: Request, options: AuthenticateOptions = {}): Promise<Authentication> {
    return authenticateRequest(request, this, { requestId: randomId(this.random), ...options });
  }

  /** The record of a live access token for this resource, or `undefined`. */
  async verifyToken(token: string, resource: ResourceUri = this.settings.resource): Promise<AccessToken | undefined> {
    const record = await this.#source.find(token);
    return record !== undefined && VerifiedAccessToken.isAlive(record, resource, this.clock.now()) ? record : undefined;
  }

  spendIdentifier(identifier: SingleUseIdentifier): Promise<boolean> {
    return this.#spend(identifier);
  }

  /** Hands an event to the environment's sink. */
  report(event: SecurityEvent): void {
    this.#environment.onEvent(event);
  }

  get clock() {
    return this.#environment.clock;
  }

  get random() {
    return this.#environment.random;
  }

  get dpop(): DpopPolicy {
    return this.#environment.dpop;
  }
}

const sweepEvery = 1000;

function rememberedHere(now: () => number): (identifier: SingleUseIdentifier) => Promise<boolean> {
  const spent = new Map<string, number>();
  let untilSweep = sweepEvery;
  return async (identifier) => {
    const hash = identifierHash(identifier);
    if (spent.has(hash)) return false;
    spent.set(hash, identifier.expiresAt);
    untilSweep -= 1;
    if (untilSweep <= 0) {
      for (const [key, expiresAt] of spent) if (expiresAt <= now()) spent.delete(key);
      untilSweep = Math.max(sweepEvery, spent.size);
    }
    return true;
  };
}
