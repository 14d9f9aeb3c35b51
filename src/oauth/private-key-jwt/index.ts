import { foreignAlgorithms } from '../../core/public-jwk.ts';
import type { ClientAuthenticationMethod } from '../token/client-authentication-method.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { readAssertion } from './credentials.ts';
import { registeredKeys } from './registered-keys.ts';

const method: ClientAuthenticationMethod = {
  name: 'private_key_jwt',
  credential: 'keys',
  fault: 'none of its keys verifies the assertion (see kid, alg and the registered jwks)',
  signingAlgorithms: foreignAlgorithms,
  sentIn: { parameters: ['client_assertion', 'client_assertion_type'] },
  read: readAssertion,
  keysOf: registeredKeys,
};

/** Clients that sign an assertion with a key of their own instead of sending a secret. */
export const privateKeyJwt: OAuthCapability = {
  name: 'client authentication by private_key_jwt',
  specifications: ['RFC 7521 §4.2', 'RFC 7523 §2.2, §3', 'OpenID Connect Core §9'],
  // RFC 7523 §3: an assertion that could come twice is one that whoever sees it can send.
  isEnabled: (provider) => provider.spendIdentifier !== undefined,
  clientAuthentication: [method],
};
