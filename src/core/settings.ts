import type { ResourceUri } from './ids.ts';
import type { ClientPolicy } from './resources.ts';
import { parseScope, type ScopeCatalogue } from './scopes.ts';
import {
  ConfigurationError,
  canonicalResource,
  checkEndpointPath,
  checkPublicUrl,
  pathOf,
  wellKnownPath,
  withoutTrailingSlash,
} from './urls.ts';

/**
 * Which clients may register themselves. `off`: none. `open`: any. `token`: those that bring an initial access token.
 * `approval`: any, but an administrator has to approve each that brings no such token before it can do anything.
 * @see RFC 7591 §3
 */
export const registrationPolicies = ['off', 'open', 'token', 'approval'] as const;
export type RegistrationPolicy = (typeof registrationPolicies)[number];

/** Dynamic client registration (RFC 7591). */
export interface ClientRegistrationOptions {
  /** Whether `policy` is `open` or `off`, where it is left out. Default: false. */
  readonly enabled?: boolean;
  /** `token` needs `registerInvitedClient`, `approval` needs `registerPendingClient`. Default: as `enabled` says. */
  readonly policy?: RegistrationPolicy;
  /** RFC 7592, for providers that implement `replaceRegistration` and `endRegistration`. Default: true. */
  readonly management?: boolean;
  /** Scopes that a client may register for. Default: every declared scope, or any where none is declared. */
  readonly validScopes?: readonly string[];
  /** What a client that registers without `scope` may ask for. Default: the valid scopes, or the required ones. */
  readonly defaultScopes?: readonly string[];
  /** Lifetime of client secrets in seconds. Default: they do not expire. */
  readonly clientSecretExpirySeconds?: number;
}

/** The constructor options of `OAuthProvider`, checked when the object is built. */
export interface OAuthProviderOptions {
  /** Public URL under which the OAuth endpoints are reached; may have a path. */
  readonly baseUrl: string;
  /** The issuer identifier, byte for byte as clients will see it. Default: `baseUrl`. */
  readonly issuerUrl?: string;
  /** Public URL that the MCP endpoint's path is appended to. Default: `baseUrl`. */
  readonly resourceBaseUrl?: string;
  readonly serviceDocumentationUrl?: string;
  readonly clientRegistration?: ClientRegistrationOptions;
  /** RFC 7009. Default: enabled. */
  readonly revocation?: { readonly enabled?: boolean };
  /** RFC 9126, for providers that implement `pushAuthorizationRequest` and `takePushedRequest`. Default: enabled, not required. */
  readonly pushedRequests?: {
    readonly enabled?: boolean;
    /** Every client must push its authorization requests. */
    readonly required?: boolean;
  };
  /** RFC 8628, for providers that implement `startDeviceAuthorization`, `pollDeviceAuthorization` and `exchangeDeviceCode`. */
  readonly deviceAuthorization?: {
    /** Default: false. */
    readonly enabled?: boolean;
    /** Default: `verified`, only clients that an administrator added. */
    readonly clients?: ClientPolicy;
    /** Seconds between two polls of a device. Default: 5. */
    readonly intervalSeconds?: number;
  };
  /** Scopes that every request to the MCP endpoint needs. */
  readonly requiredScopes?: readonly string[];
  /**
   * Scopes that a client without a good token is told to ask for, beside the required ones: for clients that cannot ask for
   * more later. Default: none.
   */
  readonly suggestedScopes?: readonly string[];
}

/** Lifetimes in milliseconds. */
export interface Lifetimes {
  /** From a client's push until its user has to be at `/authorize`. */
  readonly pushedRequest: number;
  readonly authorizationCode: number;
  /** From a device's request until it has to have its tokens. */
  readonly deviceCode: number;
  readonly accessToken: number;
  /** From the last use. */
  readonly refreshToken: number;
  /** From the user's approval, however often it is used. */
  readonly refreshTokenAbsolute: number;
  /** How long the immediately previous refresh token is taken for a retry instead of a theft. */
  readonly refreshTokenGrace: number;
}

export const defaultLifetimes: Lifetimes = {
  pushedRequest: 60_000,
  authorizationCode: 60_000,
  deviceCode: 600_000,
  accessToken: 600_000,
  refreshToken: 30 * 86_400_000,
  refreshTokenAbsolute: 180 * 86_400_000,
  refreshTokenGrace: 30_000,
};

