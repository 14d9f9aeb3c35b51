import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../core/errors.ts';
import { InMemoryProvider } from '../../in-memory/in-memory-provider.ts';
import { TestPublisher } from '../../testing/test-publisher.ts';
import { parseMetadataDocument } from './document.ts';

const clientId = 'https://app.example.com/client.json';
const document = {
  client_id: clientId,
  client_name: 'App',
  redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
};

function provider(validScopes?: readonly string[], defaultScopes?: readonly string[]) {
  return new InMemoryProvider({
    baseUrl: 'https://mcp.example.com',
    clientRegistration: {
      enabled: true,
      ...(validScopes === undefined ? {} : { validScopes }),
      ...(defaultScopes === undefined ? {} : { defaultScopes }),
    },
  });
}

const anyProvider = provider();

function parse(changes: object, on = anyProvider) {
  return parseMetadataDocument(JSON.stringify({ ...document, ...changes }), clientId, on);
}

function refusal(text: string): string {
  try {
    parseMetadataDocument(text, clientId, anyProvider);
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_client' && error.status === 400)
      return error.description;
    throw error;
  }
  return 'accepted';
}

const refusalOf = (changes: object) => refusal(JSON.stringify({ ...document, ...changes }));

describe('a metadata document', () => {
  it('with the least that it needs is a public client that may refresh', () => {
    expect(parse({})).toMatchObject({
      tokenEndpointAuthMethod: 'none',
      clientName: 'App',
      redirectUris: document.redirect_uris,
      grantTypes: ['authorization_code', 'refresh_token'],
      responseTypes: ['code'],
    });
  });

  it('is for the very URL that it is found at [CIMD-10, MCP-REG-04]', () => {
    for (const id of [`${clientId}/`, clientId.toUpperCase(), `${clientId}?`, ` ${clientId}`, '', 7, null, [clientId]])
      expect(refusalOf({ client_id: id }), String(id)).not.toBe('accepted');
  });

  it('has a name and redirect URIs, and is JSON [MCP-REG-07]', () => {
    for (const text of ['', '{', 'null', '[]', '7', `"${clientId}"`]) expect(refusal(text)).toMatch(/JSON/);
    expect(refusalOf({ client_name: undefined })).toContain('no client_name');
    expect(refusalOf({ redirect_uris: undefined })).toContain('no redirect_uris');
    expect(refusalOf({ redirect_uris: [] })).toContain('redirect_uris');
    expect(refusalOf({ redirect_uris: ['http://app.example.com/cb'] })).toContain('http');
  });

  it('holds no secret, whoever might be thought to share it [CIMD-11, CIMD-12]', () => {
    for (const changes of [
      { client_secret: '' },
      { client_secret_expires_at: 0 },
      { token_endpoint_auth_method: 'client_secret_basic' },
      { token_endpoint_auth_method: 'client_secret_post' },
      { token_endpoint_auth_method: 'client_secret_jwt' },
      { jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } },
      {
        jwks: {
          keys: [
            { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' },
            { kty: 'RSA', k: 'AAAA' },
          ],
        },
      },
      { jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'a', d: 'b' }] } },
    ])
      expect(refusalOf(changes), JSON.stringify(changes)).toMatch(/everybody can read|needs a secret/);
  });

  it('is written for every server: what is not for this one is passed over', () => {
    const here = provider(['read', 'write'], ['read']);
    const grants = ['authorization_code', 'refresh_token', 'client_credentials', 'urn:example:other'];
    expect(parse({ scope: 'write openid', grant_types: grants }, here)).toMatchObject({
      scopes: ['write', 'read'],
      grantTypes: ['authorization_code', 'refresh_token'],
    });
    expect(parse({ scope: 'openid profile' }, here).scopes).toEqual(['read', 'write']);
    expect(parse({}, here).scopes).toEqual(['read', 'write']);
    expect(refusalOf({ grant_types: ['client_credentials'] })).toContain('authorization_code');
    expect(refusalOf({ response_types: ['token'] })).toContain('code');
  });

  it('is not accepted with a software statement where these are taken, and elsewhere that is passed over [RFC7591-02]', () => {
    const taking = new InMemoryProvider(
      { baseUrl: 'https://mcp.example.com' },
      { softwareStatements: { issuers: [new TestPublisher().trusted()] } },
    );
    const outcome = (on: InMemoryProvider) => {
      try {
        return parse({ software_statement: 'x' }, on);
      } catch (error) {
        return (error as OAuthError).description;
      }
    };
    expect(outcome(taking)).toContain('software_statement is not supported');
    expect(outcome(anyProvider)).toMatchObject({ clientName: 'App' });
  });

  it('claims nothing that this server did not decide to understand [PITFALL-16]', () => {
    const parsed = parse({
      registeredBy: 'administrator',
      clientSecretHash: 'x',
      scopes: ['admin'],
      skip_consent: true,
    });
    expect(Object.keys(parsed)).not.toContain('registeredBy');
    expect(Object.keys(parsed)).not.toContain('clientSecretHash');
    expect(parsed.scopes).not.toContain('admin');
  });

  it('whatever is in it, is a client or an OAuth error that says what to change', () => {
    const members = fc.dictionary(
      fc.constantFrom(
        ...['client_name', 'redirect_uris', 'grant_types', 'scope', 'jwks', 'jwks_uri', 'contacts', '__proto__'],
        ...['token_endpoint_auth_method', 'response_types', 'logo_uri', 'application_type', 'client_secret'],
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(members, (changes) => {
        const description = refusalOf(changes);
        expect(description).toMatch(/^accepted$|^the metadata document of the client cannot be used: ./);
      }),
    );
  });
});
