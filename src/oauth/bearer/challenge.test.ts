import fc from 'fast-check';
import * as oauth from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { challengeResponse, wwwAuthenticate } from './challenge.ts';

const resourceMetadataUrl = 'https://a.example/.well-known/oauth-protected-resource/mcp';

/** What a strict client reads from a 401 with this header. */
async function readBack(header: string): Promise<readonly oauth.WWWAuthenticateChallenge[]> {
  const response = new Response(null, { status: 401, headers: { 'www-authenticate': header } });
  const refused = oauth.protectedResourceRequest('token', 'GET', new URL('https://a.example/mcp'), undefined, null, {
    [oauth.customFetch]: async () => response,
  });
  const error = await refused.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof oauth.WWWAuthenticateChallengeError) return error.cause;
  throw new Error('the client found no challenge', { cause: error });
}

const printable = (value: string) => value.replace(/[^\x20-\x7e]|["\\]/g, "'");

describe('wwwAuthenticate', () => {
  it('is read back by a client as it was meant, without room for another header or parameter [RFC6750-05, RFC6750-06, RFC6750-07]', async () => {
    const description = fc.option(
      fc.oneof(anyText({ maxLength: 40 }), fc.string({ unit: fc.constantFrom(...'",=\\\r\n a;b'), maxLength: 20 })),
      { nil: undefined },
    );
    const scope = fc.string({ unit: fc.constantFrom(...'abc:./!#[]~,=;'), minLength: 1, maxLength: 8 });
    const errors = fc.constantFrom('invalid_token', 'insufficient_scope', 'invalid_request', undefined);
    await fc.assert(
      fc.asyncProperty(errors, description, fc.array(scope, { maxLength: 4 }), async (error, text, scopes) => {
        const header = wwwAuthenticate({
          scopes,
          resourceMetadataUrl,
          ...(error === undefined ? {} : { error }),
          ...(text === undefined ? {} : { description: text }),
        });
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        const challenges = await readBack(header);
        expect(challenges).toHaveLength(1);
        expect(challenges[0]?.scheme).toBe('bearer');
        expect({ ...challenges[0]?.parameters }).toEqual({
          ...(error === undefined ? {} : { error }),
          ...(text === undefined ? {} : { error_description: printable(text) }),
          ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
          resource_metadata: resourceMetadataUrl,
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe('challengeResponse', () => {
  it.each([
    [undefined, 401],
    ['invalid_token', 401],
    ['insufficient_scope', 403],
    ['invalid_request', 400],
  ] as const)(
    'answers %s with %i, not cached and readable by scripts [MCP-AUTH-24, RFC6750-09, RFC6750-10, RFC6750-11]',
    async (error, status) => {
      const response = challengeResponse({
        scopes: ['read'],
        resourceMetadataUrl,
        ...(error === undefined ? {} : { error, description: 'x' }),
      });
      expect(response.status).toBe(status);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, DPoP-Nonce');
      expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${resourceMetadataUrl}"`);
      expect(await response.json()).toEqual({
        error: error ?? 'invalid_token',
        error_description: error === undefined ? expect.stringMatching(/^an access token is required/) : 'x',
      });
    },
  );
});
