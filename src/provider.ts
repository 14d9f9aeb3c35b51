import { oauthCapabilities } from './capabilities.ts';
import { metadataOf } from './core/capability.ts';
import type { Clock } from './core/clock.ts';
import type { DpopPolicy } from './core/dpop-policy.ts';
import { createFetcher } from './core/egress/create.ts';
import type { Fetcher } from './core/egress/fetcher.ts';
import {
  type ClientAuthenticationLimits,
  type ProviderEnvironment,
  type ResolvedEnvironment,
  resolveEnvironment,
} from './core/environment.ts';
import type { OAuthError } from './core/errors.ts';
import type { SecurityEvent } from './core/events.ts';
import { hideSecrets } from './core/hide-secrets.ts';
import type { RequestContext } from './core/http.ts';
import type { ClientId, ResourceUri } from './core/ids.ts';
import type { Random } from './core/random.ts';
import { type AccessToken, type Client, hasDocument } from './core/records.ts';
import { currentRequest, inRequest } from './core/request-scope.ts';
import { checkMethods, missingMethods } from './core/required-methods.ts';
import { type ProtectedResource, ResourceCatalogue, scopesOfResources } from './core/resources.ts';
import { ScopeCatalogue } from './core/scopes.ts';
import {
  type EndpointPaths,
  type Lifetimes,
  type OAuthProviderOptions,
  type ProviderSettings,
  resolveSettings,
} from './core/settings.ts';
import { AcrValues } from './core/sign-in-demand.ts';
import { checkExchangePaths, type ExchangePath } from './core/token-exchange.ts';
import { type IssuedCode, issueCode } from './oauth/authorization-code/approve.ts';
import { unknownClientResponse } from './oauth/authorization-code/error-page.ts';
import type { AuthorizeRequest } from './oauth/authorization-code/request.ts';
import { assertSignIn } from './oauth/authorization-code/sign-in.ts';
import { type AuthenticateOptions, type Authentication, authenticateRequest } from './oauth/bearer/authenticate.ts';
import { type AllowedOrigins, allowedOriginsOf } from './oauth/bearer/origin.ts';
import { withId } from './oauth/bearer/request-id.ts';
import { VerifiedAccessToken } from './oauth/bearer/verified-access-token.ts';
import { MachineTokenLimit } from './oauth/client-credentials/token-limit.ts';
import { isDocumentUrl } from './oauth/client-metadata/document-url.ts';
import { MetadataDocuments } from './oauth/client-metadata/documents.ts';
import { type IdentityAssertionPolicy, trustedIssuers } from './oauth/identity-assertion/trusted-issuers.ts';
import { checkRegistrationPolicy } from './oauth/register/check-policy.ts';
import { SoftwareStatements } from './oauth/software-statement/statements.ts';
import type { ApprovedAuthorization } from './oauth/token/approved-grant.ts';
import type { ClientAuthenticationMethod } from './oauth/token/client-authentication-method.ts';
import { ClientThrottle } from './oauth/token/client-throttle.ts';
import type { GrantHandler } from './oauth/token/grant-handler.ts';
import type { SenderConstraint } from './oauth/token/sender-constraint.ts';
import { ProviderMethods } from './provider-methods.ts';
import { createRouter } from './server.ts';

/**
 * An OAuth 2.1 authorization server and resource server in one object. It owns every endpoint, flow and check of the
 * protocol; a subclass owns storage, users and policy, in ten methods of which nine are required. Each method is called
 * only after the checks that its comment names.
 * @see MCP authorization 2026-07-28, OAuth 2.1
 */
