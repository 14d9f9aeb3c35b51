import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DpopPolicy } from '../../src/core/dpop-policy.ts';
import type { IdentityAssertionOptions, TrustedIssuer } from '../../src/core/identity-assertions.ts';
import type { MetadataDocumentOptions } from '../../src/core/metadata-documents.ts';
import type { ResourceDefinition } from '../../src/core/resources.ts';
import type { SoftwareStatementOptions } from '../../src/core/software-statements.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import type { Harness, HarnessRequest } from '../../src/testing/harness.ts';
import type { TestBrowser } from '../../src/testing/test-browser.ts';
import { engine, leaseDatabase } from './engine.ts';
import { approveClient, invitation } from './registration.ts';

/** The user that tests sign in as. */
export const testUser = {
  userName: 'ada',
  displayName: 'Ada Lovelace',
  password: 'correct horse battery staple',
} as const;

/** The cheapest argon2id that the configuration admits: tests do not need its cost. */
export const fastPasswords = { memoryKiB: 7168, passes: 1 } as const;

const unlimited = { rateLimit: { limit: 1_000_000 } } as const;

/** Settings under which tests do not trip over limits that other tests are about. */
export const testLimits = {
  passwords: fastPasswords,
  registration: { ...unlimited },
  authorize: unlimited,
  signIn: unlimited,
  clientMetadata: unlimited,
  pushedRequests: unlimited,
  deviceAuthorization: unlimited,
} satisfies PortcullisConfig;

/** Opens the product on a database of its own, with one user who can sign in. */
export async function createPortcullisHarness(
  request: HarnessRequest,
  path?: string,
): Promise<Harness & { provider: Portcullis }> {
  const { options, environment } = request;
  const { lifetimes } = environment;
  const leased = await leaseDatabase(path);
  const keyFiles =
    environment.identityAssertions === undefined ? undefined : mkdtempSync(join(tmpdir(), 'portcullis-keys-'));
  const config: PortcullisConfig = {
    ...testLimits,
    baseUrl: options.baseUrl,
    ...leased.settings,
    ...(options.issuerUrl === undefined ? {} : { issuerUrl: options.issuerUrl }),
    ...(options.resourceBaseUrl === undefined ? {} : { resourceBaseUrl: options.resourceBaseUrl }),
    ...(options.serviceDocumentationUrl === undefined
      ? {}
      : { serviceDocumentationUrl: options.serviceDocumentationUrl }),
    ...(environment.mcpPath === undefined ? {} : { mcpPath: environment.mcpPath }),
    ...(environment.resourceName === undefined ? {} : { name: environment.resourceName }),
    scopes: (environment.scopes ?? {}) as NonNullable<PortcullisConfig['scopes']>,
    requiredScopes: [...(options.requiredScopes ?? [])],
    suggestedScopes: [...(options.suggestedScopes ?? [])],
    revocation: { enabled: options.revocation?.enabled ?? true },
    pushedRequests: {
      ...unlimited,
      ...options.pushedRequests,
      lifetimeSeconds: lifetimes.pushedRequest / 1000,
    },
    deviceAuthorization: {
      ...unlimited,
      ...options.deviceAuthorization,
      codeMinutes: lifetimes.deviceCode / 60_000,
    },
    registration: {
      ...unlimited,
      ...(options.clientRegistration?.policy === undefined
        ? { enabled: options.clientRegistration?.enabled ?? false }
        : { policy: options.clientRegistration.policy }),
      management: options.clientRegistration?.management ?? true,
      ...(options.clientRegistration?.validScopes === undefined
        ? {}
        : { validScopes: [...options.clientRegistration.validScopes] }),
      ...(options.clientRegistration?.defaultScopes === undefined
        ? {}
        : { defaultScopes: [...options.clientRegistration.defaultScopes] }),
      ...(options.clientRegistration?.clientSecretExpirySeconds === undefined
        ? {}
        : { clientSecretExpirySeconds: options.clientRegistration.clientSecretExpirySeconds }),
      redirectSchemes: [...(environment.redirectSchemes ?? [])],
    },
    ...(environment.machineTokens === undefined
      ? {}
      : {
          clientCredentials: {
            tokenLimit: {
              limit: environment.machineTokens.limit ?? 1200,
              windowSeconds: (environment.machineTokens.window ?? 600_000) / 1000,
            },
          },
        }),
    clientAuthentication: clientAuthenticationConfig(environment.clientAuthentication),
    tokens: {
      authorizationCodeSeconds: lifetimes.authorizationCode / 1000,
      accessTokenSeconds: lifetimes.accessToken / 1000,
      refreshTokenDays: lifetimes.refreshToken / 86_400_000,
      refreshTokenAbsoluteDays: lifetimes.refreshTokenAbsolute / 86_400_000,
      refreshGraceSeconds: lifetimes.refreshTokenGrace / 1000,
    },
    resources: Object.fromEntries(
      Object.entries(environment.resources ?? {}).map(([key, definition]) => [key, resourceConfig(definition)]),
    ),
    tokenExchange: {
      paths: (environment.tokenExchange?.paths ?? []).map(({ clientId, scopes, ...path }) => ({
        ...path,
        client: clientId,
        scopes: { ...scopes },
      })),
    },
    softwareStatements: statementsConfig(environment.softwareStatements),
    identityAssertions: assertionsConfig(environment.identityAssertions, keyFiles ?? ''),
    dpop: dpopConfig(environment.dpop ?? {}),
    clientMetadata: clientMetadataConfig(environment.clientMetadata),
    allowedHosts: [...(environment.allowedHosts ?? [])],
    allowedOrigins: [...(environment.allowedOrigins ?? [])],
  };
  const provider = await Portcullis.open(config, {
    clock: environment.clock,
    ...(environment.random === undefined ? {} : { random: environment.random }),
    ...(environment.egress !== undefined && 'fetch' in environment.egress ? { egress: environment.egress } : {}),
    ...(environment.onEvent === undefined ? {} : { onEvent: environment.onEvent }),
  });
  await addTestUser(provider);
  return {
    provider,
    authorize: (url, browser) => signInAndAllow(url, browser),
    decideOnDevice: (url, decision, browser) => decideOnDevice(url, decision, browser),
    invite: (uses) => invitation(provider, uses),
    approveClient: async (clientId) => void (await approveClient(provider, clientId)),
    dumpStorage: () => dumpDatabase(provider),
    close: async () => {
      await provider.close();
      await leased.release();
      if (keyFiles !== undefined) rmSync(keyFiles, { recursive: true, force: true });
    },
  };
}

