import { describe, expect, it } from 'vitest';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { base, type Peer, peersOf, providers, redirectUri, resource } from './support.ts';

interface ServerMetadata {
  readonly issuer: string;
  readonly [member: string]: unknown;
}

describe.each(providers)('discovery of $name', (kind) => {
  const peer = peersOf(kind);

  async function serverMetadata(from: Peer): Promise<ServerMetadata> {
    const response = await from.send(from.provider.settings.paths.serverMetadata);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    return (await response.json()) as ServerMetadata;
  }

  it('the authorization server metadata names issuer, endpoints and everything that works, and nothing is null [CASE-01, RFC8414-02, RFC8414-05, RFC8414-08, RFC8414-09, OAUTH21-64, RFC9207-04, MCP-AUTH-10, MCP-AUTH-05, RFC8414-04, MCP-SEC-10, RFC9700-17]', async () => {
    const response = await (await peer()).send('/.well-known/oauth-authorization-server');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const metadata = (await response.json()) as ServerMetadata;
    expect(metadata).toMatchObject({
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      registration_endpoint: `${base}/register`,
      revocation_endpoint: `${base}/revoke`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['EdDSA', 'Ed25519', 'ES256', 'RS256', 'PS256'],
      revocation_endpoint_auth_methods_supported: [
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ['read', 'write', 'offline_access'],
    });
    for (const value of Object.values(metadata)) {
      expect(value).not.toBeNull();
      if (Array.isArray(value)) expect(value).not.toHaveLength(0);
    }
  });

  it('advertises neither what is switched off nor what is not built', async () => {
    const off = await peer({ options: { clientRegistration: { enabled: false }, revocation: { enabled: false } } });
    const metadata = await serverMetadata(off);
    for (const member of [
      'registration_endpoint',
      'revocation_endpoint',
      'client_id_metadata_document_supported',
      'introspection_endpoint',
    ]) {
      expect(metadata).not.toHaveProperty(member);
    }
    expect((await off.registration({ redirect_uris: [redirectUri] })).status).toBe(404);
    expect((await off.post('/revoke', { token: 'x' })).status).toBe(404);
  });

  it('an issuer without a slash at its end is repeated byte for byte [CASE-02, PITFALL-28, RFC8414-10, MCP-DISC-04, RFC9207-03]', async () => {
    for (const issuerUrl of [base, `${base}/`, 'http://LOCALHOST:3000']) {
      expect((await serverMetadata(await peer({ options: { issuerUrl } }))).issuer).toBe(issuerUrl);
    }
  });

  it('the metadata of an issuer with a path is where the path follows the well-known name [CASE-03, RFC8414-06, MCP-AUTH-06]', async () => {
    const api = await peer({ options: { issuerUrl: `${base}/api` } });
    const response = await api.send('/.well-known/oauth-authorization-server/api');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ issuer: `${base}/api` });
    for (const elsewhere of [
      '/.well-known/oauth-authorization-server',
      '/api/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/api/',
    ]) {
      expect((await api.send(elsewhere)).status).toBe(404);
    }
  });

  it('below a base URL with a path every endpoint has that path, while the issuer stays at the root [CASE-04]', async () => {
    const api = await peer({ options: { baseUrl: `${base}/api`, issuerUrl: base } });
    const metadata = await serverMetadata(api);
    expect(metadata.issuer).toBe(base);
    for (const endpoint of ['authorization', 'token', 'registration', 'revocation']) {
      const url = new URL(String(metadata[`${endpoint}_endpoint`]));
      expect(url.pathname).toMatch(/^\/api\//);
      expect((await api.send(url.pathname, { method: 'PUT' })).status).toBe(405);
      expect((await api.send(url.pathname.replace('/api', ''), { method: 'PUT' })).status).toBe(404);
    }
  });

  it('there is no OpenID Connect discovery document, on purpose [CASE-05]', async () => {
    for (const path of [
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration/api',
      '/api/.well-known/openid-configuration',
    ]) {
      expect((await (await peer({ options: { baseUrl: `${base}/api` } })).send(path)).status).toBe(404);
    }
  });

  it('the protected resource metadata names the resource, its authorization server, its scopes and the header [CASE-06, RFC9728-01, RFC9728-02, RFC9728-05, RFC9728-06, MCP-AUTH-04, MCP-AUTH-23, MCP-DISC-01, MCP-DISC-02]', async () => {
    const response = await (await peer({ environment: { resourceName: 'Notes' } })).send(
      '/.well-known/oauth-protected-resource/mcp',
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      resource,
      authorization_servers: [base],
      bearer_methods_supported: ['header'],
      scopes_supported: ['read', 'write'],
      resource_name: 'Notes',
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
    });
  });

  it('the resource metadata of a nested mount is at its whole path, and names the whole URL [CASE-07, RFC9728-03, RFC9728-07]', async () => {
    const nested = await peer({ options: { baseUrl: `${base}/a/b` } });
    const response = await nested.send('/.well-known/oauth-protected-resource/a/b/mcp');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      resource: `${base}/a/b/mcp`,
      authorization_servers: [`${base}/a/b`],
    });
    expect((await serverMetadata(nested)).issuer).toBe(`${base}/a/b`);
  });

  it('a resource with a path has no metadata at the root [CASE-08]', async () => {
    expect((await (await peer()).send('/.well-known/oauth-protected-resource')).status).toBe(404);
  });

  it('a resource that is a bare origin has its metadata at the root [RFC9728-04]', async () => {
    const bare = await peer({ environment: { mcpPath: '' } });
    const response = await bare.send('/.well-known/oauth-protected-resource');
    expect(await response.json()).toMatchObject({ resource: base });
  });

  it('any web page may read the metadata, and anybody may cache it for an hour [CASE-09, RFC9728-11]', async () => {
    const server = await peer();
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/oauth-protected-resource/mcp']) {
      const response = await server.send(path, { headers: { origin: 'https://any.example' } });
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    }
  });

  it('a shared cache that was filled without an Origin still serves web pages [CASE-09]', async () => {
    const response = await (await peer()).send('/.well-known/oauth-authorization-server');
    const varies = (response.headers.get('vary') ?? '').toLowerCase().includes('origin');
    expect(response.headers.get('access-control-allow-origin') === '*' || varies).toBe(true);
  });

  it('offline_access is advertised by the authorization server and not by the resource [MCP-AUTH-23]', async () => {
    const server = await peer({
      environment: { scopes: { read: {}, offline_access: {} } },
      options: { clientRegistration: { validScopes: ['read'] } },
    });
    expect((await serverMetadata(server))['scopes_supported']).toContain('offline_access');
    const response = await server.send(server.provider.settings.paths.resourceMetadata);
    expect(((await response.json()) as { scopes_supported: string[] }).scopes_supported).toEqual(['read']);
  });
});

