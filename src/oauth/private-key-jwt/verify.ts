import { OAuthError } from '../../core/errors.ts';
import { isSignedByOneOf } from '../../core/foreign-jwt.ts';
import { isSameAlgorithm } from '../../core/public-jwk.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { ClientAssertion } from './assertion.ts';
import { candidateKeys } from './client-keys.ts';
import { decoyFor } from './decoys.ts';

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
  const { algorithm, keyId, clientId, tokenId, usableFrom, refusedFrom } = assertion;
  const registered = client?.tokenEndpointAuthSigningAlg;
  const mayUse = registered === undefined || isSameAlgorithm(registered, algorithm);
  const keys = client === undefined || !mayUse ? [] : await candidateKeys(assertion, client, provider);
  if (keys.length === 0) {
    await isSignedByOneOf([decoyFor(algorithm)], assertion);
    return mayUse
      ? `no key for alg ${algorithm} and kid ${shown(keyId)}`
      : `alg ${algorithm}, not the registered ${registered}`;
  }
  if (!(await isSignedByOneOf(keys, assertion))) return `wrong signature (alg ${algorithm}, kid ${shown(keyId)})`;
  const isNew = await provider.spendIdentifier?.({
    purpose: 'client_assertion',
    issuer: clientId,
    identifier: tokenId,
    usableFrom,
    expiresAt: refusedFrom,
  });
  if (isNew === true) return undefined;
  throw new OAuthError(
    'invalid_client',
    'this assertion was used before: make a new one, with a jti of its own, for each request',
  );
}

function shown(keyId: string | undefined): string {
  return keyId === undefined ? '(none)' : `'${keyId.slice(0, 60)}'`;
}
