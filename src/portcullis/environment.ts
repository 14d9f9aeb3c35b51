import type { ProviderEnvironment } from '../core/environment.ts';
import type { ResourceDefinition } from '../core/resources.ts';
import type { ScopeDefinition } from '../core/scopes.ts';
import type { OAuthProviderOptions, RegistrationPolicy } from '../core/settings.ts';
import type { ThrottleLimits } from '../core/throttle/limits.ts';
import { ConfigurationError } from '../core/urls.ts';
import { metadataDocumentOptions } from './client-metadata-config.ts';
import type { ResolvedConfig } from './config.ts';
import { egressSettings } from './egress-config.ts';
import { identityAssertionOptions } from './identity-assertions-config.ts';
import { softwareStatementOptions } from './software-statements-config.ts';

const second = 1000;
const day = 86_400 * second;

/** The part of the configuration that the `OAuthProvider` constructor takes. */
export function providerOptions(config: ResolvedConfig): OAuthProviderOptions {
  const { registration } = config;
  return {
    baseUrl: config.baseUrl,
    requiredScopes: config.requiredScopes,
    suggestedScopes: config.suggestedScopes,
    revocation: { enabled: config.revocation.enabled },
    pushedRequests: { enabled: config.pushedRequests.enabled, required: config.pushedRequests.required },
    deviceAuthorization: {
      enabled: config.deviceAuthorization.enabled,
      clients: config.deviceAuthorization.clients,
      intervalSeconds: config.deviceAuthorization.intervalSeconds,
    },
    clientRegistration: {
      policy: registrationPolicy(registration),
      management: registration.management,
      ...(registration.validScopes === undefined ? {} : { validScopes: registration.validScopes }),
      ...(registration.defaultScopes === undefined ? {} : { defaultScopes: registration.defaultScopes }),
      ...(registration.clientSecretExpirySeconds === undefined
        ? {}
        : { clientSecretExpirySeconds: registration.clientSecretExpirySeconds }),
    },
    ...(config.issuerUrl === undefined ? {} : { issuerUrl: config.issuerUrl }),
    ...(config.resourceBaseUrl === undefined ? {} : { resourceBaseUrl: config.resourceBaseUrl }),
    ...(config.serviceDocumentationUrl === undefined
      ? {}
      : { serviceDocumentationUrl: config.serviceDocumentationUrl }),
  };
}

/** @throws ConfigurationError where the policy and `enabled` contradict each other */
function registrationPolicy({ enabled, policy }: ResolvedConfig['registration']): RegistrationPolicy {
  if (policy !== undefined && enabled !== undefined && enabled !== (policy !== 'off'))
    throw new ConfigurationError(
      `registration.policy is '${policy}', but registration.enabled is ${enabled}; leave enabled out, the policy says it all`,
    );
  return policy ?? (enabled === false ? 'off' : 'open');
}

/**
 * The part that surrounds the provider.
 * @throws ConfigurationError where a file that it names cannot be read
 */
export function providerEnvironment(config: ResolvedConfig, dpopNonceKey?: Uint8Array): ProviderEnvironment {
  const { tokens, dpop } = config;
  const egress = egressSettings(config.egress);
  return {
    mcpPath: config.mcpPath,
    scopes: config.scopes as Record<string, ScopeDefinition>,
    resourceName: config.name,
    acrValues: [config.signIn.acrOfPassword],
    resources: resourcesOf(config),
    tokenExchange: { paths: config.tokenExchange.paths.map(({ client, ...path }) => ({ clientId: client, ...path })) },
    identityAssertions: identityAssertionOptions(config.identityAssertions),
    softwareStatements: softwareStatementOptions(config.softwareStatements),
    redirectSchemes: config.registration.redirectSchemes,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    ...(egress === undefined ? {} : { egress }),
    dpop: {
      enabled: dpop.enabled,
      required: dpop.required,
      nonce: dpop.nonce,
      proofLifetime: dpop.proofSeconds * second,
      nonceLifetime: dpop.nonceSeconds * second,
      ...(dpopNonceKey === undefined ? {} : { nonceKey: dpopNonceKey }),
    },
    clientAuthentication: {
      throttle: throttleLimits(config.clientAuthentication),
      longestAssertion: config.clientAuthentication.longestAssertionSeconds * second,
      leeway: config.clientAuthentication.leewaySeconds * second,
    },
    machineTokens: {
      limit: config.clientCredentials.tokenLimit.limit,
      window: config.clientCredentials.tokenLimit.windowSeconds * second,
    },
    clientMetadata: metadataDocumentOptions(config.clientMetadata),
    lifetimes: {
      pushedRequest: config.pushedRequests.lifetimeSeconds * second,
      authorizationCode: tokens.authorizationCodeSeconds * second,
      deviceCode: config.deviceAuthorization.codeMinutes * 60 * second,
      accessToken: tokens.accessTokenSeconds * second,
      refreshToken: Math.round(tokens.refreshTokenDays * day),
      refreshTokenAbsolute: Math.round(tokens.refreshTokenAbsoluteDays * day),
      refreshTokenGrace: tokens.refreshGraceSeconds * second,
    },
  };
}

/** How failures slow signing in, or client authentication, down. */
export function throttleLimits(
  settings: Pick<
    ResolvedConfig['signIn'],
    keyof ResolvedConfig['signIn'] & keyof ResolvedConfig['clientAuthentication']
  >,
): ThrottleLimits {
  return {
    freeFailures: settings.freeFailures,
    firstDelay: settings.firstDelaySeconds * second,
    longestDelay: settings.longestDelaySeconds * second,
    forgetAfter: settings.forgetHours * 3600 * second,
    window: settings.windowSeconds * second,
    accountFailures: settings.accountFailures,
    addressFailures: settings.addressFailures,
    longestAddressDelay: settings.longestAddressDelaySeconds * second,
  };
}

function resourcesOf({ resources }: ResolvedConfig): Readonly<Record<string, ResourceDefinition>> {
  return Object.fromEntries(Object.entries(resources).map(([key, resource]) => [key, definitionOf(resource)]));
}

function definitionOf(resource: ResolvedConfig['resources'][string]): ResourceDefinition {
  const { path, url, name, documentationUrl, requiredScopes, suggestedScopes, clients, introspectors } = resource;
  const { accessTokenSeconds, refreshTokenDays, refreshTokenAbsoluteDays } = resource;
  return {
    scopes: resource.scopes as Record<string, ScopeDefinition>,
    requiredScopes,
    suggestedScopes,
    clients,
    introspectors,
    lifetimes: {
      ...(accessTokenSeconds === undefined ? {} : { accessToken: accessTokenSeconds * second }),
      ...(refreshTokenDays === undefined ? {} : { refreshToken: Math.round(refreshTokenDays * day) }),
      ...(refreshTokenAbsoluteDays === undefined
        ? {}
        : { refreshTokenAbsolute: Math.round(refreshTokenAbsoluteDays * day) }),
    },
    ...(path === undefined ? {} : { path }),
    ...(url === undefined ? {} : { url }),
    ...(name === undefined ? {} : { name }),
    ...(documentationUrl === undefined ? {} : { documentationUrl }),
  };
}