function statementsConfig(
  { issuers, required = false, leeway = 30_000 }: SoftwareStatementOptions = { issuers: [] },
): NonNullable<PortcullisConfig['softwareStatements']> {
  return {
    required,
    leewaySeconds: leeway / 1000,
    issuers: issuers.map(({ keys, algorithms, claims, requiredClaims, maximumAge, ...rest }) => ({
      ...rest,
      ...('file' in keys ? { keysFile: keys.file } : { keys: JSON.parse(JSON.stringify(keys.jwks)) as { keys: [] } }),
      ...(algorithms === undefined ? {} : { algorithms: [...algorithms] as 'EdDSA'[] }),
      ...(claims === undefined ? {} : { claims: [...claims] }),
      ...(requiredClaims === undefined ? {} : { requiredClaims: [...requiredClaims] }),
      ...(maximumAge === undefined ? {} : { maximumAgeDays: maximumAge / 86_400_000 }),
    })),
  };
}

/** Issuers whose subjects become users. */
function assertionsConfig(
  { issuers, longestAssertion = 600_000, leeway = 30_000 }: IdentityAssertionOptions = { issuers: [] },
  directory: string,
): NonNullable<PortcullisConfig['identityAssertions']> {
  return {
    issuers: issuers.map(({ keys, algorithms, accessTokenLifetime, ...rest }, index) => ({
      ...rest,
      ...keysConfig(keys, join(directory, `${index}.json`)),
      ...(algorithms === undefined ? {} : { algorithms: [...algorithms] as 'EdDSA'[] }),
      ...(accessTokenLifetime === undefined ? {} : { accessTokenSeconds: accessTokenLifetime / 1000 }),
      users: { create: true },
    })),
    longestSeconds: longestAssertion / 1000,
    leewaySeconds: leeway / 1000,
  };
}

function keysConfig(keys: TrustedIssuer['keys'], file: string) {
  if ('url' in keys) return { keysUrl: keys.url };
  if ('file' in keys) return { keysFile: keys.file };
  writeFileSync(file, JSON.stringify(keys.jwks));
  return { keysFile: file };
}