export abstract class OAuthProvider extends ProviderMethods {
  readonly settings: ProviderSettings;
  /** The ways of signing in that tokens tell apart (RFC 9470). */
  readonly acrValues: AcrValues;
  /** Scopes of the default resource. */
  readonly scopes: ScopeCatalogue;
  /** Everything that tokens are issued for. */
  readonly resources: ResourceCatalogue;
  /** Along which ways servers may exchange tokens (RFC 8693). */
  readonly exchangePaths: readonly ExchangePath[];
  /** Name of the default resource. */
  readonly resourceName: string | undefined;
  readonly redirectSchemes: readonly string[];
  readonly allowedOrigins: AllowedOrigins;
  /** The one way to the outside, or `undefined` where this server fetches nothing: then advertise nothing that needs it. */
  readonly egress: Fetcher | undefined;
  /** Whose assertions of their users are taken. */
  readonly identityAssertions: IdentityAssertionPolicy;
  /** What trusted issuers state of the clients that register. */
  readonly softwareStatements: SoftwareStatements;
  /** Clients whose id is the URL of a document about them. */
  readonly metadataDocuments: MetadataDocuments;
  /** Grant type → the capability that serves it. */
  readonly grantHandlers: ReadonlyMap<string, GrantHandler>;
  /** How tokens are bound to keys of their clients; `undefined` where all are bearer tokens. */
  readonly senderConstraint: SenderConstraint | undefined;
  /** `token_endpoint_auth_method` → how it is checked; `none`, which is not, is not among them. */
  readonly clientAuthenticationMethods: ReadonlyMap<string, ClientAuthenticationMethod>;
  readonly clientThrottle: ClientThrottle;
  /** How many tokens a machine client may be given. */
  readonly machineTokens: MachineTokenLimit;
  protected readonly environment: ResolvedEnvironment;
  readonly #route: (request: Request, context: RequestContext) => Promise<Response | undefined>;

