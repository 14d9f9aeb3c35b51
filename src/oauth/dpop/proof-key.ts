import type { CryptoKey } from 'jose';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { importJWK } from 'jose/key/import';
import * as z from 'zod';
import { OAuthError } from '../../core/errors.ts';

const base64url = z.string().refine((text) => Buffer.from(text, 'base64url').toString('base64url') === text);
const coordinate = base64url.length(43);
const curve25519 = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate });
const p256 = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate });
// 2048 to 4096 bits, and the one exponent in use: how long a stranger's key keeps us busy is not for them to say.
const rsa = z.object({ kty: z.literal('RSA'), n: base64url.min(342).max(683), e: z.literal('AQAB') });

const keysByAlgorithm = { ES256: p256, EdDSA: curve25519, Ed25519: curve25519, RS256: rsa, PS256: rsa } as const;
type ProofAlgorithm = keyof typeof keysByAlgorithm;

/** Algorithms of proofs: asymmetric ones only. @see RFC 9449 §4.3, §11.6, RFC 9864 (`Ed25519`) */
export const proofAlgorithms: readonly string[] = Object.keys(keysByAlgorithm);

const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** The public key in a proof's header. */
export interface ProofKey {
  readonly key: CryptoKey;
  /** @see RFC 7638 */
  readonly thumbprint: string;
}

/**
 * Reads the key that a proof names in its header. Members beyond those that make the key are not interpreted.
 * @throws OAuthError `invalid_dpop_proof` for a private or symmetric key, or one that does not fit the algorithm
 * @see RFC 9449 §4.2 (`jwk`)
 */
export async function readProofKey(algorithm: string, jwk: unknown): Promise<ProofKey> {
  if (!isProofAlgorithm(algorithm)) throw refused(`alg must be one of ${proofAlgorithms.join(', ')}`);
  if (typeof jwk !== 'object' || jwk === null) throw refused('its header needs jwk, the public key');
  if (secretMembers.some((name) => Object.hasOwn(jwk, name)))
    throw refused('jwk must be a public key; this one must not be used any more, because it has been sent');
  const parsed = keysByAlgorithm[algorithm].safeParse(jwk);
  if (!parsed.success) throw refused(`jwk is not ${keyDescriptions[algorithm]}, as ${algorithm} needs`);
  try {
    const key = await importJWK(parsed.data, algorithm);
    if (key instanceof Uint8Array) throw refused('jwk must be a public key');
    return { key, thumbprint: await calculateJwkThumbprint(parsed.data) };
  } catch (error) {
    throw error instanceof OAuthError ? error : refused('jwk is not a valid key');
  }
}

const keyDescriptions: Readonly<Record<ProofAlgorithm, string>> = {
  ES256: 'an EC key on P-256',
  EdDSA: 'an OKP key on Ed25519',
  Ed25519: 'an OKP key on Ed25519',
  RS256: 'an RSA key of 2048 to 4096 bits with the exponent AQAB',
  PS256: 'an RSA key of 2048 to 4096 bits with the exponent AQAB',
};

function isProofAlgorithm(name: string): name is ProofAlgorithm {
  return Object.hasOwn(keysByAlgorithm, name);
}

function refused(what: string): OAuthError {
  return new OAuthError('invalid_dpop_proof', `the DPoP proof is refused: ${what}`);
}
