import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose/jws/compact/sign';
import type { Claims } from '../../core/foreign-jwt.ts';

/** What a statement is signed with, beside the metadata. Times are milliseconds since the epoch. */
export interface StatementTerms {
  readonly issuer: string;
  readonly audience: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A private key with what the header says of it. */
export interface StatementKey {
  readonly privateKey: KeyObject;
  readonly algorithm: string;
  readonly keyId: string;
}

/**
 * Signs client metadata as a software statement.
 * @see RFC 7591 §2.3
 */
export function signStatement(
  metadata: Claims,
  { issuer, audience, issuedAt, expiresAt }: StatementTerms,
  { privateKey, algorithm, keyId }: StatementKey,
): Promise<string> {
  const claims = {
    ...metadata,
    iss: issuer,
    ...(audience === undefined ? {} : { aud: audience }),
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: keyId })
    .sign(privateKey);
}

/** A public key as a JWK Set has it. @see RFC 7517 §4 */
export function publicJwkOf(publicKey: KeyObject, keyId: string, algorithm: string): Readonly<Record<string, unknown>> {
  return { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: algorithm, use: 'sig' };
}
