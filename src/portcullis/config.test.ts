import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../core/urls.ts';
import { parseConfig } from './config.ts';
import { providerEnvironment, providerOptions } from './environment.ts';

/** What is said about a configuration, one line for each mistake. */
function complaints(config: unknown): string[] {
  try {
    parseConfig(config);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(parseConfig({})).toEqual({
      baseUrl: 'http://localhost:3000',
      mcpPath: '/mcp',
      name: 'MCP server',
      scopes: {},
      requiredScopes: [],
      suggestedScopes: [],
      resources: {},
      database: './data/portcullis.db',
      registration: {
        management: true,
        maximumPending: 100,
        pendingHours: 72,
        redirectSchemes: [],
        maximumClients: 10_000,
        unusedDays: 7,
        rateLimit: { limit: 60, windowSeconds: 3600 },
      },
      clientMetadata: {
        enabled: true,
        deniedHosts: [],
        maximumClients: 10_000,
        rateLimit: { limit: 20, windowSeconds: 60 },
        bundleKeys: [],
      },
      revocation: { enabled: true },
      tokens: {
        algorithm: 'EdDSA',
        accessTokenSeconds: 600,
        authorizationCodeSeconds: 60,
        refreshTokenDays: 30,
        refreshTokenAbsoluteDays: 180,
        refreshGraceSeconds: 30,
      },
      tokenExchange: { paths: [] },
      clientCredentials: { tokenLimit: { limit: 1200, windowSeconds: 600 } },
      softwareStatements: { issuers: [], required: false, leewaySeconds: 30 },
      identityAssertions: { issuers: [], longestSeconds: 600, leewaySeconds: 30 },
      dpop: {
        enabled: true,
        required: false,
        nonce: 'off',
        proofSeconds: 60,
        nonceSeconds: 300,
        rateLimit: { limit: 1200, windowSeconds: 60 },
      },
      keys: { rotationDays: 90, publishAheadSeconds: 900 },
      sessions: { idleMinutes: 720, absoluteHours: 168 },
      signIn: {
        requestMinutes: 30,
        acrOfPassword: 'urn:portcullis:pwd',
        rateLimit: { limit: 300, windowSeconds: 60 },
        freeFailures: 3,
        firstDelaySeconds: 1,
        longestDelaySeconds: 900,
        forgetHours: 24,
        windowSeconds: 900,
        accountFailures: 20,
        addressFailures: 20,
        longestAddressDelaySeconds: 60,
      },
      clientAuthentication: {
        freeFailures: 3,
        firstDelaySeconds: 1,
        longestDelaySeconds: 900,
        forgetHours: 24,
        windowSeconds: 900,
        accountFailures: 20,
        addressFailures: 20,
        longestAddressDelaySeconds: 60,
        longestAssertionSeconds: 600,
        leewaySeconds: 30,
      },
      authorize: { rateLimit: { limit: 120, windowSeconds: 60 } },
      pushedRequests: {
        enabled: true,
        required: false,
        lifetimeSeconds: 60,
        maximumWaiting: 10_000,
        rateLimit: { limit: 120, windowSeconds: 60 },
      },
      deviceAuthorization: {
        enabled: false,
        clients: 'verified',
        codeMinutes: 10,
        intervalSeconds: 5,
        maximumWaiting: 1000,
        rateLimit: { limit: 30, windowSeconds: 60 },
        guesses: {
          freeFailures: 3,
          firstDelaySeconds: 1,
          longestDelaySeconds: 900,
          forgetHours: 24,
          windowSeconds: 900,
          accountFailures: 20,
          addressFailures: 20,
          longestAddressDelaySeconds: 60,
        },
      },
      passwords: { minimumLength: 12, memoryKiB: 19_456, passes: 2, parallelism: 1, queueLimit: 64 },
      egress: {
        enabled: false,
        deniedHosts: [],
        deniedNetworks: [],
        allowedPorts: [443],
        privateHosts: [],
        timeoutSeconds: 5,
        maximumBytes: 5120,
        maximumKeySetBytes: 65_536,
        windowSeconds: 60,
        originBudget: { concurrent: 2, requests: 30 },
        totalBudget: { concurrent: 16, requests: 600 },
        cache: {
          minimumSeconds: 10,
          defaultSeconds: 300,
          maximumSeconds: 86_400,
          staleSeconds: 3600,
          failureSeconds: 30,
          maximumEntries: 1000,
        },
        dangerouslyAllowInsecureLoopback: false,
      },
      allowedHosts: [],
      allowedOrigins: [],
    });
  });

  it('fills the defaults in around what is set, at every depth', () => {
    const { registration, tokens } = parseConfig({
      registration: { rateLimit: { limit: 5 } },
      tokens: { accessTokenSeconds: 60 },
    });
    expect(registration).toMatchObject({
      management: true,
      maximumClients: 10_000,
      rateLimit: { limit: 5, windowSeconds: 3600 },
    });
    expect(tokens).toMatchObject({ accessTokenSeconds: 60, refreshTokenDays: 30 });
  });

  it.each([
    [{ baseURL: '' }, "unknown setting 'baseURL'; did you mean 'baseUrl'?"],
    [
      { tokens: { accessTokenSecond: 5 } },
      "unknown setting 'tokens.accessTokenSecond'; did you mean 'accessTokenSeconds'?",
    ],
    [
      { registration: { rateLimit: { limits: 5 } } },
      "unknown setting 'registration.rateLimit.limits'; did you mean 'limit'?",
    ],
    [{ scopes: { read: { titel: 'Read' } } }, "unknown setting 'scopes.read.titel'; did you mean 'title'?"],
    [
      { authorize: { rateLimit: { windowSecond: 5 } } },
      "unknown setting 'authorize.rateLimit.windowSecond'; did you mean 'windowSeconds'?",
    ],
    [{ somethingElse: 1 }, "unknown setting 'somethingElse'"],
    [{ revocation: { zzzzzzzzzz: true } }, "unknown setting 'revocation.zzzzzzzzzz'"],
    [JSON.parse('{"__proto__x": 1}'), "unknown setting '__proto__x'"],
    [{ constructor: 1 }, "unknown setting 'constructor'"],
  ])('%j has an unknown setting, which is fatal, with the nearest known one', (config, complaint) => {
    expect(complaints(config)).toEqual([complaint]);
  });

  it.each([
    [{ baseUrl: 5 }, 'baseUrl'],
    [{ name: '' }, 'name'],
    [{ requiredScopes: 'read' }, 'requiredScopes'],
    [{ requiredScopes: [1] }, 'requiredScopes.0'],
    [{ scopes: { read: 'Read' } }, 'scopes.read'],
    [{ scopes: { read: { tools: 'x' } } }, 'scopes.read.tools'],
    [{ tokens: { algorithm: 'HS256' } }, 'tokens.algorithm'],
    [{ tokens: { algorithm: 'none' } }, 'tokens.algorithm'],
    [{ tokens: { accessTokenSeconds: 0 } }, 'tokens.accessTokenSeconds'],
    [{ tokens: { accessTokenSeconds: 86_401 } }, 'tokens.accessTokenSeconds'],
    [{ tokens: { accessTokenSeconds: 1.5 } }, 'tokens.accessTokenSeconds'],
    [{ tokens: { authorizationCodeSeconds: 601 } }, 'tokens.authorizationCodeSeconds'],
    [{ tokens: { refreshTokenDays: 0 } }, 'tokens.refreshTokenDays'],
    [{ tokens: { refreshTokenDays: Number.NaN } }, 'tokens.refreshTokenDays'],
    [{ tokens: { refreshTokenAbsoluteDays: Number.POSITIVE_INFINITY } }, 'tokens.refreshTokenAbsoluteDays'],
    [{ tokens: { refreshTokenAbsoluteDays: 1e12 } }, 'tokens.refreshTokenAbsoluteDays'],
    [{ tokens: { refreshGraceSeconds: -1 } }, 'tokens.refreshGraceSeconds'],
    [{ tokens: { refreshGraceSeconds: 301 } }, 'tokens.refreshGraceSeconds'],
    [{ sessions: { idleMinutes: 1 } }, 'sessions.idleMinutes'],
    [{ sessions: { absoluteHours: 0 } }, 'sessions.absoluteHours'],
    [{ registration: { maximumClients: 0 } }, 'registration.maximumClients'],
    [{ registration: { redirectSchemes: ['javascript:'] } }, 'registration.redirectSchemes.0'],
    [{ registration: { rateLimit: { limit: 0 } } }, 'registration.rateLimit.limit'],
    [{ registration: { rateLimit: { windowSeconds: '60' } } }, 'registration.rateLimit.windowSeconds'],
    [{ registration: { enabled: 'false' } }, 'registration.enabled'],
    [{ passwords: { minimumLength: 7 } }, 'passwords.minimumLength'],
    [{ passwords: { memoryKiB: 1024 } }, 'passwords.memoryKiB'],
    [{ signIn: { freeFailures: 0 } }, 'signIn.freeFailures'],
    [{ allowedOrigins: '*' }, 'allowedOrigins'],
    [null, 'configuration'],
    [[], 'configuration'],
    ['baseUrl', 'configuration'],
  ])('%j is refused, and the setting is named', (config, setting) => {
    const [complaint = '', ...others] = complaints(config);
    expect(complaint).toMatch(new RegExp(`^${setting.replaceAll('.', '\\.')}: .{5,}`));
    expect(others).toEqual([]);
  });

  it.each([
    [{ baseUrl: 5 }, 'baseUrl: must be text, not a number'],
    [{ name: null }, 'name: must be text, not null'],
    [
      { tokenExchange: { paths: [{ client: 'a', from: 'default', scopes: { a: 'b' } }] } },
      'tokenExchange.paths.0.to: is missing; it must be text',
    ],
    [{ name: '' }, 'name: must not be empty'],
    [{ name: 'x'.repeat(101) }, 'name: must have at most 100 characters'],
    [{ allowedOrigins: '*' }, 'allowedOrigins: must be a list, not text'],
    [{ scopes: [] }, 'scopes: must be an object, not a list'],
    [{ registration: { enabled: 1 } }, 'registration.enabled: must be true or false, not a number'],
    [{ tokens: { algorithm: 'HS256' } }, 'tokens.algorithm: must be "EdDSA" or "ES256" or "RS256"'],
    [{ tokens: { accessTokenSeconds: 1.5 } }, 'tokens.accessTokenSeconds: must be a whole number'],
    [{ tokens: { accessTokenSeconds: '60' } }, 'tokens.accessTokenSeconds: must be a number, not text'],
    [{ tokens: { refreshGraceSeconds: 301 } }, 'tokens.refreshGraceSeconds: must be at most 300'],
    [{ passwords: { minimumLength: 7 } }, 'passwords.minimumLength: must be at least 8'],
    [{ signIn: { freeFailures: 0 } }, 'signIn.freeFailures: must be more than 0'],
  ])('%j is told what it should have been', (config, complaint) => {
    expect(complaints(config)).toEqual([complaint]);
  });

  it('is not told its values, which may be secret', () => {
    for (const masterKey of [12_345_678, ['swordfish'], { key: 'swordfish' }, true])
      expect(complaints({ masterKey }).join()).not.toMatch(/12345678|swordfish/);
  });

  it('is told all its mistakes at once', () => {
    expect(complaints({ nam: 'x', tokens: { algorithm: 'none', acessTokenSeconds: 1 } })).toHaveLength(3);
  });

  it('cannot allow schemes that run script or read files to redirect URIs [CASE-22, PITFALL-14]', () => {
    expect(complaints({ registration: { redirectSchemes: ['myapp', 'com.example.app'] } })).toEqual([]);
    for (const scheme of ['javascript', 'data', 'file', 'http', 'JavaScript', 'data:', 'a b', '', '1x', 'file/'])
      expect(complaints({ registration: { redirectSchemes: [scheme] } })).toHaveLength(1);
  });
});

