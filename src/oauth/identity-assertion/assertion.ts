import { OAuthError } from '../../core/errors.ts';
import { type Claims, keyIdOf, readForeignJwt, timeIn } from '../../core/foreign-jwt.ts';
import type { Client } from '../../core/records.ts';
import type { ProtectedResource } from '../../core/resources.ts';
import { parseScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { KnownIssuer } from './trusted-issuers.ts';

// With claims about the user, and the signature of the longest key.
const maximumLength = 12_288;
const maximumIdentifierLength = 256;

/** What an assertion says. Its signature has not been verified. */
export interface UnverifiedAssertion {
  readonly jwt: string;
  readonly issuer: KnownIssuer;
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly subject: string;
  readonly tokenId: string;
  readonly resource: ProtectedResource;
  /** What the issuer allows; `undefined` where it leaves that to this server. */
  readonly scopes: readonly string[] | undefined;
  /** Before that it would have been refused for its youth, milliseconds since the epoch. */
  readonly usableFrom: number;
  /** When it would be refused for its age, milliseconds since the epoch. */
  readonly refusedFrom: number;
  readonly claims: Claims;
}

/**
 * Reads an assertion and checks all that can be checked without its issuer's keys, so that nothing is fetched for what would
 * be refused anyway, in this order: size → `typ`, `crit`, `kid` → `iss` trusted, for this client → `alg` → `aud` → `client_id`
 * → `resource` → `sub`, `jti`, `scope` → `exp`, `nbf`, `iat`.
 * @throws OAuthError `invalid_grant` saying what to change, `unauthorized_client` where the issuer's assertions are not for it
 * @see MCP extension Enterprise-Managed Authorization §5.1, RFC 7523 §3, RFC 8725 §3
 */
export function parseAssertion(jwt: string, client: Client, provider: OAuthProvider): UnverifiedAssertion {
  const { header, claims } = readForeignJwt(jwt, { name: 'assertion', maximumLength }, refused);
  // RFC 8725 §3.11: the type alone tells an assertion from the issuer's ID tokens, access tokens and client assertions.
  if (header['typ'] !== 'oauth-id-jag+jwt')
    throw refused('typ must be oauth-id-jag+jwt: exchange the ID token for an ID-JAG at its issuer first');
  const keyId = keyIdOf(header, refused);
  const issuer = trustedIssuer(claims['iss'], client, provider);
  const algorithm = issuer.algorithms.find((name) => name === header['alg']);
  if (algorithm === undefined) throw refused(`alg must be one of ${issuer.algorithms.join(', ')} for this issuer`);
  if (onlyOne(claims['aud']) !== issuer.audience)
    throw refused(`aud must be ${issuer.audience}, exactly, and nobody else beside it`);
  if (claims['client_id'] !== client.clientId)
    throw refused('client_id must be the id by which the client is registered at this server');
  return {
    jwt,
    issuer,
    algorithm,
    keyId,
    resource: namedResource(claims['resource'], provider),
    subject: identifier('sub', claims['sub']),
    tokenId: identifier('jti', claims['jti']),
    scopes: assertedScopes(claims['scope']),
    ...checkedTimes(claims, provider),
    claims,
  };
}

function trustedIssuer(iss: unknown, { clientId }: Client, { identityAssertions }: OAuthProvider): KnownIssuer {
  const issuer = typeof iss === 'string' ? identityAssertions.issuers.get(iss) : undefined;
  if (issuer === undefined)
    throw refused('iss is no issuer whose assertions are taken here', 'list it in identityAssertions.issuers');
  if (issuer.clients?.has(clientId) === false)
    throw new OAuthError('unauthorized_client', 'this client may not present assertions of this issuer', {
      hint: "list it in the issuer's clients, in identityAssertions.issuers",
    });
  return issuer;
}

// RFC 7519 §4.1.3: one value, alone or in an array. Whoever else is named could present it here as well.
function onlyOne(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function namedResource(claim: unknown, { resources }: OAuthProvider): ProtectedResource {
  const value = onlyOne(claim);
  const known = resources.all.map(({ uri }) => uri).join(' or ');
  if (typeof value !== 'string') throw refused(`resource is required, and must be one URL: ${known}`);
  const resource = resources.identifiedBy(value);
  if (resource === undefined) throw refused(`resource '${value.slice(0, 200)}' is not served here; use ${known}`);
  return resource;
}

function identifier(name: 'sub' | 'jti', value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= maximumIdentifierLength && isPlain(value))
    return value;
  throw refused(`${name} must be a string of 1 to ${maximumIdentifierLength} characters, without control characters`);
}

function isPlain(value: string): boolean {
  return value.isWellFormed() && !/[\p{Cc}\ufffd]/u.test(value);
}

function assertedScopes(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return undefined;
  const scopes = typeof claim === 'string' ? parseScope(claim) : undefined;
  if (scopes === undefined) throw refused('scope must be a string of scope names with spaces between');
  return scopes;
}

function checkedTimes(
  claims: Claims,
  { identityAssertions, clock }: OAuthProvider,
): Pick<UnverifiedAssertion, 'usableFrom' | 'refusedFrom'> {
  const { longestAssertion, leeway } = identityAssertions;
  const now = clock.now();
  const here = `by the clock of this server, ${new Date(now).toISOString()}`;
  const longest = `${Math.floor(longestAssertion / 1000)} seconds`;
  const [expiry, issued] = [requiredTime(claims, 'exp'), requiredTime(claims, 'iat')];
  if (expiry + leeway <= now) throw refused(`the assertion has expired ${here}: ask its issuer for a new one`);
  if (expiry > now + longestAssertion + leeway) throw refused(`exp is more than ${longest} ahead ${here}`);
  if (issued > now + leeway) throw refused(`iat is in the future ${here}`);
  if (issued < now - longestAssertion - leeway) throw refused(`iat is more than ${longest} ago ${here}`);
  if ((timeIn(claims, 'nbf', refused) ?? 0) > now + leeway) throw refused(`nbf is in the future ${here}`);
  return { usableFrom: Math.max(issued, expiry - longestAssertion) - leeway, refusedFrom: expiry + leeway };
}

function requiredTime(claims: Claims, name: 'exp' | 'iat'): number {
  const time = timeIn(claims, name, refused);
  if (time === undefined) throw refused(`${name} is required: seconds since 1970`);
  return time;
}

function refused(description: string, hint?: string): OAuthError {
  return new OAuthError('invalid_grant', description, hint === undefined ? {} : { hint });
}
