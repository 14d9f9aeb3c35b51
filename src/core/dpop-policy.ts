import { ConfigurationError } from './urls.ts';

/** Whether and how tokens are bound to keys of their clients. Times are milliseconds. @see RFC 9449 */
export interface DpopPolicy {
  /** Whether clients may bind their tokens. */
  readonly enabled: boolean;
  /** Whether all of them have to: bearer tokens are neither issued nor accepted any more. */
  readonly required: boolean;
  /** `required`: a proof needs a recent nonce of this server, so that it cannot have been made in advance. */
  readonly nonce: 'off' | 'required';
  /** How far the time of a proof may be from this server's, either way. */
  readonly proofLifetime: number;
  /** After this time there is a new nonce; the one before stays good for as long again. */
  readonly nonceLifetime: number;
  /** What nonces are derived from, the same on every node: at least 32 bytes. Absent: random ones of this process. */
  readonly nonceKey?: Uint8Array;
}

const defaultDpopPolicy: DpopPolicy = {
  enabled: true,
  required: false,
  nonce: 'off',
  proofLifetime: 60_000,
  nonceLifetime: 300_000,
};

/** @throws ConfigurationError naming the member */
export function resolveDpopPolicy(options: Partial<DpopPolicy> = {}): DpopPolicy {
  const policy = { ...defaultDpopPolicy, ...options };
  if (policy.required && !policy.enabled)
    throw new ConfigurationError('dpop.required is set and dpop.enabled is not: every client would be refused');
  for (const name of ['proofLifetime', 'nonceLifetime'] as const) {
    if (!(policy[name] >= 1000)) throw new ConfigurationError(`dpop.${name} must be at least a second`);
  }
  if (policy.nonceKey !== undefined && policy.nonceKey.length < 32)
    throw new ConfigurationError('dpop.nonceKey must be at least 32 bytes');
  return policy;
}
