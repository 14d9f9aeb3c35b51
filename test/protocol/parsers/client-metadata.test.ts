import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../../src/core/errors.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import { parseClientMetadata, type RegisteredMetadata } from '../../../src/oauth/register/client-metadata.ts';
import { anyText } from '../../support/any-text.ts';

const provider = new InMemoryProvider({
  baseUrl: 'https://mcp.example.com',
  clientRegistration: { enabled: true, validScopes: ['read', 'write'], defaultScopes: ['read'] },
});

const uri = fc.oneof(
  fc.constantFrom(
    'https://a.example/cb',
    'http://localhost/cb',
    'http://127.0.0.1:8080/cb',
    'http://[::1]/cb',
    'com.example.app:/cb',
    'cursor://x/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://a.example/cb',
    'https://*.a.example/cb',
    'https://a.example/cb#x',
    'https://user@a.example/cb',
    'https:\\\\a.example/cb',
  ),
  fc.string({ unit: fc.constantFrom(...'htps:/.aA1[]@#?%*\\\u0000\n é', 'https://', 'localhost'), maxLength: 24 }),
);
const text = anyText({ maxLength: 30 });
const anyMetadata = fc.record(
  {
    redirect_uris: fc.oneof(
      fc.constant(['https://a.example/cb']),
      fc.array(uri, { maxLength: 4 }),
      fc.jsonValue({ maxDepth: 1 }),
    ),
    token_endpoint_auth_method: fc.constantFrom('none', 'none', 'client_secret_basic', 'client_secret_post', 'x'),
    grant_types: fc
      .subarray(['refresh_token', 'client_credentials', 'implicit', '__proto__'], { maxLength: 2 })
      .map((others) => ['authorization_code', ...others]),
    response_types: fc.constantFrom(['code'], ['code', 'token'], ['token']),
    application_type: fc.constantFrom('web', 'native', 'x'),
    client_name: text,
    client_uri: fc.oneof(uri, fc.constantFrom('https://a.example', 'javascript:alert(1)')),
    logo_uri: fc.oneof(uri, fc.constantFrom('https://a.example/logo', 'data:image/svg+xml,x')),
    contacts: fc.array(text, { maxLength: 3 }),
    scope: fc.oneof(fc.constantFrom('read', 'read write', 'write', 'offline_access', 'admin', ''), text),
    client_id: text,
    skip_consent: fc.boolean(),
    registered_by: fc.constant('administrator'),
  },
  { requiredKeys: ['redirect_uris'] },
);

function parsed(input: unknown): RegisteredMetadata | undefined {
  try {
    return parseClientMetadata(input, provider);
  } catch (error) {
    expect(error).toBeInstanceOf(OAuthError);
    expect(['invalid_client_metadata', 'invalid_redirect_uri']).toContain((error as OAuthError).code);
    expect((error as OAuthError).description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    return undefined;
  }
}

/** The metadata as the registration response says it. */
function said(metadata: RegisteredMetadata): Record<string, unknown> {
  const { redirectUris, grantTypes, responseTypes, scopes, tokenEndpointAuthMethod, ...rest } = metadata;
  return {
    redirect_uris: redirectUris,
    grant_types: grantTypes,
    response_types: responseTypes,
    scope: scopes.join(' '),
    token_endpoint_auth_method: tokenEndpointAuthMethod,
    application_type: rest.applicationType,
    client_name: rest.clientName,
    client_uri: rest.clientUri,
    logo_uri: rest.logoUri,
    contacts: rest.contacts,
  };
}

/** What may be redirected to, said once more: https, http on this machine, or a scheme of an application's own. */
function mayBeRedirectedTo(value: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(value) || /[#\\*]/.test(value) || !URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  if (protocol === 'https:') return hostname !== '';
  if (protocol === 'http:') return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const scheme = protocol.slice(0, -1);
  return !['javascript', 'data', 'file', 'blob', 'about', 'vbscript', 'ws', 'wss', 'ftp'].includes(scheme);
}

describe('client metadata, whatever it says,', () => {
  it('is understood or refused in words, and never names where a browser may not be sent [RFC7591-12, PITFALL-14, PITFALL-34]', () => {
    fc.assert(
      fc.property(fc.oneof(anyMetadata, fc.jsonValue({ maxDepth: 3 })), (input) => {
        const metadata = parsed(input);
        if (metadata === undefined) return;
        expect(metadata.redirectUris.filter((value) => !mayBeRedirectedTo(value))).toEqual([]);
        for (const page of [metadata.clientUri, metadata.logoUri])
          if (page !== undefined) expect(new URL(page).protocol).toMatch(/^https?:$/);
        expect(metadata.clientName ?? '').not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives nothing that a stranger cannot have [PITFALL-16, RFC7591-08]', () => {
    fc.assert(
      fc.property(anyMetadata, (input) => {
        const metadata = parsed(input);
        if (metadata === undefined) return;
        for (const member of Object.keys(metadata))
          expect(['registeredBy', 'clientId', 'skipConsent']).not.toContain(member);
        expect(metadata.scopes.filter((scope) => !['read', 'write'].includes(scope))).toEqual([]);
        expect(metadata.grantTypes.filter((type) => !['authorization_code', 'refresh_token'].includes(type))).toEqual(
          [],
        );
        expect(metadata.responseTypes).toEqual(['code']);
      }),
      { numRuns: 500 },
    );
  });

  it('means the same when the client sends again what it was told', () => {
    fc.assert(
      fc.property(anyMetadata, (input) => {
        const metadata = parsed(input);
        if (metadata !== undefined) expect(parsed(JSON.parse(JSON.stringify(said(metadata))))).toEqual(metadata);
      }),
      { numRuns: 500 },
    );
  });

  it('takes no more room than its limits allow', () => {
    const long = 'x'.repeat(200_000);
    for (const member of ['client_name', 'client_uri', 'logo_uri', 'scope', 'software_id', 'contacts', 'grant_types'])
      expect(parsed({ redirect_uris: ['https://a.example/cb'], [member]: long }), member).toBeUndefined();
    const redirectUris = Array.from({ length: 100_000 }, (_, index) => `https://a.example/${index}`);
    expect(parsed({ redirect_uris: redirectUris })).toBeUndefined();
    expect(parsed({ redirect_uris: [`https://a.example/${long}`] })).toBeUndefined();
  });
});
