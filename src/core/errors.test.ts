import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { OAuthError, oauthErrorCodes } from './errors.ts';

describe('OAuthError', () => {
  it('keeps every description within the characters of the grammar [OAUTH21-29]', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 1000 }), (text) => {
        const { description } = new OAuthError('invalid_request', text);
        expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
        expect(description.length).toBeLessThanOrEqual(500);
      }),
      { numRuns: 200 },
    );
  });

  it('has a client or server error status for every code', () => {
    for (const code of oauthErrorCodes) {
      const { status } = new OAuthError(code, 'x');
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
    expect(new OAuthError('invalid_client', 'x').status).toBe(401);
    expect(new OAuthError('insufficient_scope', 'x').status).toBe(403);
    expect(new OAuthError('invalid_grant', 'x').status).toBe(400);
  });
});
