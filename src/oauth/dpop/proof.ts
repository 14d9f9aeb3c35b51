import * as errors from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import * as z from 'zod';
import { OAuthError } from '../../core/errors.ts';
import { hashSecret } from '../../core/hash.ts';
import type { ProofTarget } from '../token/sender-constraint.ts';
import { proofAlgorithms, readProofKey } from './proof-key.ts';
import { isSameTarget } from './same-target.ts';

/** Longest proof in characters: one with an RSA key of 4096 bits has fewer than 3000. */
const maximumProofLength = 8192;

const proofClaims = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string().optional(),
  nonce: z.string().optional(),
});

/**
 * Proof that a request was made by the holder of a key, for its method, its URL and its access token, a short time ago.
 * Whether it was made for another request already is for whoever spends it.
 */
export class DpopProof {
  readonly #keyThumbprint: string;
  readonly #claims: z.output<typeof proofClaims>;

  private constructor(keyThumbprint: string, claims: z.output<typeof proofClaims>) {
    this.#keyThumbprint = keyThumbprint;
    this.#claims = claims;
  }

  /**
   * Verifies the `DPoP` header of a request, in this order: one header, of bearable length → a JWT with an allowed
   * algorithm and its public key → the key that the access token is bound to → signature, type → method, URL, access
   * token → time.
   * @param lifetime how far its time may be from `now`, in milliseconds
   * @throws OAuthError `invalid_dpop_proof`, or `invalid_token` for another key than the token's
   * @see RFC 9449 §4.3
   */
  static async verify(request: Request, target: ProofTarget, now: number, lifetime: number): Promise<DpopProof> {
    const { thumbprint, payload } = await verifiedJwt(compactJwt(request.headers.get('dpop')), target, now);
    const parsed = proofClaims.safeParse(payload);
    if (!parsed.success) {
      const claim = String(parsed.error.issues[0]?.path[0] ?? 'payload');
      throw refused(`its claim ${claim} is missing or malformed`);
    }
    const claims = parsed.data;
    if (claims.htm !== request.method) throw refused(`htm must be ${request.method}, the method of the request`);
    if (!isSameTarget(claims.htu, target.url)) throw refused(`htu must be ${target.url}`);
    if (target.accessToken !== undefined && claims.ath !== hashSecret(target.accessToken.token))
      throw refused('ath must be the SHA-256 of the access token, in base64url');
    if (Math.abs(now - claims.iat * 1000) > lifetime)
      throw refused(
        `iat is more than ${lifetime / 1000} seconds off; make a proof for each request, and set the clock`,
      );
    return new DpopProof(thumbprint, claims);
  }

  /** @see RFC 7638 */
  get keyThumbprint(): string {
    return this.#keyThumbprint;
  }

  /** Its `jti`, unique among the proofs of one key. */
  get identifier(): string {
    return this.#claims.jti;
  }

  get nonce(): string | undefined {
    return this.#claims.nonce;
  }

  /** Milliseconds since the epoch. */
  get issuedAt(): number {
    return this.#claims.iat * 1000;
  }
}

// RFC 9449 §4.3: not more than one DPoP header. Two of them arrive as one, joined by a comma.
function compactJwt(header: string | null): string {
  if (header === null) throw refused('the DPoP header is missing');
  if (header.length > maximumProofLength) throw refused(`it is longer than ${maximumProofLength} characters`);
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(header)) throw refused('send one DPoP header with one signed JWT');
  return header;
}

async function verifiedJwt(
  jwt: string,
  { accessToken }: ProofTarget,
  now: number,
): Promise<{ readonly thumbprint: string; readonly payload: unknown }> {
  let thumbprint = '';
  try {
    const { payload } = await jwtVerify(
      jwt,
      async ({ alg, jwk }) => {
        const proofKey = await readProofKey(alg, jwk);
        // Before the signature is looked at: whoever has no key of ours is not worth the work.
        if (accessToken !== undefined && proofKey.thumbprint !== accessToken.keyThumbprint)
          throw new OAuthError('invalid_token', 'the access token is bound to another key than that of the DPoP proof');
        thumbprint = proofKey.thumbprint;
        return proofKey.key;
      },
      { algorithms: [...proofAlgorithms], typ: 'dpop+jwt', currentDate: new Date(now) },
    );
    return { thumbprint, payload };
  } catch (error) {
    throw error instanceof OAuthError ? error : refused(whyRefused(error));
  }
}

function whyRefused(error: unknown): string {
  if (error instanceof errors.JOSEAlgNotAllowed) return `alg must be one of ${proofAlgorithms.join(', ')}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is not of the key in its header';
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'typ' ? 'typ must be dpop+jwt' : `its claim ${error.claim} is not valid`;
  return 'it is not a well-formed JWT that this server can verify';
}

function refused(what: string): OAuthError {
  return new OAuthError('invalid_dpop_proof', `the DPoP proof is refused: ${what}`);
}
