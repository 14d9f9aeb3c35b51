import { hash, timingSafeEqual } from 'node:crypto';
import type { SecretHash } from './ids.ts';

/**
 * The only form in which a secret of at least 256 random bits is stored: SHA-256, base64url.
 * Low-entropy secrets (passwords) need `identity/passwords` instead.
 */
export function hashSecret(secret: string): SecretHash {
  return hash('sha256', secret, 'base64url') as SecretHash;
}

/** Compares a presented secret with a stored hash in constant time. */
export function secretMatches(presented: string, stored: SecretHash): boolean {
  const a = Buffer.from(hashSecret(presented));
  const b = Buffer.from(stored);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** How a secret appears in logs and audit events: eight hex digits of its hash. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret, 'hex').slice(0, 8);
}