  /**
   * @param options checked here, every URL included
   * @throws ConfigurationError naming the option and what to change
   * @throws TypeError where a required method is missing, so that JavaScript subclasses fail at once too
   */
  constructor(options: OAuthProviderOptions, environment: ProviderEnvironment = {}) {
    super();
    checkMethods(this, new.target.name);
    this.environment = resolveEnvironment(environment);
    const { clock, random, clientAuthentication } = this.environment;
    this.clientThrottle = new ClientThrottle(clientAuthentication.throttle, clock, random);
    this.machineTokens = new MachineTokenLimit(environment.machineTokens, clock);
    this.acrValues = new AcrValues(environment.acrValues);
    this.scopes = new ScopeCatalogue(environment.scopes, this.acrValues);
    const { resources = {} } = environment;
    this.settings = resolveSettings(options, this.environment.mcpPath, this.scopes, scopesOfResources(resources));
    this.resourceName = environment.resourceName;
    this.resources = new ResourceCatalogue(resources, {
      settings: this.settings,
      scopes: this.scopes,
      name: this.resourceName,
      lifetimes: this.environment.lifetimes,
    });
    this.exchangePaths = environment.tokenExchange?.paths ?? [];
    checkExchangePaths(this.exchangePaths, this.resources);
    this.redirectSchemes = environment.redirectSchemes ?? [];
    this.allowedOrigins = allowedOriginsOf(this.settings, environment);
    this.egress = createFetcher(environment.egress, {
      clock: this.environment.clock,
      report: (event) => this.report(event),
      resolver: environment.resolver,
    });
    this.identityAssertions = trustedIssuers(environment.identityAssertions ?? { issuers: [] }, {
      issuer: this.settings.issuer,
      egress: this.egress,
      onBroken: (reason) => this.report({ name: 'server.error', reason }),
    });
    this.softwareStatements = new SoftwareStatements(this, environment.softwareStatements);
    this.metadataDocuments = new MetadataDocuments(this, this.environment.clientMetadata);
    if (this.settings.pushedRequests.required && !this.takesPushedRequests)
      throw missingMethods('pushedRequests.required', new.target.name, 'pushAuthorizationRequest', 'takePushedRequest');
    const enabled = oauthCapabilities.filter((capability) => capability.isEnabled?.(this) !== false);
    checkRegistrationPolicy(this, new.target.name);
    this.clientAuthenticationMethods = new Map(
      enabled.flatMap(({ clientAuthentication = [] }) => clientAuthentication.map((method) => [method.name, method])),
    );
    this.grantHandlers = new Map(enabled.flatMap((capability) => Object.entries(capability.grants ?? {})));
    this.senderConstraint = enabled.find((capability) => capability.senderConstraint)?.senderConstraint?.(this);
    this.#route = createRouter<OAuthProvider>(enabled, this, (error, context) => {
      this.report({ name: 'server.error', reason: 'an endpoint failed', error, ...context });
    });
  }

  /**
   * The client that an authorization may begin for: a registered one, or one whose id is the URL of a metadata document,
   * as that says now. Nothing is stored yet: see `metadataDocuments.accept`.
   * @throws OAuthError `invalid_client` or `temporarily_unavailable` where the document cannot be used
   */
  async resolveClient(clientId: ClientId, context: RequestContext = {}): Promise<Client | undefined> {
    const known = await this.getClient(clientId);
    if (!isDocumentUrl(clientId) || (known !== undefined && !hasDocument(known))) return known;
    return this.metadataDocuments.resolve(clientId, context);
  }

  /**
   * The record of a live access token for one resource, by default the default one; or `undefined`. One with a
   * `keyThumbprint` lets nobody in by itself: `authenticate` asks for the proof.
   */
  async verifyToken(token: string, resource: ResourceUri = this.settings.resource): Promise<AccessToken | undefined> {
    const record = await this.loadAccessToken(token);
    return record && VerifiedAccessToken.isAlive(record, resource, this.clock.now()) ? record : undefined;
  }

  /** The page or JSON that a person sees where an authorization error must not be redirected. */
  authorizationErrorPage(request: Request, error: OAuthError, context: RequestContext): Response | Promise<Response> {
    void context;
    return unknownClientResponse(request, error, this);
  }

  /**
   * Answers a request to any of the OAuth endpoints.
   * @returns `undefined` for a path that is not one of them
   */
  async handle(request: Request, context: RequestContext = {}): Promise<Response | undefined> {
    return inRequest(context, this.random, (identified) => this.#route(request, identified));
  }

  /**
   * Decides whether a request may reach the MCP endpoint of a resource.
   * @returns the verified token and the parsed body, or the response to send instead
   */
  authenticate(request: Request, options: AuthenticateOptions = {}): Promise<Authentication> {
    return authenticateRequest(request, this, options.requestId === undefined ? withId(options, this.random) : options);
  }

  /** Whether clients may push authorization requests (RFC 9126). */
  get takesPushedRequests(): boolean {
    const { pushAuthorizationRequest, takePushedRequest, settings } = this;
    return settings.pushedRequests.enabled && pushAuthorizationRequest !== undefined && takePushedRequest !== undefined;
  }

  get clock(): Clock {
    return this.environment.clock;
  }

  get dpop(): DpopPolicy {
    return this.environment.dpop;
  }

  get lifetimes(): Lifetimes {
    return this.environment.lifetimes;
  }

  /** What is asked of clients that authenticate. */
  get clientAuthentication(): ClientAuthenticationLimits {
    return this.environment.clientAuthentication;
  }

  get random(): Random {
    return this.environment.random;
  }

  /**
   * Turns an approved request into a code: for `authorize`, or for the page of yours that it led to. Store the record, then
   * send the browser to `redirectTo`.
   * @throws OAuthError `login_required` or `unmet_authentication_requirements` where the user signed in too long ago or too
   *   weakly for the request's `maxAge` or `acrValues`
   */
  protected issueCode(request: AuthorizeRequest, approval: ApprovedAuthorization): IssuedCode {
    assertSignIn(request, approval, this.clock.now());
    return issueCode(request, approval, {
      random: this.random,
      now: this.clock.now(),
      lifetime: this.lifetimes.authorizationCode,
      issuer: this.settings.issuer,
    });
  }

  /** Hands an event to the environment's sink, with the request that it happened in. */
  report(event: SecurityEvent): void {
    const { reason } = event;
    // Twice, so that its own fields come first and hold.
    const told = { ...event, ...currentRequest(), ...event };
    this.environment.onEvent(reason === undefined ? told : { ...told, reason: hideSecrets(reason) });
  }

  /** The absolute URL of an endpoint. */
  endpointUrl(endpoint: keyof EndpointPaths): string {
    return `${new URL(this.settings.baseUrl).origin}${this.settings.paths[endpoint]}`;
  }

  /** The authorization server metadata document. @see RFC 8414 §2 */
  serverMetadata(): Record<string, unknown> {
    return metadataOf(oauthCapabilities, this, (capability) => capability.serverMetadata?.(this));
  }

  /** The protected resource metadata document of a resource, by default the default one. @see RFC 9728 §2 */
  resourceMetadata(resource: ProtectedResource = this.resources.default): Record<string, unknown> {
    return metadataOf(oauthCapabilities, this, (capability) => capability.resourceMetadata?.(this, resource));
  }
}
