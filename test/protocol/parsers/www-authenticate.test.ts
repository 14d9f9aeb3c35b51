import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import * as oauth from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { type Challenge, challengeResponse, wwwAuthenticate } from '../../../src/oauth/bearer/challenge.ts';
import { anyText } from '../../support/any-text.ts';
import { readChallenges } from './http-grammar.ts';

const resourceMetadataUrl = 'https://a.example/.well-known/oauth-protected-resource/mcp';
const scope = fc.string({ unit: fc.constantFrom(...'abc:./!#[]~,=;'), minLength: 1, maxLength: 8 });

const anyChallenge: fc.Arbitrary<Challenge> = fc.record(
  {
    error: fc.constantFrom('invalid_token', 'insufficient_scope', 'insufficient_user_authentication', 'use_dpop_nonce'),
    description: fc.oneof(
      anyText({ maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(...'",=\\\r\n a;b'), maxLength: 20 }),
    ),
    scopes: fc.uniqueArray(scope, { maxLength: 4 }),
    resourceMetadataUrl: fc.constant(resourceMetadataUrl),
    acrValues: fc.uniqueArray(fc.constantFrom('urn:a', 'phr', 'pwd'), { minLength: 1, maxLength: 3 }),
    maxAgeSeconds: fc.nat(),
    scheme: fc.constantFrom('Bearer', 'DPoP'),
    proofAlgorithms: fc.constant(['ES256', 'EdDSA']),
  },
  { requiredKeys: ['scopes', 'resourceMetadataUrl'] },
);

/** What every reader must find for the scheme that the challenge is about. */
function meant({ error, description, scopes, acrValues, maxAgeSeconds, scheme, proofAlgorithms }: Challenge) {
  const isDpop = scheme === 'DPoP' && proofAlgorithms !== undefined;
  return {
    ...(error === undefined ? {} : { error }),
    ...(description === undefined ? {} : { error_description: description.replace(/[^\x20-\x7e]|["\\]/g, "'") }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...(acrValues === undefined ? {} : { acr_values: acrValues.join(' ') }),
    ...(maxAgeSeconds === undefined ? {} : { max_age: String(maxAgeSeconds) }),
    resource_metadata: resourceMetadataUrl,
    ...(isDpop ? { algs: proofAlgorithms.join(' ') } : {}),
  };
}

function headersOf(challenge: Challenge): { readonly scheme: string; readonly parameters: Record<string, string> }[] {
  return readChallenges(wwwAuthenticate(challenge)).map(({ scheme, parameters }) => {
    const names = parameters.map(([name]) => name);
    // RFC 9110 §11.2: each name occurs once.
    expect(new Set(names).size).toBe(names.length);
    return { scheme, parameters: Object.fromEntries(parameters) };
  });
}

describe('whatever a challenge says is read back as it was meant', () => {
  it('by the grammar of HTTP alone [RFC6750-05, RFC6750-06, RFC6750-07, RFC9449-25]', () => {
    fc.assert(
      fc.property(anyChallenge, (challenge) => {
        const [first, ...others] = headersOf(challenge);
        expect(first).toEqual({ scheme: challenge.scheme ?? 'Bearer', parameters: meant(challenge) });
        const offersDpop = challenge.scheme !== 'DPoP' && challenge.proofAlgorithms !== undefined;
        expect(others).toEqual(offersDpop ? [{ scheme: 'DPoP', parameters: { algs: 'ES256 EdDSA' } }] : []);
      }),
      { numRuns: 300 },
    );
  });

  it('by oauth4webapi', async () => {
    await fc.assert(
      fc.asyncProperty(anyChallenge, async (challenge) => {
        const response = challengeResponse(challenge);
        fc.pre(response.status === 401);
        const url = new URL('https://a.example/mcp');
        const options = { [oauth.customFetch]: async () => response };
        const error: unknown = await oauth
          .protectedResourceRequest('token', 'GET', url, undefined, null, options)
          .catch((thrown: unknown) => thrown);
        if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw new Error('no challenge', { cause: error });
        const read = error.cause.map(({ scheme, parameters }) => ({ scheme, parameters: { ...parameters } }));
        expect(read).toEqual(
          headersOf(challenge).map(({ scheme, parameters }) => ({ scheme: scheme.toLowerCase(), parameters })),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('by the official MCP client, what it looks for [MCP-AUTH-24]', () => {
    fc.assert(
      fc.property(anyChallenge, (challenge) => {
        const {
          resourceMetadataUrl: url,
          scope: scopes,
          error,
        } = extractWWWAuthenticateParams(challengeResponse(challenge));
        const expected = meant(challenge);
        expect([url?.href, scopes, error]).toEqual([expected.resource_metadata, expected.scope, expected.error]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the grammar', () => {
  it.each([
    ['Bearer', [{ scheme: 'Bearer', parameters: [] }]],
    [
      'Basic realm="a, b=\\"c\\"", Bearer',
      [
        { scheme: 'Basic', parameters: [['realm', 'a, b="c"']] },
        { scheme: 'Bearer', parameters: [] },
      ],
    ],
    [
      'A a=b, c="d", B e=f',
      [
        {
          scheme: 'A',
          parameters: [
            ['a', 'b'],
            ['c', 'd'],
          ],
        },
        { scheme: 'B', parameters: [['e', 'f']] },
      ],
    ],
  ])('reads %s', (header, expected) => {
    expect(readChallenges(header)).toEqual(expected);
  });

  it.each(['', 'a=b', 'A a="b', 'A a=b c=d', 'A a="b"x', 'A a="\u0007"', 'A "b"', 'A a=b,'])('refuses %j', (header) => {
    expect(() => readChallenges(header)).toThrow();
  });
});
