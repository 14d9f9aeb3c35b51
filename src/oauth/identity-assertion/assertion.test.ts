import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientNamed } from '../../../test/support/database.ts';
import { OAuthError } from '../../core/errors.ts';
import { InMemoryProvider } from '../../in-memory/index.ts';
import { TestIssuer } from '../../testing/test-issuer.ts';
import { parseAssertion } from './assertion.ts';

const issuer = new TestIssuer();
const provider = new InMemoryProvider(
  { baseUrl: 'https://mcp.example.com' },
  { identityAssertions: { issuers: [issuer.trusted()] } },
);
const client = clientNamed('app');

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
}

function isRefused(jwt: string): boolean {
  try {
    parseAssertion(jwt, client, provider);
    return false;
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    expect(error.code).toBe('invalid_grant');
    expect(error.description.length).toBeLessThan(600);
    return true;
  }
}

describe('an assertion that is read', () => {
  const header = { alg: 'EdDSA', typ: 'oauth-id-jag+jwt', kid: 'key-1' };

  it('is taken as it should be', () => {
    const claims = issuer.claims(provider, 'app');
    expect(parseAssertion(`${encode(header)}.${encode(claims)}.AA`, client, provider)).toMatchObject({
      subject: 'ada',
      tokenId: claims['jti'],
      scopes: ['read'],
      algorithm: 'EdDSA',
      keyId: 'key-1',
    });
  });

  it('is refused with a reason whatever it is, and nothing else is thrown', () => {
    const names = ['iss', 'sub', 'aud', 'client_id', 'resource', 'jti', 'iat', 'exp', 'nbf', 'scope'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
        const claims = { ...issuer.claims(provider, 'app'), [name]: value };
        const isText = typeof value === 'string' && value !== '';
        const isNumber = typeof value === 'number';
        // What may be anything of its type is left out of the question whether it is refused.
        const mayHold =
          (isText && ['sub', 'jti', 'scope'].includes(name)) || value === '' || (isNumber && name === 'nbf');
        expect(isRefused(`${encode(header)}.${encode(claims)}.AA`) || mayHold).toBe(true);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.base64String(), { maxLength: 4 }).map((parts) => parts.join('.')),
        ),
        (text) => {
          expect(isRefused(text)).toBe(true);
        },
      ),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(isRefused(`${encode(one)}.${encode(other)}.AA`)).toBe(true);
      }),
    );
  });
});
