import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { CompactSign } from 'jose/jws/compact/sign';

/** A key pair of a client that authenticates by assertions. @see RFC 7523 §2.2 */
export class TestClientKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** The public half, as a client registers it. */
  readonly jwks: { readonly keys: readonly JsonWebKey[] };

  private constructor(algorithm: string, keyId: string, pair: { publicKey: KeyObject; privateKey: KeyObject }) {
    this.algorithm = algorithm;
    this.keyId = keyId;
    this.privateKey = pair.privateKey;
    this.jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: keyId }] };
  }

  /** @param algorithm EdDSA, ES256, RS256 or PS256 */
  static generate(algorithm = 'EdDSA', keyId = 'key-1'): TestClientKey {
    switch (algorithm) {
      case 'ES256':
        return new TestClientKey(algorithm, keyId, generateKeyPairSync('ec', { namedCurve: 'P-256' }));
      case 'RS256':
      case 'PS256':
        return new TestClientKey(algorithm, keyId, generateKeyPairSync('rsa', { modulusLength: 2048 }));
      default:
        return new TestClientKey(algorithm, keyId, generateKeyPairSync('ed25519'));
    }
  }

  /** A JWT with exactly these claims. @param header replaces members of the usual one; `undefined` leaves one out */
  sign(claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: this.algorithm, typ: 'JWT', kid: this.keyId, ...header })
      .sign(this.privateKey);
  }
}

/** An assertion as request parameters. */
export function assertionParameters(jwt: string): { client_assertion: string; client_assertion_type: string } {
  return {
    client_assertion: jwt,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
}
