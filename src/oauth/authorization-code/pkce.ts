import { hash, timingSafeEqual } from 'node:crypto';

/** A well-formed S256 challenge: the base64url of 32 bytes. @see RFC 7636 §4.2 */
export function isCodeChallenge(value: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** A well-formed verifier: 43 to 128 unreserved characters. @see RFC 7636 §4.1 */
export function isCodeVerifier(value: string): boolean {
  return /^[A-Za-z0-9._~-]{43,128}$/.test(value);
}

/** Whether the verifier hashes to the challenge. @see RFC 7636 §4.6 */
export function verifierMatches(verifier: string, challenge: string): boolean {
  const computed = Buffer.from(hash('sha256', verifier, 'base64url'));
  const expected = Buffer.from(challenge);
  return computed.length === expected.length && timingSafeEqual(computed, expected);
}
