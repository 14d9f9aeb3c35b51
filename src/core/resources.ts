import type { ResourceUri } from './ids.ts';
import { ScopeCatalogue, type ScopeDefinition } from './scopes.ts';
import type { Lifetimes, ProviderSettings } from './settings.ts';
import {
  ConfigurationError,
  canonicalResource,
  checkEndpointPath,
  checkPublicUrl,
  pathOf,
  wellKnownPath,
} from './urls.ts';

/** A further resource beside the default one: with its own scopes, lifetimes and tokens. */
export interface ResourceDefinition {
  /** Path below `resourceBaseUrl` of an MCP endpoint that this process serves too, such as `/admin/mcp`. */
  readonly path?: string;
  /** Public URL of an MCP endpoint that another process serves. Every resource has either this or `path`. */
  readonly url?: string;
  /** For people (RFC 9728 §2, `resource_name`). Default: its URL. */
  readonly name?: string;
  /** Its scopes, apart from those of the default resource, even where a name is the same. Default: it has none. */
  readonly scopes?: Readonly<Record<string, ScopeDefinition>>;
  /** Who may have tokens for it: every client, or only those that an administrator added. Default: all. */
  readonly clients?: ClientPolicy;
  /** Scopes that every request to it needs; also what a client gets that asks for none. */
  readonly requiredScopes?: readonly string[];
  /** Scopes that a client without a good token is told to ask for, beside the required ones. Default: none. */
  readonly suggestedScopes?: readonly string[];
  /** Ids of the clients as which its server may ask whether tokens for it are alive (RFC 7662). Default: none. */
  readonly introspectors?: readonly string[];
  /** In milliseconds, where they are not the provider's. */
  readonly lifetimes?: Partial<Pick<Lifetimes, 'accessToken' | 'refreshToken' | 'refreshTokenAbsolute'>>;
  readonly documentationUrl?: string;
}

/** `verified`: only clients that an administrator added, none that registered itself. */
export type ClientPolicy = 'all' | 'verified';

/** A resource that tokens are issued for, with everything worked out. */
export interface ProtectedResource {
  /** What the configuration calls it; `default` for the one that is meant where none is named. */
  readonly key: string;
  readonly uri: ResourceUri;
  readonly name: string | undefined;
  readonly documentationUrl: string | undefined;
  readonly scopes: ScopeCatalogue;
  readonly requiredScopes: readonly string[];
  /** What a client without a good token is told to ask for: the required ones and more. */
  readonly suggestedScopes: readonly string[];
  readonly clients: ClientPolicy;
  /** Clients that may introspect tokens for it. */
  readonly introspectors: ReadonlySet<string>;
  readonly lifetimes: Lifetimes;
  /** Public path of its MCP endpoint here; `undefined` where another process serves it. */
  readonly path: string | undefined;
  /** Absolute URL of its protected resource metadata: goes into every challenge. */
  readonly metadataUrl: string;
  /** Whether a token for it may carry this scope. */
  readonly offers: (scope: string) => boolean;
}

/** What every resource of a provider has in common. */
export interface ResourceSurroundings {
  readonly settings: ProviderSettings;
  readonly scopes: ScopeCatalogue;
  readonly name: string | undefined;
  readonly lifetimes: Lifetimes;
}

const keyPattern = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const defaultKey = 'default';

/** The resources of one authorization server. A token is issued for one of them and is worth nothing at the others. */
export class ResourceCatalogue {
  /** The one that is meant where a request names none. */
  readonly default: ProtectedResource;
  /** All of them, the default one first. */
  readonly all: readonly ProtectedResource[];
  /** Those whose MCP endpoint this process serves. */
  readonly served: readonly (ProtectedResource & { readonly path: string })[];
  readonly #byUri: ReadonlyMap<string, ProtectedResource>;

  /** @throws ConfigurationError naming the resource and what to change */
  constructor(definitions: Readonly<Record<string, ResourceDefinition>>, surroundings: ResourceSurroundings) {
    const further = Object.entries(definitions).map(([key, definition]) =>
      furtherResource(key, definition, surroundings),
    );
    this.default = defaultResource(surroundings, further);
    this.all = [this.default, ...further];
    this.served = this.all.filter(
      (resource): resource is ProtectedResource & { path: string } => resource.path !== undefined,
    );
    this.#byUri = new Map(this.all.map((resource) => [resource.uri, resource]));
    for (const { key, uri } of this.all) {
      const other = this.#byUri.get(uri);
      if (other?.key !== key) throw new ConfigurationError(`resources '${key}' and '${other?.key}' are both ${uri}`);
    }
    const endpoints = Object.entries(surroundings.settings.paths).filter(([name]) => name !== 'mcp');
    for (const { key, path } of further) {
      const taken = endpoints.find(([, endpoint]) => endpoint === path);
      if (taken !== undefined)
        throw new ConfigurationError(`resources.${key}.path '${path}' is the ${taken[0]} endpoint of this server`);
    }
  }

  /** The resource with this identifier, in canonical form. */
  get(uri: ResourceUri): ProtectedResource | undefined {
    return this.#byUri.get(uri);
  }