/** Options after every check, with all URLs worked out. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly baseUrl: string;
  /** What the paths of the MCP endpoints are appended to. */
  readonly resourceBaseUrl: string;
  /** The default resource. */
  readonly resource: ResourceUri;
  /** Absolute URL of the protected resource metadata: goes into every challenge. */
  readonly resourceMetadataUrl: string;
  readonly paths: EndpointPaths;
  readonly serviceDocumentationUrl: string | undefined;
  readonly registration: {
    readonly enabled: boolean;
    readonly policy: RegistrationPolicy;
    readonly management: boolean;
    readonly validScopes: readonly string[] | undefined;
    readonly defaultScopes: readonly string[];
    readonly clientSecretLifetime: number | undefined;
  };
  readonly revocationEnabled: boolean;
  readonly pushedRequests: { readonly enabled: boolean; readonly required: boolean };
  readonly deviceAuthorization: {
    readonly enabled: boolean;
    readonly clients: ClientPolicy;
    /** Milliseconds. */
    readonly interval: number;
  };
  readonly requiredScopes: readonly string[];
  /** The required ones among them. */
  readonly suggestedScopes: readonly string[];
}

/** Public paths of every endpoint, all exact. */
export interface EndpointPaths {
  readonly authorize: string;
  readonly pushedRequest: string;
  readonly deviceAuthorization: string;
  /** Where a user enters the code that a device shows: a page of the provider's. */
  readonly device: string;
  readonly token: string;
  readonly register: string;
  /** Where a client reads, changes and ends its registration. */
  readonly manage: string;
  readonly revoke: string;
  readonly introspect: string;
  readonly jwks: string;
  readonly serverMetadata: string;
  readonly resourceMetadata: string;
  /** The MCP endpoint itself. */
  readonly mcp: string;
}

const knownOptions = new Set([
  'baseUrl',
  'issuerUrl',
  'resourceBaseUrl',
  'serviceDocumentationUrl',
  'clientRegistration',
  'revocation',
  'pushedRequests',
  'deviceAuthorization',
  'requiredScopes',
  'suggestedScopes',
]);

/**
 * Checks the options and works out every URL.
 * @param mcpPath the MCP endpoint's path below `resourceBaseUrl`; '' where the resource is the base URL itself
 * @param furtherScopes those that further resources declare
 * @throws ConfigurationError naming the option
 */
