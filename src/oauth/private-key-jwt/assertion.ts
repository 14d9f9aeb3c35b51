import { OAuthError } from '../../core/errors.ts';
import { type Claims, keyIdOf, readForeignJwt, timeIn } from '../../core/foreign-jwt.ts';
import type { ClientId } from '../../core/ids.ts';
import { foreignAlgorithms } from '../../core/public-jwk.ts';
import type { OAuthProvider } from '../../provider.ts';

// The signature of the longest key has 1366 characters, and the claims are few.
const maximumLength = 8192;
const maximumIdentifierLength = 256;
const maximumClientIdLength = 2048;
const maximumAudiences = 10;
const types: readonly unknown[] = [undefined, 'jwt', 'client-authentication+jwt'];

/** What an assertion says. Its signature has not been verified. */
export interface ClientAssertion {
  readonly jwt: string;
  readonly algorithm: string;
  readonly keyId: string | undefined;
  /** Its first part, encoded. */
  readonly header: string;
  readonly clientId: ClientId;
  readonly tokenId: string;
  /** Before that it would have been refused for its youth, milliseconds since the epoch. */
  readonly usableFrom: number;
  /** When it would be refused for its age, milliseconds since the epoch. */
  readonly refusedFrom: number;
}

/**
 * Reads an assertion and checks all that can be checked without knowing the client, in this order:
 * size → header (`alg`, `typ`, `crit`, `kid`) → `iss` = `sub` → `aud` → `jti` → `exp`, `nbf`, `iat`.
 * @throws OAuthError `invalid_client` saying what to change
 * @see RFC 7523 §3, RFC 8725 §3
 */
export function parseAssertion(jwt: string, provider: OAuthProvider): ClientAssertion {
  const { header, claims } = readForeignJwt(jwt, { name: 'client_assertion', maximumLength }, refused);
  const algorithm = checkedAlgorithm(header);
  checkType(header);
  const keyId = keyIdOf(header, refused);
  const clientId = checkedParty(claims);
  checkAudience(claims['aud'], provider);
  const tokenId = claims['jti'];
  if (typeof tokenId !== 'string' || tokenId === '' || tokenId.length > maximumIdentifierLength)
    throw refused(`jti must be a string of 1 to ${maximumIdentifierLength} characters, another one in each assertion`);
  const header64 = jwt.split('.', 1)[0] ?? '';
  return { jwt, algorithm, keyId, header: header64, clientId, tokenId, ...checkedTimes(claims, provider) };
}

// RFC 8725 §3.1: what the sender names is looked up in a list of signatures, and nothing else is ever tried.
function checkedAlgorithm({ alg }: Claims): string {
  const known = foreignAlgorithms.find((name) => name === alg);
  if (known === undefined) throw refused(`alg must be one of ${foreignAlgorithms.join(', ')}`);
  return known;
}

function checkType({ typ }: Claims): void {
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (!types.includes(type)) throw refused('typ must be JWT or client-authentication+jwt, or left out');
}

// RFC 7523 §3: for client authentication iss and sub are the client_id.
function checkedParty({ iss, sub }: Claims): ClientId {
  if (typeof iss !== 'string' || iss !== sub) throw refused('iss and sub must both be the client_id');
  if (iss === '' || iss.length > maximumClientIdLength || /[\p{Cc}\ufffd]/u.test(iss) || !iss.isWellFormed())
    throw refused('iss and sub are no client_id');
  return iss as ClientId;
}

// RFC 7523 §3, and narrower: who is named beside this server could present the assertion here as the client.
function checkAudience(aud: unknown, provider: OAuthProvider): void {
  const own = [provider.settings.issuer, provider.endpointUrl('token')];
  // RFC 9126 §2: wherever a request may be pushed, that endpoint is a third name of this server.
  if (provider.takesPushedRequests) own.push(provider.endpointUrl('pushedRequest'));
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const isOurs = (value: unknown) => own.includes(value as string);
  if (named.length > 0 && named.length <= maximumAudiences && named.every(isOurs)) return;
  throw refused(
    `aud must be ${own[0]}${named.some(isOurs) ? ', and nobody else beside it' : ` (or ${own[1]}), exactly`}`,
  );
}

function checkedTimes(claims: Claims, provider: OAuthProvider): Pick<ClientAssertion, 'usableFrom' | 'refusedFrom'> {
  const { longestAssertion, leeway } = provider.clientAuthentication;
  const now = provider.clock.now();
  const here = `by the clock of this server, ${new Date(now).toISOString()}`;
  const expiry = timeIn(claims, 'exp', refused);
  const notBefore = timeIn(claims, 'nbf', refused);
  const issued = timeIn(claims, 'iat', refused);
  if (expiry === undefined) throw refused('exp is required: seconds since 1970');
  const longest = `${Math.floor(longestAssertion / 1000)} seconds`;
  if (expiry + leeway <= now) throw refused(`the assertion has expired ${here}: make a new one for each request`);
  if (expiry > now + longestAssertion + leeway) throw refused(`exp is more than ${longest} ahead ${here}`);
  if (notBefore !== undefined && notBefore > now + leeway) throw refused(`nbf is in the future ${here}`);
  if (issued !== undefined && issued > now + leeway) throw refused(`iat is in the future ${here}`);
  if (issued !== undefined && issued < now - longestAssertion - leeway)
    throw refused(`iat is more than ${longest} ago ${here}`);
  const usableFrom = Math.max(issued ?? 0, notBefore ?? 0, expiry - longestAssertion) - leeway;
  return { usableFrom, refusedFrom: expiry + leeway };
}

function refused(description: string): OAuthError {
  return new OAuthError('invalid_client', description);
}
