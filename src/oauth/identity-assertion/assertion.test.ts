import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientNamed } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { OAuthError } from '../../core/errors.ts';
import { InMemoryProvider } from '../../in-memory/index.ts';
import { TestIssuer } from '../../testing/test-issuer.ts';
import { parseAssertion } from './assertion.ts';

const issuer = new TestIssuer();
const provider = new InMemoryProvider(
  { baseUrl: 'https://mcp.example.com' },
  { clock: new ManualClock(), identityAssertions: { issuers: [issuer.trusted()] } },
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

  it('counts within the bounds of its times, the leeway of clocks included, and is remembered until it does no more [RFC7523-19, RFC7523-20, RFC7523-22]', () => {
    const now = Math.floor(provider.clock.now() / 1000);
    const read = (claims: object) => `${encode(header)}.${encode({ ...issuer.claims(provider, 'app'), ...claims })}.AA`;
    for (const claims of [
      { exp: now + 630 },
      { iat: now + 30 },
      { iat: now - 630 },
      { nbf: now + 30 },
      { exp: now - 29 },
    ]) {
      expect(isRefused(read(claims)), JSON.stringify(claims)).toBe(false);
    }
    for (const claims of [
      { exp: now + 631 },
      { iat: now + 31 },
      { iat: now - 631 },
      { nbf: now + 31 },
      { exp: now - 30 },
    ])
      expect(isRefused(read(claims)), JSON.stringify(claims)).toBe(true);
    expect(parseAssertion(read({ exp: now + 60 }), client, provider).refusedFrom).toBe((now + 90) * 1000);
  });

  it('has bounded identifiers, and a bounded length', () => {
    const read = (claims: object, more: object = {}) =>
      `${encode({ ...header, ...more })}.${encode({ ...issuer.claims(provider, 'app'), ...claims })}.AA`;
    const long = 'x'.repeat(256);
    for (const name of ['sub', 'jti']) {
      expect(isRefused(read({ [name]: long }))).toBe(false);
      expect(isRefused(read({ [name]: `${long}x` }))).toBe(true);
    }
    expect(isRefused(read({}, { kid: long }))).toBe(false);
    for (const more of [{ kid: `${long}x` }, { kid: 7 }, { kid: null }, { crit: ['b64'], b64: true }, { crit: [] }])
      expect(isRefused(read({}, more)), JSON.stringify(more)).toBe(true);
    expect(isRefused(read({ pad: 'x'.repeat(5000) }))).toBe(false);
    expect(isRefused(read({ pad: 'x'.repeat(50_000) }))).toBe(true);
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
