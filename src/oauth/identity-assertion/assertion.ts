import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { decodeJwt } from 'jose/jwt/decode';
import { OAuthError } from '../../core/errors.ts';
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
  /** When it would be refused for its age, milliseconds since the epoch. */
  readonly refusedFrom: number;
  readonly claims: Claims;
}

/** Claims of a JWT, of any type. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Reads an assertion and checks all that can be checked without its issuer's keys, so that nothing is fetched for what would
 * be refused anyway, in this order: size → `typ`, `crit`, `kid` → `iss` trusted, for this client → `alg` → `aud` → `client_id`
 * → `resource` → `sub`, `jti`, `scope` → `exp`, `nbf`, `iat`.
 * @throws OAuthError `invalid_grant` saying what to change, `unauthorized_client` where the issuer's assertions are not for it
 * @see MCP extension Enterprise-Managed Authorization §5.1, RFC 7523 §3, RFC 8725 §3
 */
export function parseAssertion(jwt: string, client: Client, provider: OAuthProvider): UnverifiedAssertion {
  if (jwt.length > maximumLength) throw refused(`the assertion is longer than ${maximumLength} characters`);
  const { header, claims } = decoded(jwt);
  const keyId = checkedHeader(header);
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
    refusedFrom: checkedTimes(claims, provider),
    claims,
  };
}

function decoded(jwt: string): { readonly header: Claims; readonly claims: Claims } {
  if (jwt.split('.').length !== 3) throw refused('assertion must be a signed JWT: three parts with periods between');
  try {
    return { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) };
  } catch {
    throw refused('assertion is not a JWT: its parts must be base64url, the first two of JSON objects');
  }
}

// RFC 8725 §3.11: the type alone tells an assertion from the issuer's ID tokens, access tokens and client assertions.
function checkedHeader({ typ, crit, kid }: Claims): string | undefined {
  if (typ !== 'oauth-id-jag+jwt')
    throw refused('typ must be oauth-id-jag+jwt: exchange the ID token for an ID-JAG at its issuer first');
  // RFC 7515 §4.1.11: an extension that must be understood, and is not.
  if (crit !== undefined) throw refused('crit names extensions, and none is understood');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maximumIdentifierLength))
    throw refused(`kid must be a string of at most ${maximumIdentifierLength} characters`);
  return kid as string | undefined;
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

function checkedTimes({ exp, nbf, iat }: Claims, { identityAssertions, clock }: OAuthProvider): number {
  const { longestAssertion, leeway } = identityAssertions;
  const now = clock.now();
  const here = `by the clock of this server, ${new Date(now).toISOString()}`;
  const longest = `${Math.floor(longestAssertion / 1000)} seconds`;
  const [expiry, issued] = [milliseconds('exp', exp), milliseconds('iat', iat)];
  if (expiry + leeway <= now) throw refused(`the assertion has expired ${here}: ask its issuer for a new one`);
  if (expiry > now + longestAssertion + leeway) throw refused(`exp is more than ${longest} ahead ${here}`);
  if (issued > now + leeway) throw refused(`iat is in the future ${here}`);
  if (issued < now - longestAssertion - leeway) throw refused(`iat is more than ${longest} ago ${here}`);
  if (nbf !== undefined && milliseconds('nbf', nbf) > now + leeway) throw refused(`nbf is in the future ${here}`);
  return expiry + leeway;
}

// RFC 7519 §2: NumericDate, a JSON number of seconds.
function milliseconds(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1000;
  throw refused(`${name} must be a number: seconds since 1970`);
}

function refused(description: string, hint?: string): OAuthError {
  return new OAuthError('invalid_grant', description, hint === undefined ? {} : { hint });
}
