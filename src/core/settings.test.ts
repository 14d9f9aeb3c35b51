import { describe, expect, it } from 'vitest';
import { ScopeCatalogue } from './scopes.ts';
import { defaultLifetimes, type OAuthProviderOptions, resolveSettings } from './settings.ts';
import { ConfigurationError } from './urls.ts';

const settings = (options: OAuthProviderOptions, mcpPath = '/mcp', scopes = new ScopeCatalogue()) =>
  resolveSettings(options, mcpPath, scopes);

describe('resolveSettings', () => {
  it('keeps the issuer byte for byte and drops nothing but the slash at the end of a base URL [CASE-02, PITFALL-28, RFC8414-10]', () => {
    expect(settings({ baseUrl: 'https://a.example' }).issuer).toBe('https://a.example');
    expect(settings({ baseUrl: 'https://a.example/' }).issuer).toBe('https://a.example');
    expect(settings({ baseUrl: 'https://a.example', issuerUrl: 'https://a.example/' }).issuer).toBe(
      'https://a.example/',
    );
    expect(settings({ baseUrl: 'https://a.example', issuerUrl: 'https://ID.example:443/x/' }).issuer).toBe(
      'https://ID.example:443/x/',
    );
  });

  it('names the resource in canonical form, without a slash at its end [MCP-AUTH-12]', () => {
    expect(settings({ baseUrl: 'HTTPS://A.Example:443/' }).resource).toBe('https://a.example/mcp');
    expect(settings({ baseUrl: 'https://a.example/' }, '').resource).toBe('https://a.example');
    expect(settings({ baseUrl: 'https://a.example', resourceBaseUrl: 'https://b.example/x/' }).resource).toBe(
      'https://b.example/x/mcp',
    );
  });

  it('works out every path from the base URL, the issuer and the resource', () => {
    expect(
      settings({
        baseUrl: 'https://a.example/api',
        issuerUrl: 'https://a.example/id',
        resourceBaseUrl: 'https://a.example/r',
      }),
    ).toMatchObject({
      resourceMetadataUrl: 'https://a.example/.well-known/oauth-protected-resource/r/mcp',
      paths: {
        authorize: '/api/authorize',
        token: '/api/token',
        register: '/api/register',
        revoke: '/api/revoke',
        jwks: '/api/jwks.json',
        serverMetadata: '/.well-known/oauth-authorization-server/id',
        resourceMetadata: '/.well-known/oauth-protected-resource/r/mcp',
        mcp: '/r/mcp',
      },
    });
  });

  it.each([
    ['baseUrl', { baseUrl: 'http://a.example' }],
    ['issuerUrl', { baseUrl: 'https://a.example', issuerUrl: 'http://a.example' }],
    ['resourceBaseUrl', { baseUrl: 'https://a.example', resourceBaseUrl: 'https://b.example#x' }],
    ['serviceDocumentationUrl', { baseUrl: 'https://a.example', serviceDocumentationUrl: 'javascript:alert(1)' }],
    ['requiredScopes', { baseUrl: 'https://a.example', requiredScopes: ['a b'] }],
    ['clientRegistration.validScopes', { baseUrl: 'https://a.example', clientRegistration: { validScopes: ['"'] } }],
    [
      'clientRegistration.defaultScopes',
      { baseUrl: 'https://a.example', clientRegistration: { validScopes: ['a'], defaultScopes: ['b'] } },
    ],
    [
      'clientRegistration.clientSecretExpirySeconds',
      { baseUrl: 'https://a.example', clientRegistration: { clientSecretExpirySeconds: 0.5 } },
    ],
  ] as const)('refuses a wrong %s by name [CASE-88, PITFALL-28, MCP-SEC-08, MCP-BP-22]', (name, options) => {
    expect(() => settings(options)).toThrow(ConfigurationError);
    expect(() => settings(options)).toThrow(name);
  });

  it('refuses options that it does not know', () => {
    expect(() => settings({ baseUrl: 'https://a.example', issuer: 'x' } as OAuthProviderOptions)).toThrow(
      "unknown option 'issuer'",
    );
  });

  it.each(['mcp', '/mcp/', '//mcp', '/m cp', '/mcp?x', '/mcp#x', '/', '/../x', '/a/.'])(
    'refuses %j as the path of the MCP endpoint',
    (path) => {
      expect(() => settings({ baseUrl: 'https://a.example' }, path)).toThrow('mcpPath');
    },
  );

  it('makes every declared scope valid and default unless told otherwise', () => {
    const scopes = new ScopeCatalogue({ read: {}, write: {} });
    expect(settings({ baseUrl: 'https://a.example' }, '/mcp', scopes).registration).toMatchObject({
      enabled: false,
      validScopes: ['read', 'write'],
      defaultScopes: ['read', 'write'],
    });
    expect(settings({ baseUrl: 'https://a.example', requiredScopes: ['read'] }).registration).toMatchObject({
      validScopes: undefined,
      defaultScopes: ['read'],
    });
  });

  it('lets clients be told to ask for more than is required, where they may have it', () => {
    const scopes = new ScopeCatalogue({ read: {}, write: {} });
    const options = { baseUrl: 'https://a.example', requiredScopes: ['read'], suggestedScopes: ['write', 'read'] };
    expect(settings(options, '/mcp', scopes).suggestedScopes).toEqual(['read', 'write']);
    expect(settings({ ...options, suggestedScopes: [] }, '/mcp', scopes).suggestedScopes).toEqual(['read']);
    const clientRegistration = { enabled: true, validScopes: ['read'] };
    expect(() => settings({ ...options, clientRegistration }, '/mcp', scopes)).toThrow("suggestedScopes names 'write'");
  });

  it('lets codes live a minute and access tokens ten [MCP-SEC-05, OAUTH21-35, RFC6749-01, RFC6750-14, OAUTH21-73]', () => {
    expect(defaultLifetimes).toMatchObject({ authorizationCode: 60_000, accessToken: 600_000 });
  });
});
