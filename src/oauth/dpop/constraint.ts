import { OAuthError } from '../../core/errors.ts';
import { ConfigurationError } from '../../core/urls.ts';
import type { Gate } from '../token/gate.ts';
import type { ProofTarget, ProvenKey, SenderConstraint } from '../token/sender-constraint.ts';
import { DpopNonces } from './nonces.ts';
import { DpopProof } from './proof.ts';
import { proofAlgorithms } from './proof-key.ts';

/** How much longer an identifier is remembered than its proof counts here, in milliseconds: clocks of nodes differ. */
const clockDifference = 5000;

/** Tokens bound to keys by proofs of possession. */
export function dpopConstraint(provider: Gate): SenderConstraint {
  const nonces = noncesOf(provider);
  return {
    isRequired: provider.dpop.required,
    algorithms: proofAlgorithms,
    proofHeader: 'dpop',
    prove: (request, target) => prove(request, target, provider, nonces),
  };
}

/**
 * Verifies a request's proof and spends it, in this order: the proof itself → its nonce → its one use.
 * @see RFC 9449 §4.3, §8, §11.1
 */
async function prove(
  request: Request,
  target: ProofTarget,
  provider: Gate,
  nonces: DpopNonces | undefined,
): Promise<ProvenKey> {
  const now = provider.clock.now();
  const { proofLifetime } = provider.dpop;
  const proof = await DpopProof.verify(request, target, now, proofLifetime);
  const nonce = nonces?.current(now);
  if (nonces !== undefined && (proof.nonce === undefined || !nonces.accepts(proof.nonce, now))) {
    throw new OAuthError('use_dpop_nonce', 'make a new DPoP proof with the nonce of the DPoP-Nonce header', {
      headers: { 'dpop-nonce': String(nonce) },
    });
  }
  const isNew = await provider.spendIdentifier?.({
    purpose: 'DPoP proof',
    issuer: proof.keyThumbprint,
    identifier: proof.identifier,
    usableFrom: proof.issuedAt - proofLifetime,
    expiresAt: proof.issuedAt + proofLifetime + clockDifference,
  });
  if (isNew !== true) {
    throw new OAuthError('invalid_dpop_proof', 'this DPoP proof was used before: make a new one for each request');
  }
  return {
    keyThumbprint: proof.keyThumbprint,
    responseHeaders: nonce === undefined || nonce === proof.nonce ? {} : { 'dpop-nonce': nonce },
  };
}

function noncesOf({ dpop, random }: Gate): DpopNonces | undefined {
  return dpop.nonce === 'off' ? undefined : new DpopNonces(dpop.nonceKey ?? random.bytes(32), dpop.nonceLifetime);
}

/**
 * Whether clients may bind their tokens at this provider.
 * @throws ConfigurationError where they would have to and cannot
 */
export function isDpopEnabled({ dpop, spendIdentifier }: Gate): boolean {
  if (spendIdentifier === undefined && dpop.required)
    throw new ConfigurationError('dpop.required needs a provider that implements spendIdentifier()');
  return dpop.enabled && spendIdentifier !== undefined;
}
