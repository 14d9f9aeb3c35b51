import type { OAuthCapability } from '../token/grant-handler.ts';
import { dpopConstraint, isDpopEnabled } from './constraint.ts';
import { proofAlgorithms } from './proof-key.ts';

/** Tokens bound to a key of their client: proofs at the token endpoint and at the resource. */
export const dpop: OAuthCapability = {
  name: 'tokens bound to a key (DPoP)',
  specifications: ['RFC 9449', 'RFC 7638', 'RFC 9728 §2'],
  isEnabled: isDpopEnabled,
  senderConstraint: dpopConstraint,
  serverMetadata: () => ({ dpop_signing_alg_values_supported: proofAlgorithms }),
  resourceMetadata: (provider) => ({
    dpop_signing_alg_values_supported: proofAlgorithms,
    dpop_bound_access_tokens_required: provider.dpop.required ? true : undefined,
  }),
};
