import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCodeChallenge, isCodeVerifier, verifierMatches } from './pkce.ts';

// RFC 7636 Appendix B.
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

describe('PKCE', () => {
  it('takes the verifier of the example in the specification [RFC7636-02]', () => {
    expect(verifierMatches(verifier, challenge)).toBe(true);
  });

  it('takes no other verifier, the challenge itself included [PITFALL-02, RFC7636-11]', () => {
    expect(verifierMatches(challenge, challenge)).toBe(false);
    expect(verifierMatches(`${verifier}a`, challenge)).toBe(false);
    fc.assert(
      fc.property(fc.string({ minLength: 43, maxLength: 128 }), (other) => {
        expect(verifierMatches(other, challenge)).toBe(other === verifier);
      }),
      { numRuns: 50 },
    );
  });

  it('matches nothing with a challenge that got lost [PITFALL-02]', () => {
    for (const lost of ['', 'null', 'undefined']) expect(verifierMatches(verifier, lost)).toBe(false);
    expect(verifierMatches('', '')).toBe(false);
  });

  it('asks for 43 base64url characters as a challenge [RFC7636-03]', () => {
    expect(isCodeChallenge(challenge)).toBe(true);
    for (const wrong of [
      challenge.slice(1),
      `${challenge}a`,
      `${challenge.slice(1)}=`,
      `${challenge.slice(1)}+`,
      `${challenge}\n`,
      '',
    ]) {
      expect(isCodeChallenge(wrong)).toBe(false);
    }
  });

  it('asks for 43 to 128 unreserved characters as a verifier [RFC7636-01]', () => {
    for (const right of ['a'.repeat(43), 'a'.repeat(128), `${'a'.repeat(40)}-._~`])
      expect(isCodeVerifier(right)).toBe(true);
    for (const wrong of [
      'a'.repeat(42),
      'a'.repeat(129),
      `${'a'.repeat(43)} `,
      `${'a'.repeat(43)}\n`,
      'é'.repeat(43),
      '',
    ]) {
      expect(isCodeVerifier(wrong)).toBe(false);
    }
  });
});
