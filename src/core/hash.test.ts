import { describe, expect, it } from 'vitest';
import { fingerprint, hashSecret, secretMatches } from './hash.ts';
import type { SecretHash } from './ids.ts';
import { randomId, randomSecret, systemRandom } from './random.ts';

describe('secrets', () => {
  it('match their own hash only', () => {
    expect(secretMatches('a', hashSecret('a'))).toBe(true);
    expect(secretMatches('b', hashSecret('a'))).toBe(false);
    expect(secretMatches('', hashSecret('a'))).toBe(false);
    expect(secretMatches('a', '' as SecretHash)).toBe(false);
  });

  it('never match a hash presented as the secret', () => {
    const stored = hashSecret('a');
    expect(secretMatches(stored, stored)).toBe(false);
  });

  it('have 256 random bits, and ids 128 [OAUTH21-62]', () => {
    expect(Buffer.from(randomSecret(systemRandom), 'base64url')).toHaveLength(32);
    expect(Buffer.from(randomId(systemRandom), 'base64url')).toHaveLength(16);
    expect(new Set(Array.from({ length: 1000 }, () => randomId(systemRandom))).size).toBe(1000);
  });

  it('appear in logs as eight hex digits of the hash', () => {
    expect(fingerprint('secret')).toMatch(/^[0-9a-f]{8}$/);
  });
});
