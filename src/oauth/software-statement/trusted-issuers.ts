import { type KeySource, keySource } from '../../core/key-sources.ts';
import type { SoftwareStatementOptions, StatementIssuer } from '../../core/software-statements.ts';
import { checkedAlgorithms } from '../../core/trusted-issuer.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { clientMetadataNames } from '../register/client-metadata.ts';

/** An issuer of statements with everything worked out. */
export interface KnownStatementIssuer {
  readonly issuer: string;
  readonly keys: KeySource;
  readonly algorithms: readonly string[];
  /** `undefined`: an `aud` is not needed. */
  readonly audience: string | undefined;
  readonly claims: readonly string[];
  readonly requiredClaims: readonly string[];
  readonly admits: boolean;
  /** Milliseconds; `undefined`: a statement needs an `exp`. */
  readonly maximumAge: number | undefined;
}

export interface StatementIssuerParts {
  /** Issuer identifier of this server. */
  readonly issuer: string;
  /** Told where a key file cannot be used any more. */
  readonly onBroken: (reason: string) => void;
}

/**
 * `iss` → the issuer.
 * @throws ConfigurationError naming the setting and what to change
 */
export function knownStatementIssuers(
  { issuers, required = false }: SoftwareStatementOptions,
  parts: StatementIssuerParts,
): ReadonlyMap<string, KnownStatementIssuer> {
  if (required && issuers.length === 0)
    throw new ConfigurationError(
      'softwareStatements.required needs softwareStatements.issuers: no client could register',
    );
  const known = new Map<string, KnownStatementIssuer>();
  for (const [index, issuer] of issuers.entries()) {
    const place = `softwareStatements.issuers.${index}`;
    if (known.has(issuer.issuer))
      throw new ConfigurationError(`${place}: the issuer '${issuer.issuer}' is listed already`);
    known.set(issuer.issuer, knownIssuer(place, issuer, parts));
  }
  return known;
}

function knownIssuer(place: string, trusted: StatementIssuer, parts: StatementIssuerParts): KnownStatementIssuer {
  const { issuer, admits = false, maximumAge } = trusted;
  const algorithms = checkedAlgorithms(place, 'statements', trusted, parts.issuer);
  const { claims = clientMetadataNames, requiredClaims = ['redirect_uris'] } = trusted;
  for (const [setting, names] of Object.entries({ claims, requiredClaims })) {
    const stranger = names.find((name) => !clientMetadataNames.includes(name));
    if (stranger !== undefined)
      throw new ConfigurationError(
        `${place}.${setting} names '${stranger}', which is no client metadata that is understood here: ${clientMetadataNames.join(', ')}`,
      );
  }
  const forbidden = requiredClaims.find((name) => !claims.includes(name));
  if (forbidden !== undefined)
    throw new ConfigurationError(`${place}.requiredClaims names '${forbidden}', which claims does not allow`);
  // A statement is no secret: where it does not say where answers go, whoever has seen it could be let in with it.
  if (admits && !requiredClaims.includes('redirect_uris'))
    throw new ConfigurationError(`${place}.admits needs 'redirect_uris' in requiredClaims`);
  if (maximumAge !== undefined && !(maximumAge > 0))
    throw new ConfigurationError(`${place}.maximumAge must be above 0`);
  return {
    issuer,
    keys: keySource(`${place}.keys`, trusted.keys, { egress: undefined, onBroken: parts.onBroken }),
    algorithms,
    audience: trusted.audience,
    claims,
    requiredClaims,
    admits,
    maximumAge,
  };
}