  /**
   * The resource that a request names, in any spelling of its identifier.
   * @see RFC 8707 §2
   */
  identifiedBy(value: string): ProtectedResource | undefined {
    const asPublished = this.#byUri.get(value);
    // A query after the resource's path names the same MCP endpoint; some clients append one.
    return asPublished ?? this.#byUri.get(canonicalResource(value)?.split('?', 1)[0] ?? '');
  }

  /**
   * The resource that a gate stands before. Where several are served it has to be said which one: routers read paths in
   * their own ways, so the path of a request does not decide whose tokens are good.
   * @param key as configured, or `default`
   * @throws ConfigurationError where it is not said, or no such resource is served here
   */
  guarded(key: string | undefined): ProtectedResource & { readonly path: string } {
    const { served } = this;
    const keys = () => served.map((resource) => `'${resource.key}'`).join(', ');
    if (key === undefined && served.length > 1)
      throw new ConfigurationError(`several resources are served here: set the option resource to one of ${keys()}`);
    const found = served.find((resource) => resource.key === (key ?? defaultKey));
    if (found === undefined) throw new ConfigurationError(`no resource '${key}' is served here, only ${keys()}`);
    return found;
  }

  /** Every scope of every resource. */
  get scopeNames(): readonly string[] {
    return [...new Set(this.all.flatMap(({ scopes }) => scopes.names))];
  }

  /** The lifetimes of what is issued for a resource; the default one's for a resource that is no longer configured. */
  lifetimesOf(uri: ResourceUri): Lifetimes {
    return (this.get(uri) ?? this.default).lifetimes;
  }
}

/**
 * The names of all scopes that further resources declare.
 * @throws ConfigurationError for a malformed one
 */
export function scopesOfResources(definitions: Readonly<Record<string, ResourceDefinition>>): readonly string[] {
  return [...new Set(Object.values(definitions).flatMap(({ scopes }) => new ScopeCatalogue(scopes).names))];
}

function defaultResource(
  { settings, scopes, name, lifetimes }: ResourceSurroundings,
  further: readonly ProtectedResource[],
): ProtectedResource {
  const { requiredScopes, suggestedScopes } = settings;
  const elsewhere = new Set(further.flatMap((resource) => resource.scopes.names));
  return {
    key: defaultKey,
    uri: settings.resource,
    name,
    documentationUrl: settings.serviceDocumentationUrl,
    scopes,
    requiredScopes,
    suggestedScopes,
    clients: 'all',
    introspectors: new Set(),
    lifetimes,
    path: settings.paths.mcp,
    metadataUrl: settings.resourceMetadataUrl,
    // A server may go without declaring its scopes: then whatever no other resource declares is its own.
    offers: (scope) => scopes.get(scope) !== undefined || requiredScopes.includes(scope) || !elsewhere.has(scope),
  };
}

function furtherResource(
  key: string,
  definition: ResourceDefinition,
  { settings, scopes: defaultScopes, lifetimes }: ResourceSurroundings,
): ProtectedResource {
  if (!keyPattern.test(key) || key === defaultKey)
    throw new ConfigurationError(
      `resources: '${key}' cannot name a resource; use letters, digits, - and _, and not '${defaultKey}'`,
    );
  const place = `resources.${key}`;
  const uri = identifierOf(place, definition, settings.resourceBaseUrl);
  const scopes = new ScopeCatalogue(definition.scopes, defaultScopes.acrValues);
  const { requiredScopes = [], suggestedScopes = [] } = definition;
  for (const [setting, names] of Object.entries({ requiredScopes, suggestedScopes })) {
    const unknown = names.find((scope) => scopes.get(scope) === undefined);
    if (unknown !== undefined)
      throw new ConfigurationError(`${place}.${setting} names '${unknown}', which is not among ${place}.scopes`);
  }
  if (definition.documentationUrl !== undefined)
    checkPublicUrl(`${place}.documentationUrl`, definition.documentationUrl);
  return {
    key,
    uri,
    name: definition.name,
    documentationUrl: definition.documentationUrl,
    scopes,
    requiredScopes,
    suggestedScopes: [...new Set([...requiredScopes, ...suggestedScopes])],
    clients: definition.clients ?? 'all',
    introspectors: new Set(definition.introspectors),
    lifetimes: { ...lifetimes, ...definition.lifetimes },
    path: definition.path === undefined ? undefined : pathOf(uri),
    metadataUrl: `${new URL(uri).origin}${wellKnownPath('oauth-protected-resource', uri)}`,
    offers: (scope) => scopes.get(scope) !== undefined,
  };
}

function identifierOf(place: string, { path, url }: ResourceDefinition, resourceBaseUrl: string): ResourceUri {
  if ((path === undefined) === (url === undefined))
    throw new ConfigurationError(
      `${place} needs either path, where this process serves it, or url, where another one does`,
    );
  if (path !== undefined) checkEndpointPath(`${place}.path`, path);
  if (url !== undefined) checkPublicUrl(`${place}.url`, url);
  const uri = canonicalResource(url ?? `${resourceBaseUrl}${path}`);
  if (uri === undefined) throw new ConfigurationError(`${place} cannot name a resource`);
  return uri;
}
