import { createPublicKey, type KeyObject } from 'node:crypto';

/** A public signature key, reduced to the members that are understood. @see RFC 7517 §4, RFC 7518 §6, RFC 8037 §2 */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  readonly kid?: string;
  readonly alg?: string;
}

/** Why something is not taken for a public signature key: `unusable` may stand in a key set, `forbidden` must not. */
export class JwkError extends Error {
  override readonly name = 'JwkError';
  readonly kind: 'unusable' | 'forbidden';

  constructor(kind: JwkError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** JWS algorithms that foreign signatures may have. `Ed25519` is the newer name for `EdDSA` with that curve (RFC 9864). */
export const foreignAlgorithms = ['EdDSA', 'Ed25519', 'ES256', 'RS256', 'PS256'] as const;

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
const maximumModulusBits = 8192;
const maximumMemberLength = 2048;
const members = ['crv', 'x', 'y', 'n', 'e'] as const;

/**
 * Reads a JWK as a public key that signatures can be verified with.
 * @throws JwkError saying what is wrong with it
 * @see RFC 7517 §4, RFC 8725 §3.5
 */
export function parsePublicJwk(input: unknown): PublicJwk {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new JwkError('forbidden', 'a key must be a JSON object');
  const jwk = input as Readonly<Record<string, unknown>>;
  if (jwk['kty'] === 'oct') throw new JwkError('forbidden', 'a symmetric key (kty oct) must never be published');
  const revealed = privateMembers.find((name) => jwk[name] !== undefined);
  if (revealed !== undefined)
    throw new JwkError('forbidden', `member '${revealed}' is of a private key: publish the public half only`);
  const key: PublicJwk = { kty: keyType(jwk['kty']), ...textMembers(jwk, [...members, 'kid', 'alg']) };
  checkPurpose(jwk);
  checkStrength(key);
  if (key.alg !== undefined && algorithmsOf(key).length === 0)
    throw new JwkError('unusable', `alg ${shown(key.alg)} is not supported for a key of kty ${key.kty}`);
  return key;
}

/** The algorithms that a key can verify: the one that it names, or all of its type. */
export function algorithmsOf({ kty, alg }: PublicJwk): readonly string[] {
  const possible = { RSA: ['RS256', 'PS256'], EC: ['ES256'], OKP: ['EdDSA', 'Ed25519'] }[kty];
  return alg === undefined ? possible : possible.filter((name) => isSameAlgorithm(name, alg));
}

/** RFC 9864 §2.2: EdDSA with curve Ed25519, the only one here, has two names. */
export function isSameAlgorithm(one: string, other: string): boolean {
  const name = (algorithm: string) => (algorithm === 'EdDSA' ? 'Ed25519' : algorithm);
  return name(one) === name(other);
}

const keyObjects = new WeakMap<PublicJwk, KeyObject>();

/** A key ready to verify with; made once for each object. */
export function publicKeyOf(key: PublicJwk): KeyObject {
  const known = keyObjects.get(key);
  if (known !== undefined) return known;
  const { kid: _kid, alg: _alg, ...material } = key;
  const made = createPublicKey({ key: material, format: 'jwk' });
  keyObjects.set(key, made);
  return made;
}

function keyType(kty: unknown): PublicJwk['kty'] {
  if (kty === 'RSA' || kty === 'EC' || kty === 'OKP') return kty;
  throw new JwkError('unusable', `kty ${shown(kty)} is not supported; use OKP, EC or RSA`);
}

function textMembers(
  jwk: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const found = names.flatMap((name): [string, string][] => {
    const value = jwk[name];
    if (value === undefined) return [];
    if (typeof value !== 'string' || value.length > maximumMemberLength || /[^\x20-\x7e]/.test(value))
      throw new JwkError('forbidden', `member '${name}' must be a string of printable characters`);
    return [[name, value]];
  });
  return Object.fromEntries(found);
}

// RFC 7517 §4.2, §4.3: a key that is meant for something else is not used for signatures.
function checkPurpose({ use, key_ops: operations }: Readonly<Record<string, unknown>>): void {
  if (use !== undefined && use !== 'sig') throw new JwkError('unusable', `use ${shown(use)} is not sig`);
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    throw new JwkError('unusable', 'key_ops does not include verify');
}

function checkStrength(key: PublicJwk): void {
  const { asymmetricKeyType, asymmetricKeyDetails: details = {} } = keyObject(key);
  const modulus = details.modulusLength ?? 0;
  if (asymmetricKeyType === 'rsa' && (modulus < 2048 || modulus > maximumModulusBits))
    throw new JwkError('unusable', `an RSA key has 2048 to ${maximumModulusBits} bits, not ${modulus}`);
  // With an exponent of 1 a signature is its own message.
  if (asymmetricKeyType === 'rsa' && (details.publicExponent ?? 0n) < 65_537n)
    throw new JwkError('unusable', 'the public exponent e is below 65537');
}

function keyObject(key: PublicJwk): KeyObject {
  if (key.kty === 'EC' && key.crv !== 'P-256') throw new JwkError('unusable', 'an EC key must be on curve P-256');
  if (key.kty === 'OKP' && key.crv !== 'Ed25519') throw new JwkError('unusable', 'an OKP key must be on curve Ed25519');
  try {
    return publicKeyOf(key);
  } catch {
    throw new JwkError('forbidden', 'its members do not make a key');
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 50)}'` : 'of another type';
}
