import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { compactVerify } from 'jose/jws/compact/verify';
import { decodeJwt } from 'jose/jwt/decode';
import type { OAuthError } from './errors.ts';
import { type PublicJwk, publicKeyOf } from './public-jwk.ts';

/** Claims of a JWT, of any type. */
export type Claims = Readonly<Record<string, unknown>>;

/** A JWT that somebody else signed, as it was sent. */
export interface SignedJwt {
  readonly jwt: string;
  /** The `alg` of its header, out of a list of this server's. */
  readonly algorithm: string;
}

/** Makes the error that a JWT is refused with. */
export type Refuse = (description: string) => OAuthError;

const maximumKeyIdLength = 256;

/**
 * What a JWT of somebody else says. Its signature has not been verified.
 * @param name the parameter or member that it came in
 * @param maximumLength in characters
 * @throws what `refuse` makes
 */
export function readForeignJwt(
  jwt: string,
  { name, maximumLength }: { readonly name: string; readonly maximumLength: number },
  refuse: Refuse,
): { readonly header: Claims; readonly claims: Claims } {
  if (jwt.length > maximumLength) throw refuse(`${name} is longer than ${maximumLength} characters`);
  if (jwt.split('.').length !== 3) throw refuse(`${name} must be a signed JWT: three parts with periods between`);
  try {
    return { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) };
  } catch {
    throw refuse(`${name} is not a JWT: its parts must be base64url, the first two of JSON objects`);
  }
}

/**
 * The `kid` of a header without extensions.
 * @throws what `refuse` makes
 */
export function keyIdOf({ crit, kid }: Claims, refuse: Refuse): string | undefined {
  // RFC 7515 §4.1.11: an extension that must be understood, and is not.
  if (crit !== undefined) throw refuse('crit names extensions, and none is understood');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maximumKeyIdLength))
    throw refuse(`kid must be a string of at most ${maximumKeyIdLength} characters`);
  return kid as string | undefined;
}

/**
 * A time that a JWT tells, in milliseconds; `undefined` where it does not.
 * @throws what `refuse` makes
 * @see RFC 7519 §2, NumericDate
 */
export function timeIn(claims: Claims, name: 'exp' | 'nbf' | 'iat', refuse: Refuse): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1000;
  throw refuse(`${name} must be a number: seconds since 1970`);
}

/**
 * Whether one of these keys made the signature. They are those of whom it has to be, and nothing else is tried: jwk, jku,
 * x5u and x5c in the header are never looked at.
 * @see RFC 8725 §3.1
 */
export async function isSignedByOneOf(keys: readonly PublicJwk[], signed: SignedJwt): Promise<boolean> {
  for (const key of keys) if (await isSignedBy(key, signed)) return true;
  return false;
}

/**
 * Asks that one of an issuer's keys made the signature.
 * @param keys those that its header fits
 * @throws what `refuse` makes
 */
export async function requireSignature(
  keys: readonly PublicJwk[],
  signed: SignedJwt & { readonly keyId: string | undefined },
  refuse: Refuse,
): Promise<void> {
  const { algorithm, keyId } = signed;
  const tried = keyId === undefined ? `alg ${algorithm}` : `alg ${algorithm} and this kid`;
  if (keys.length === 0) throw refuse(`the issuer has no key for ${tried}`);
  if (!(await isSignedByOneOf(keys, signed))) throw refuse(`no key of the issuer for ${tried} verifies the signature`);
}

async function isSignedBy(key: PublicJwk, { jwt, algorithm }: SignedJwt): Promise<boolean> {
  try {
    await compactVerify(jwt, publicKeyOf(key), { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
