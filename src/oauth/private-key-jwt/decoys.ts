import { hash } from 'node:crypto';
import type { PublicJwk } from '../../core/public-jwk.ts';

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
const halves = Array.from({ length: 8 }, (_, index) => hash('sha256', `decoy ${index}`, 'hex')).join('');

const decoys = {
  curve: {
    kty: 'EC',
    crv: 'P-256',
    x: base64url('6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'),
    y: base64url('4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'),
  },
  edwards: { kty: 'OKP', crv: 'Ed25519', x: base64url(`58${'66'.repeat(31)}`) },
  rsa: { kty: 'RSA', n: base64url(`f${halves.slice(1, -1)}1`), e: 'AQAB' },
} as const satisfies Record<string, PublicJwk>;

/**
 * A key of nobody, to verify with where there is no client: the base point of a curve, or a modulus that is nobody's
 * product. What comes of it is never believed.
 */
export function decoyFor(algorithm: string): PublicJwk {
  switch (algorithm) {
    case 'ES256':
      return decoys.curve;
    case 'EdDSA':
    case 'Ed25519':
      return decoys.edwards;
    default:
      return decoys.rsa;
  }
}
