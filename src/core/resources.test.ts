import { describe, expect, it } from 'vitest';
import type { ResourceUri } from './ids.ts';
import { ResourceCatalogue, type ResourceDefinition, scopesOfResources } from './resources.ts';
import { ScopeCatalogue, type ScopeDefinition } from './scopes.ts';
import { defaultLifetimes, type OAuthProviderOptions, resolveSettings } from './settings.ts';
import { ConfigurationError } from './urls.ts';

type Definitions = Readonly<Record<string, ResourceDefinition>>;

function catalogue(
  definitions: Definitions,
  own: Readonly<Record<string, ScopeDefinition>> = { read: {}, write: {} },
  options: Partial<OAuthProviderOptions> = {},
): ResourceCatalogue {
  const scopes = new ScopeCatalogue(own);
  const all = { baseUrl: 'https://a.example/x', clientRegistration: { enabled: true }, ...options };
  const settings = resolveSettings(all, '/mcp', scopes, scopesOfResources(definitions));
  return new ResourceCatalogue(definitions, { settings, scopes, name: 'Own', lifetimes: defaultLifetimes });
}

const admin: ResourceDefinition = { path: '/admin/mcp', scopes: { read: {}, manage: {} }, requiredScopes: ['read'] };
const files: ResourceDefinition = { url: 'https://Files.example:443/mcp' };