function dpopConfig({ enabled, required, nonce, proofLifetime, nonceLifetime }: Partial<DpopPolicy>) {
  return {
    rateLimit: { limit: 1_000_000 },
    ...(enabled === undefined ? {} : { enabled }),
    ...(required === undefined ? {} : { required }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(proofLifetime === undefined ? {} : { proofSeconds: proofLifetime / 1000 }),
    ...(nonceLifetime === undefined ? {} : { nonceSeconds: nonceLifetime / 1000 }),
  };
}

function clientAuthenticationConfig({
  throttle = {},
  longestAssertion,
  leeway,
}: NonNullable<HarnessRequest['environment']['clientAuthentication']> = {}): PortcullisConfig['clientAuthentication'] {
  const { freeFailures, firstDelay, longestDelay, addressFailures } = throttle;
  return {
    ...(freeFailures === undefined ? {} : { freeFailures }),
    ...(firstDelay === undefined ? {} : { firstDelaySeconds: firstDelay / 1000 }),
    ...(longestDelay === undefined ? {} : { longestDelaySeconds: longestDelay / 1000 }),
    ...(addressFailures === undefined ? {} : { addressFailures }),
    ...(longestAssertion === undefined ? {} : { longestAssertionSeconds: longestAssertion / 1000 }),
    ...(leeway === undefined ? {} : { leewaySeconds: leeway / 1000 }),
  };
}

function clientMetadataConfig(options: MetadataDocumentOptions = {}): NonNullable<PortcullisConfig['clientMetadata']> {
  const { enabled = true, allowedHosts, deniedHosts = [], lookups } = options;
  return {
    enabled,
    deniedHosts: [...deniedHosts],
    ...(allowedHosts === undefined ? {} : { allowedHosts: [...allowedHosts] }),
    ...(lookups === undefined
      ? unlimited
      : { rateLimit: { limit: lookups.limit, windowSeconds: lookups.window / 1000 } }),
  };
}

function resourceConfig({ scopes = {}, requiredScopes = [], lifetimes = {}, ...rest }: ResourceDefinition) {
  const { accessToken, refreshToken, refreshTokenAbsolute } = lifetimes;
  return {
    ...rest,
    scopes: scopes as NonNullable<PortcullisConfig['scopes']>,
    requiredScopes: [...requiredScopes],
    ...(accessToken === undefined ? {} : { accessTokenSeconds: accessToken / 1000 }),
    ...(refreshToken === undefined ? {} : { refreshTokenDays: refreshToken / 86_400_000 }),
    ...(refreshTokenAbsolute === undefined ? {} : { refreshTokenAbsoluteDays: refreshTokenAbsolute / 86_400_000 }),
  };
}

/** Adds `testUser`. */
export async function addTestUser(provider: Portcullis): Promise<void> {
  const { users, passwords } = provider.services;
  await users.create({
    userName: testUser.userName,
    displayName: testUser.displayName,
    passwordHash: await passwords.hash(testUser.password),
  });
}

/** Signs `testUser` in where asked, and allows everything. */
export async function signInAndAllow(url: URL | string, browser: TestBrowser): Promise<URL> {
  let arrived = await browser.visit(url);
  if (!(arrived instanceof URL) && arrived.html.includes('name="password"')) {
    arrived = await browser.submit({ username: testUser.userName, password: testUser.password });
  }
  return arrived instanceof URL ? arrived : browser.submitAndLeave({ decision: 'allow' });
}

/** Signs `testUser` in where asked, enters the code that a device shows, and decides. */
export async function decideOnDevice(url: URL, decision: 'allow' | 'deny', browser: TestBrowser): Promise<void> {
  const arrived = await browser.visit(url);
  if (!(arrived instanceof URL) && arrived.html.includes('name="password"'))
    await browser.submit({ username: testUser.userName, password: testUser.password });
  await browser.submit({ user_code: url.searchParams.get('user_code') ?? '' });
  await browser.submit({ decision });
}

async function dumpDatabase(provider: Portcullis): Promise<string> {
  const { database } = provider.services;
  const tables = await database.read(
    engine === 'postgres'
      ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
      : "SELECT name FROM sqlite_master WHERE type = 'table'",
  );
  const rows = await Promise.all(tables.map(({ name }) => database.read(`SELECT * FROM ${String(name)}`)));
  return JSON.stringify(rows);
}
