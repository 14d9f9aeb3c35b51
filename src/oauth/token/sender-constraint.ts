import { OAuthError } from '../../core/errors.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/** A key whose possession a request proved. */
export interface ProvenKey {
  /** @see RFC 7638 */
  readonly keyThumbprint: string;
  /** To be sent with the response, for the client's next proof. */
  readonly responseHeaders: Readonly<Record<string, string>>;
}

/** What a proof of possession has to be made for. */
export interface ProofTarget {
  /** The URL that the request is for, as configured and never as the request says. */
  readonly url: string;
  /** Where the request presents one: the proof names it, and is made with the key that it is bound to. */
  readonly accessToken?: { readonly token: string; readonly keyThumbprint: string };
}

/**
 * Binds tokens to a key of the client that they are issued to: what the token endpoint and the gate at the resource ask,
 * without knowing how it is done.
 */
export interface SenderConstraint {
  /** Whether tokens that work for whoever holds them are neither issued nor accepted. */
  readonly isRequired: boolean;
  /** The algorithms that clients may sign proofs with. */
  readonly algorithms: readonly string[];
  /** The request header that holds a proof. */
  readonly proofHeader: string;
  /**
   * The key that a request proves to hold, once: the same proof is good for nothing any more.
   * @throws OAuthError `invalid_dpop_proof`, `use_dpop_nonce`, or `invalid_token` where the token is bound to another key
   */
  prove(request: Request, target: ProofTarget): Promise<ProvenKey>;
}

/** A code or refresh token came without the key that it is bound to. */
export class WrongKeyError extends OAuthError {
  /** @param description what the client has to send */
  constructor(description: string) {
    super('invalid_grant', description);
  }
}

/** Tells the operator of a token request that was refused for its proof. */
export function reportRefusedProof(error: unknown, { clientId }: Client, provider: OAuthProvider): void {
  if (error instanceof WrongKeyError || (error instanceof OAuthError && error.code === 'invalid_dpop_proof'))
    provider.report({ name: 'proof.refused', clientId, reason: error.message });
}