describe('ResourceCatalogue', () => {
  it('works out where each resource is, and where its metadata [RFC9728-03]', () => {
    const { all } = catalogue({ admin, files });
    expect(all.map(({ key, uri, path, metadataUrl }) => ({ key, uri, path, metadataUrl }))).toEqual([
      {
        key: 'default',
        uri: 'https://a.example/x/mcp',
        path: '/x/mcp',
        metadataUrl: 'https://a.example/.well-known/oauth-protected-resource/x/mcp',
      },
      {
        key: 'admin',
        uri: 'https://a.example/x/admin/mcp',
        path: '/x/admin/mcp',
        metadataUrl: 'https://a.example/.well-known/oauth-protected-resource/x/admin/mcp',
      },
      {
        key: 'files',
        uri: 'https://files.example/mcp',
        path: undefined,
        metadataUrl: 'https://files.example/.well-known/oauth-protected-resource/mcp',
      },
    ]);
  });

  it('knows a resource in any spelling of its identifier, and no other [PITFALL-09, MCP-AUTH-11]', () => {
    const { identifiedBy } = bound(catalogue({ admin, files }));
    expect(identifiedBy('HTTPS://FILES.example/mcp')).toBe('files');
    expect(identifiedBy('https://a.example:443/x/admin/mcp?a=b')).toBe('admin');
    for (const foreign of ['https://files.example/mcp/', 'https://files.example', 'https://a.example/x/Admin/mcp', 'x'])
      expect(identifiedBy(foreign), foreign).toBeUndefined();
    expect(identifiedBy('https://a.example/x/admin/mcp#x')).toBeUndefined();
  });

  it('lets a token carry the scopes of its resource only [RFC9068-08]', () => {
    const resources = catalogue({ admin, files });
    const offered = (key: string) => {
      const resource = resources.all.find((each) => each.key === key);
      return ['read', 'write', 'manage', 'undeclared'].filter((scope) => resource?.offers(scope) === true);
    };
    expect(offered('default')).toEqual(['read', 'write', 'undeclared']);
    expect(offered('admin')).toEqual(['read', 'manage']);
    expect(offered('files')).toEqual([]);
    expect(resources.scopeNames).toEqual(['read', 'write', 'manage']);
  });

  it('leaves a default resource without declared scopes all that no other declares', () => {
    const { default: own } = catalogue({ admin }, {});
    expect(['read', 'manage', 'anything'].filter(own.offers)).toEqual(['anything']);
  });

  it('gives what is not said the lifetime of the provider', () => {
    const resources = catalogue({ admin: { ...admin, lifetimes: { accessToken: 60_000 } } });
    expect(resources.lifetimesOf('https://a.example/x/admin/mcp' as ResourceUri)).toEqual({
      ...defaultLifetimes,
      accessToken: 60_000,
    });
    expect(resources.lifetimesOf('https://gone.example' as ResourceUri)).toEqual(defaultLifetimes);
  });

  it('lets clients register for the scopes of all resources, unless told otherwise', () => {
    const definitions = { admin };
    const registration = (own: Readonly<Record<string, ScopeDefinition>>, options: Partial<OAuthProviderOptions>) =>
      resolveSettings(
        { baseUrl: 'https://a.example', ...options },
        '/mcp',
        new ScopeCatalogue(own),
        scopesOfResources(definitions),
      ).registration;
    expect(registration({ write: {} }, {})).toMatchObject({
      validScopes: ['write', 'read', 'manage'],
      defaultScopes: ['write', 'read', 'manage'],
    });
    expect(registration({}, { requiredScopes: ['base'] })).toMatchObject({
      validScopes: undefined,
      defaultScopes: ['base', 'read', 'manage'],
    });
    expect(registration({}, { clientRegistration: { validScopes: ['write'] } })).toMatchObject({
      validScopes: ['write'],
      defaultScopes: ['write'],
    });
  });

  it.each<[string, Definitions, string]>([
    ['neither path nor url', { admin: {} }, 'resources.admin needs either path'],
    ['both', { admin: { path: '/a', url: 'https://b.example' } }, 'resources.admin needs either path'],
    ['a path with a slash at its end', { admin: { path: '/a/' } }, "resources.admin.path '/a/' must start"],
    ['a path that climbs', { admin: { path: '/../a' } }, 'resources.admin.path'],
    ['an empty path', { admin: { path: '' } }, 'resources.admin.path'],
    ['a URL over http', { files: { url: 'http://files.example/mcp' } }, 'resources.files.url'],
    ['a URL with a query', { files: { url: 'https://files.example/mcp?x' } }, 'resources.files.url'],
    [
      'the default one again',
      { copy: { path: '/mcp' } },
      "resources 'default' and 'copy' are both https://a.example/x/mcp",
    ],
    ['another one again', { a: files, b: { url: 'https://files.example/mcp' } }, "resources 'a' and 'b' are both"],
    ['the path of an endpoint', { admin: { path: '/token' } }, "resources.admin.path '/x/token' is the token endpoint"],
    [
      'an undeclared required scope',
      { admin: { ...admin, requiredScopes: ['x'] } },
      'not among resources.admin.scopes',
    ],
    ['a scope that is none', { admin: { path: '/a', scopes: { 'a b': {} } } }, "scope 'a b' is not a valid scope name"],
    [
      'a documentation URL that is none',
      { admin: { ...admin, documentationUrl: 'x' } },
      'resources.admin.documentationUrl',
    ],
    ['the name of the default one', { default: files }, "resources: 'default' cannot name a resource"],
    ['a name that is none', { 'a b': files }, "resources: 'a b' cannot name a resource"],
  ])('refuses a resource with %s, saying which', (_what, definitions, message) => {
    expect(() => catalogue(definitions)).toThrow(ConfigurationError);
    expect(() => catalogue(definitions)).toThrow(message);
  });
});

describe('a gate', () => {
  it('stands before the only resource, or the one that it is told [MCP-AUTH-19]', () => {
    expect(catalogue({}).guarded(undefined).key).toBe('default');
    expect(catalogue({ files }).guarded(undefined).key).toBe('default');
    const several = catalogue({ admin, files });
    expect(several.guarded('admin').path).toBe('/x/admin/mcp');
    expect(several.guarded('default').path).toBe('/x/mcp');
    expect(() => several.guarded(undefined)).toThrow("set the option resource to one of 'default', 'admin'");
    expect(() => several.guarded('files')).toThrow("no resource 'files' is served here, only 'default', 'admin'");
    expect(() => several.guarded('toString')).toThrow(ConfigurationError);
  });
});

function bound(resources: ResourceCatalogue) {
  return { identifiedBy: (value: string) => resources.identifiedBy(value)?.key };
}