describe('lifetimes', () => {
  const lifetimesOf = (tokens: object) => providerEnvironment(parseConfig({ tokens })).lifetimes;

  it('by default are minutes for access tokens, a minute for codes and a month for refresh tokens [RFC6750-14, MCP-SEC-05, RFC6749-01]', () => {
    expect(lifetimesOf({})).toEqual({
      pushedRequest: 60_000,
      deviceCode: 600_000,
      authorizationCode: 60_000,
      accessToken: 600_000,
      refreshToken: 30 * 86_400_000,
      refreshTokenAbsolute: 180 * 86_400_000,
      refreshTokenGrace: 30_000,
    });
  });

  it('are whole milliseconds, whatever fraction of a day is set: the database holds nothing else', () => {
    for (const days of [0.1, 0.7, 1 / 3, 1 / 86_400, 3.14159, 29.999999999]) {
      const { refreshToken, refreshTokenAbsolute } =
        lifetimesOf({ refreshTokenDays: days, refreshTokenAbsoluteDays: days }) ?? {};
      expect([Number.isInteger(refreshToken), Number.isInteger(refreshTokenAbsolute)]).toEqual([true, true]);
      expect(refreshToken).toBeGreaterThanOrEqual(1000);
    }
  });
});

describe('the options of the provider', () => {
  it('are those of the configuration, and absent where it is silent', () => {
    expect(providerOptions(parseConfig({}))).toEqual({
      pushedRequests: { enabled: true, required: false },
      deviceAuthorization: { enabled: false, clients: 'verified', intervalSeconds: 5 },
      baseUrl: 'http://localhost:3000',
      requiredScopes: [],
      suggestedScopes: [],
      revocation: { enabled: true },
      clientRegistration: { policy: 'open', management: true },
    });
    const full = {
      pushedRequests: { enabled: true, required: true },
      deviceAuthorization: { enabled: false, clients: 'verified', intervalSeconds: 5 },
      baseUrl: 'https://a.example',
      issuerUrl: 'https://b.example/',
      resourceBaseUrl: 'https://c.example',
      serviceDocumentationUrl: 'https://d.example',
      requiredScopes: ['read'],
      suggestedScopes: ['write'],
      revocation: { enabled: false },
      registration: { enabled: false, validScopes: ['read'], defaultScopes: ['read'], clientSecretExpirySeconds: 60 },
    };
    const { registration, ...rest } = full;
    const { enabled: _enabled, ...named } = registration;
    expect(providerOptions(parseConfig(full))).toEqual({
      ...rest,
      clientRegistration: { ...named, policy: 'off', management: true },
    });
  });
});