export function resolveSettings(
  options: OAuthProviderOptions,
  mcpPath: string,
  scopes: ScopeCatalogue,
  furtherScopes: readonly string[] = [],
): ProviderSettings {
  for (const name of Object.keys(options)) {
    if (!knownOptions.has(name))
      throw new ConfigurationError(`unknown option '${name}'; the options are ${[...knownOptions].join(', ')}`);
  }
  checkPublicUrl('baseUrl', options.baseUrl);
  const baseUrl = withoutTrailingSlash(options.baseUrl);
  const issuer = options.issuerUrl ?? baseUrl;
  checkPublicUrl('issuerUrl', issuer);
  const resourceBaseUrl = withoutTrailingSlash(options.resourceBaseUrl ?? baseUrl);
  checkPublicUrl('resourceBaseUrl', resourceBaseUrl);
  if (options.serviceDocumentationUrl !== undefined)
    checkPublicUrl('serviceDocumentationUrl', options.serviceDocumentationUrl);
  if (mcpPath !== '') checkEndpointPath('mcpPath', mcpPath);
  const resource = canonicalResource(`${resourceBaseUrl}${mcpPath}`);
  if (resource === undefined)
    throw new ConfigurationError(`resourceBaseUrl '${resourceBaseUrl}' cannot name a resource`);

  const requiredScopes = checkedScopes('requiredScopes', options.requiredScopes ?? []);
  const suggestedScopes = checkedScopes('suggestedScopes', options.suggestedScopes ?? []);
  const registration = options.clientRegistration ?? {};
  const policy = registrationPolicy(registration);
  const declared = scopes.names.length > 0 ? [...new Set([...scopes.names, ...furtherScopes])] : undefined;
  const validScopes =
    registration.validScopes === undefined
      ? declared
      : checkedScopes('clientRegistration.validScopes', registration.validScopes);
  const defaultScopes = checkedScopes(
    'clientRegistration.defaultScopes',
    registration.defaultScopes ??
      validScopes ?? [...new Set([...requiredScopes, ...suggestedScopes, ...furtherScopes])],
  );
  for (const scope of defaultScopes) {
    if (validScopes !== undefined && !validScopes.includes(scope)) {
      throw new ConfigurationError(
        `clientRegistration.defaultScopes names '${scope}', which is not among clientRegistration.validScopes`,
      );
    }
  }
  for (const scope of requiredScopes) {
    if (policy !== 'off' && validScopes !== undefined && !validScopes.includes(scope)) {
      throw new ConfigurationError(
        `requiredScopes names '${scope}', which is not among clientRegistration.validScopes: no client that registers could ever use this server`,
      );
    }
  }
  for (const scope of suggestedScopes) {
    if (policy !== 'off' && validScopes !== undefined && !validScopes.includes(scope)) {
      throw new ConfigurationError(
        `suggestedScopes names '${scope}', which is not among clientRegistration.validScopes: clients would be told to ask for what they are refused`,
      );
    }
  }
  const expiry = registration.clientSecretExpirySeconds;
  if (expiry !== undefined && !(Number.isInteger(expiry) && expiry > 0)) {
    throw new ConfigurationError(
      'clientRegistration.clientSecretExpirySeconds must be a whole number of seconds above 0',
    );
  }
  const { enabled = true, required = false } = options.pushedRequests ?? {};
  if (required && !enabled)
    throw new ConfigurationError(
      'pushedRequests.required needs pushedRequests.enabled: no client could ever authorize',
    );
  const { intervalSeconds = 5, ...device } = options.deviceAuthorization ?? {};
  if (!(Number.isInteger(intervalSeconds) && intervalSeconds > 0))
    throw new ConfigurationError('deviceAuthorization.intervalSeconds must be a whole number of seconds above 0');

  const prefix = pathOf(baseUrl);
  const resourceMetadata = wellKnownPath('oauth-protected-resource', resource);
  return {
    issuer,
    baseUrl,
    resourceBaseUrl,
    resource,
    resourceMetadataUrl: `${new URL(resource).origin}${resourceMetadata}`,
    paths: {
      authorize: `${prefix}/authorize`,
      pushedRequest: `${prefix}/par`,
      deviceAuthorization: `${prefix}/device_authorization`,
      device: `${prefix}/device`,
      token: `${prefix}/token`,
      register: `${prefix}/register`,
      manage: `${prefix}/register/client`,
      revoke: `${prefix}/revoke`,
      introspect: `${prefix}/introspect`,
      jwks: `${prefix}/jwks.json`,
      serverMetadata: wellKnownPath('oauth-authorization-server', issuer),
      resourceMetadata,
      mcp: pathOf(resource) === '' ? '/' : pathOf(resource),
    },
    serviceDocumentationUrl: options.serviceDocumentationUrl,
    registration: {
      enabled: policy !== 'off',
      policy,
      management: registration.management ?? true,
      validScopes,
      defaultScopes,
      clientSecretLifetime: expiry === undefined ? undefined : expiry * 1000,
    },
    revocationEnabled: options.revocation?.enabled ?? true,
    pushedRequests: { enabled, required },
    deviceAuthorization: {
      enabled: device.enabled ?? false,
      clients: device.clients ?? 'verified',
      interval: intervalSeconds * 1000,
    },
    requiredScopes,
    suggestedScopes: [...new Set([...requiredScopes, ...suggestedScopes])],
  };
}

/** @throws ConfigurationError where the two ways to say it contradict each other */
function registrationPolicy({ enabled, policy }: ClientRegistrationOptions): RegistrationPolicy {
  if (policy === undefined) return enabled === true ? 'open' : 'off';
  if (!registrationPolicies.includes(policy))
    throw new ConfigurationError(
      `clientRegistration.policy must be one of ${registrationPolicies.join(', ')}, not '${String(policy)}'`,
    );
  if (enabled !== undefined && enabled !== (policy !== 'off'))
    throw new ConfigurationError(
      `the registration policy is '${policy}', but registration is set to enabled: ${enabled}; leave enabled out, the policy says it all`,
    );
  return policy;
}

function checkedScopes(option: string, scopes: readonly string[]): readonly string[] {
  for (const scope of scopes) {
    if (parseScope(scope)?.length !== 1)
      throw new ConfigurationError(`${option} contains '${scope}', which is not a scope name`);
  }
  return scopes;
}
