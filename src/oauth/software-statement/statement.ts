import { OAuthError } from '../../core/errors.ts';
import { type Claims, keyIdOf, readForeignJwt, timeIn } from '../../core/foreign-jwt.ts';
import type { KnownStatementIssuer } from './trusted-issuers.ts';

// With the keys of a client in it, and the signature of the longest key.
const maximumLength = 12_288;
const types: readonly unknown[] = [undefined, 'jwt', 'software-statement+jwt'];

/** What a statement says. Its signature has not been verified. */
export interface UnverifiedStatement {
  readonly jwt: string;
  readonly issuer: KnownStatementIssuer;
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly claims: Claims;
}

/** What a statement is read for. Times are milliseconds. */
export interface StatementReader {
  readonly issuers: ReadonlyMap<string, KnownStatementIssuer>;
  /** The names of this server that an `aud` may have. */
  readonly audiences: readonly string[];
  readonly now: number;
  readonly leeway: number;
}

/**
 * Reads a statement, in this order: size → `typ`, `crit`, `kid` → `iss` trusted → `alg` → `aud` → `exp`, `nbf`, `iat`. It
 * names no client and counts more than once: every copy of the software brings the same one.
 * @throws OAuthError `invalid_software_statement`, or `unapproved_software_statement` for one of somebody else
 * @see RFC 7591 §2.3, RFC 8725 §3
 */
export function parseStatement(jwt: unknown, reader: StatementReader): UnverifiedStatement {
  if (typeof jwt !== 'string') throw invalid('software_statement must be a string: the signed JWT itself');
  const { header, claims } = readForeignJwt(jwt, { name: 'software_statement', maximumLength }, invalid);
  checkType(header);
  const keyId = keyIdOf(header, invalid);
  const issuer = typeof claims['iss'] === 'string' ? reader.issuers.get(claims['iss']) : undefined;
  if (issuer === undefined) throw unapproved('iss is no issuer whose software statements are taken here');
  const algorithm = issuer.algorithms.find((name) => name === header['alg']);
  if (algorithm === undefined) throw invalid(`alg must be one of ${issuer.algorithms.join(', ')} for this issuer`);
  checkAudience(claims['aud'], issuer, reader);
  checkTimes(claims, issuer, reader);
  return { jwt, issuer, algorithm, keyId, claims };
}

/**
 * The client metadata that a statement sets, where all of it is its issuer's to say. What is no client metadata is dropped,
 * and null is absence, as everywhere in registration.
 * @param names of the client metadata that is understood
 * @throws OAuthError `unapproved_software_statement`
 */
export function statedMetadata({ issuer, claims }: UnverifiedStatement, names: readonly string[]): Claims {
  const stated = names.filter((name) => claims[name] !== undefined && claims[name] !== null);
  const tooMuch = stated.filter((name) => !issuer.claims.includes(name));
  if (tooMuch.length > 0) throw unapproved(`statements of this issuer may not set ${tooMuch.join(', ')} here`);
  const missing = issuer.requiredClaims.filter((name) => !stated.includes(name));
  if (missing.length > 0) throw unapproved(`statements of this issuer must set ${missing.join(', ')}`);
  return Object.fromEntries(stated.map((name) => [name, claims[name]]));
}

// RFC 8725 §3.11: other JWTs of its issuer say what they are. One that does not, such as an ID token, lacks required claims.
function checkType({ typ }: Claims): void {
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (!types.includes(type)) throw invalid('typ must be JWT or software-statement+jwt, or left out');
}

// A statement is for every server that trusts its issuer, unless it says for which.
function checkAudience(aud: unknown, { audience }: KnownStatementIssuer, { audiences }: StatementReader): void {
  if (aud === undefined && audience === undefined) return;
  const accepted = audience === undefined ? audiences : [audience];
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!named.some((value) => accepted.includes(value as string)))
    throw invalid(`the statement is for other servers: aud must be, or have among others, ${accepted.join(' or ')}`);
}

function checkTimes(claims: Claims, { maximumAge }: KnownStatementIssuer, { now, leeway }: StatementReader): void {
  const here = `by the clock of this server, ${new Date(now).toISOString()}`;
  const expiry = timeIn(claims, 'exp', invalid);
  const issued = timeIn(claims, 'iat', invalid);
  if (expiry === undefined && maximumAge === undefined)
    throw invalid('exp is required: seconds since 1970 until which the statement may be used');
  if (expiry !== undefined && expiry + leeway <= now)
    throw invalid(`the statement has expired ${here}: ask its issuer for a new one`);
  if ((timeIn(claims, 'nbf', invalid) ?? 0) > now + leeway) throw invalid(`nbf is in the future ${here}`);
  if (issued !== undefined && issued > now + leeway) throw invalid(`iat is in the future ${here}`);
  if (maximumAge === undefined) return;
  if (issued === undefined) throw invalid('iat is required of this issuer: seconds since 1970');
  if (issued + maximumAge + leeway <= now)
    throw invalid(`iat is too long ago ${here}: ask the issuer for a new statement`);
}

/** @see RFC 7591 §3.2.2 */
export function invalid(description: string): OAuthError {
  return new OAuthError('invalid_software_statement', description);
}

/** @see RFC 7591 §3.2.2 */
export function unapproved(description: string): OAuthError {
  return new OAuthError('unapproved_software_statement', description);
}
