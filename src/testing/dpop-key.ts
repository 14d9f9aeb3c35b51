import { constants, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import { randomId, systemRandom } from '../core/random.ts';

export type DpopTestAlgorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256';

/** What a proof is made for. `undefined` in `header` or `claims` leaves a member out. */
export interface ProofRequest {
  /** Default: POST. */
  readonly method?: string;
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly accessToken?: string;
  readonly nonce?: string;
  /** Further or other members of the JOSE header. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Further or other claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A client's key, and proofs of its possession: right ones, and wrong ones where told to. @see RFC 9449 §4.2 */
export class DpopTestKey {
  readonly algorithm: DpopTestAlgorithm;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  /** @see RFC 7638 */
  readonly thumbprint: string;
  readonly privateKey: KeyObject;

  constructor(algorithm: DpopTestAlgorithm = 'ES256') {
    const { publicKey, privateKey } = keyPair(algorithm);
    this.algorithm = algorithm;
    this.privateKey = privateKey;
    this.publicJwk = { ...publicKey.export({ format: 'jwk' }) };
    this.thumbprint = hash('sha256', JSON.stringify(requiredMembers(this.publicJwk)), 'base64url');
  }

  proof({ method = 'POST', url, now, accessToken, nonce, header, claims }: ProofRequest): string {
    const protectedHeader = { alg: this.algorithm, typ: 'dpop+jwt', jwk: this.publicJwk, ...header };
    const payload = {
      jti: randomId(systemRandom),
      htm: method,
      htu: url,
      iat: Math.floor(now / 1000),
      ath: accessToken === undefined ? undefined : hash('sha256', accessToken, 'base64url'),
      nonce,
      ...claims,
    };
    const input = `${encoded(protectedHeader)}.${encoded(payload)}`;
    return `${input}.${this.#signature(input).toString('base64url')}`;
  }

  #signature(input: string): Buffer {
    const data = Buffer.from(input);
    switch (this.algorithm) {
      case 'ES256':
        return sign('sha256', data, { key: this.privateKey, dsaEncoding: 'ieee-p1363' });
      case 'EdDSA':
        return sign(null, data, this.privateKey);
      case 'RS256':
        return sign('sha256', data, this.privateKey);
      case 'PS256':
        return sign('sha256', data, {
          key: this.privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        });
    }
  }
}

function keyPair(algorithm: DpopTestAlgorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

/** In the order of their names, as RFC 7638 §3 hashes them. */
function requiredMembers({ crv, e, kty, n, x, y }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { crv, e, kty, n, x, y };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