describe('a provider that is not whole', () => {
  it.each([
    'getClient',
    'registerClient',
    'authorize',
    'loadAuthorizationCode',
    'exchangeAuthorizationCode',
    'loadRefreshToken',
    'exchangeRefreshToken',
    'loadAccessToken',
    'revokeToken',
  ])('is not constructed without %s [PITFALL-26]', (method) => {
    class Incomplete extends InMemoryProvider {}
    Object.defineProperty(Incomplete.prototype, method, { value: undefined });
    expect(() => new Incomplete({ baseUrl: base })).toThrow(`Incomplete must implement ${method}()`);
  });

  it.each([
    { baseUrl: 'http://mcp.example.com' },
    { baseUrl: 'http://127.0.0.1.evil.com' },
    { baseUrl: base, issuerUrl: 'http://issuer.example' },
    { baseUrl: base, issuerUrl: `${base}?x=1` },
    { baseUrl: base, issuerUrl: `${base}/#x` },
    { baseUrl: base, resourceBaseUrl: 'http://resource.example' },
  ])(
    'is not constructed with a URL that clients could not trust: %j [CASE-88, PITFALL-28, MCP-SEC-07, OAUTH21-03]',
    (options) => {
      expect(() => new InMemoryProvider(options)).toThrow(/must use https|must not have/);
    },
  );
});
