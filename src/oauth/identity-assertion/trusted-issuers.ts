import type { Fetcher } from '../../core/egress/fetcher.ts';
import type { IdentityAssertionOptions, TrustedIssuer } from '../../core/identity-assertions.ts';
import { type KeySource, keySource } from '../../core/key-sources.ts';
import { foreignAlgorithms } from '../../core/public-jwk.ts';
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
  const { issuer, algorithms = foreignAlgorithms, clients, acrValues = [], accessTokenLifetime } = trusted;
  if (issuer === '' || /[^\x21-\x7e]/.test(issuer))
    throw new ConfigurationError(`${place}.issuer must be the iss of its assertions, exactly as they spell it`);
  // RFC 8725 §3.8: what we sign ourselves is no word of somebody else.
  if (issuer === parts.issuer) throw new ConfigurationError(`${place}.issuer is this server itself`);
  const unknown = algorithms.find((name) => !(foreignAlgorithms as readonly string[]).includes(name));
  if (unknown !== undefined || algorithms.length === 0)
    throw new ConfigurationError(`${place}.algorithms must be some of ${foreignAlgorithms.join(', ')}`);
  return {
    issuer,
    keys: keySource(`${place}.keys`, trusted.keys, parts),
    algorithms,
    audience: trusted.audience ?? parts.issuer,
    clients: clients === undefined ? undefined : new Set(clients),
    acrValues,
    accessTokenLifetime,
  };
}
