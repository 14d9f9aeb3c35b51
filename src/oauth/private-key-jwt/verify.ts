import { hash } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import { OAuthError } from '../../core/errors.ts';
import { isSameAlgorithm, type PublicJwk, publicKeyOf } from '../../core/public-jwk.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { ClientAssertion } from './assertion.ts';
import { candidateKeys } from './client-keys.ts';

/**
 * Verifies an assertion, in this order: the algorithm that the client registered → its keys → signature → `jti` spent, so
 * that nobody's `jti` is spent by who cannot sign.
 * @param client `undefined` where there is none: then as much is computed, and for nothing
 * @returns `undefined` where the client signed it, otherwise why it is refused, for the operator
 * @throws OAuthError `invalid_client` where it was used before
 * @see RFC 7523 §3
 */
export async function verifyAssertion(
  assertion: ClientAssertion,
  client: Client | undefined,
  provider: OAuthProvider,
): Promise<string | undefined> {
  const { algorithm, keyId, clientId, tokenId, refusedFrom } = assertion;
  const registered = client?.tokenEndpointAuthSigningAlg;
  const mayUse = registered === undefined || isSameAlgorithm(registered, algorithm);
  const keys = client === undefined || !mayUse ? [] : await candidateKeys(assertion, client, provider);
  if (keys.length === 0) {
    await isSignedBy(decoyFor(algorithm), assertion);
    return mayUse
      ? `no key for alg ${algorithm} and kid ${shown(keyId)}`
      : `alg ${algorithm}, not the registered ${registered}`;
  }
  for (const key of keys) {
    if (!(await isSignedBy(key, assertion))) continue;
    const isNew = await provider.spendIdentifier?.({
      purpose: 'client_assertion',
      issuer: clientId,
      identifier: tokenId,
      expiresAt: refusedFrom,
    });
    if (isNew === true) return undefined;
    throw new OAuthError(
      'invalid_client',
      'this assertion was used before: make a new one, with a jti of its own, for each request',
    );
  }
  return `wrong signature (alg ${algorithm}, kid ${shown(keyId)})`;
}

async function isSignedBy(key: PublicJwk, { jwt, algorithm }: ClientAssertion): Promise<boolean> {
  try {
    await compactVerify(jwt, publicKeyOf(key), { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

// Nobody's keys: the base points of the two curves, and a modulus that is nobody's product.
function decoyFor(algorithm: string): PublicJwk {
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

function shown(keyId: string | undefined): string {
  return keyId === undefined ? '(none)' : `'${keyId.slice(0, 60)}'`;
}
