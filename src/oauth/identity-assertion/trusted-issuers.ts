import type { Fetcher } from '../../core/egress/fetcher.ts';
import type { IdentityAssertionOptions, TrustedIssuer } from '../../core/identity-assertions.ts';
import { type KeySource, keySource } from '../../core/key-sources.ts';
import { checkedAlgorithms } from '../../core/trusted-issuer.ts';
import { ConfigurationError } from '../../core/urls.ts';

/** A trusted issuer with everything worked out. */
export interface KnownIssuer {
  readonly issuer: string;
  readonly keys: KeySource;
  readonly algorithms: readonly string[];
  readonly audience: string;
  /** `undefined`: every client that has the grant. */
  readonly clients: ReadonlySet<string> | undefined;
  readonly acrValues: readonly string[];
  readonly accessTokenLifetime: number | undefined;
}

/** Whose identity assertions are taken. Times are milliseconds. */
export interface IdentityAssertionPolicy {
  /** `iss` → the issuer. */
  readonly issuers: ReadonlyMap<string, KnownIssuer>;
  readonly longestAssertion: number;
  readonly leeway: number;
}

export interface IssuerParts {
  /** Issuer identifier of this server. */
  readonly issuer: string;
  readonly egress: Fetcher | undefined;
  /** Told where a key file cannot be used any more. */
  readonly onBroken: (reason: string) => void;
}

/** @throws ConfigurationError naming the setting and what to change */
export function trustedIssuers(
  { issuers, longestAssertion = 600_000, leeway = 30_000 }: IdentityAssertionOptions,
  parts: IssuerParts,
): IdentityAssertionPolicy {
  if (!(longestAssertion >= 1000))
    throw new ConfigurationError('identityAssertions.longestAssertion must be at least a second');
  if (!(leeway >= 0)) throw new ConfigurationError('identityAssertions.leeway must not be negative');
  const known = new Map<string, KnownIssuer>();
  for (const [index, issuer] of issuers.entries()) {
    const place = `identityAssertions.issuers.${index}`;
    if (known.has(issuer.issuer))
      throw new ConfigurationError(`${place}: the issuer '${issuer.issuer}' is listed already`);
    known.set(issuer.issuer, knownIssuer(place, issuer, parts));
  }
  return { issuers: known, longestAssertion, leeway };
}

function knownIssuer(place: string, trusted: TrustedIssuer, parts: IssuerParts): KnownIssuer {
  const { issuer, clients, acrValues = [], accessTokenLifetime } = trusted;
  return {
    issuer,
    keys: keySource(`${place}.keys`, trusted.keys, parts),
    algorithms: checkedAlgorithms(place, 'assertions', trusted, parts.issuer),
    audience: trusted.audience ?? parts.issuer,
    clients: clients === undefined ? undefined : new Set(clients),
    acrValues,
    accessTokenLifetime,
  };
}
