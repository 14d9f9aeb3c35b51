import type { IssuerKeys } from './identity-assertions.ts';

/** Keys that nobody but the administrator can change: never a URL. */
export type PinnedKeys = Exclude<IssuerKeys, { readonly url: string }>;

/** Somebody whose statements about clients are taken. @see RFC 7591 §2.3 */
export interface StatementIssuer {
  /** The `iss` of its statements, compared byte for byte. */
  readonly issuer: string;
  readonly keys: PinnedKeys;
  /** JWS algorithms that it signs with. Default: EdDSA, ES256, RS256 and PS256. */
  readonly algorithms?: readonly string[];
  /** The `aud` that its statements must have. Default: none is needed; where there is one, it must be this server's. */
  readonly audience?: string;
  /** Client metadata that its statements may set; one that sets more is refused. Default: all. */
  readonly claims?: readonly string[];
  /** Client metadata that its statements must set. Default: `redirect_uris`. */
  readonly requiredClaims?: readonly string[];
  /** Whether its statements let a client in where the registration policy asks for a token or an approval. Default: false. */
  readonly admits?: boolean;
  /** How long after its `iat` a statement is taken, in milliseconds. Default: until its `exp`, which it then must have. */
  readonly maximumAge?: number;
}

/** Whose software statements are taken when clients register. */
export interface SoftwareStatementOptions {
  readonly issuers: readonly StatementIssuer[];
  /** Whether every client that registers needs one. Default: false. */
  readonly required?: boolean;
  /** How far the clocks of issuers may be off, in milliseconds. Default: 30 seconds. */
  readonly leeway?: number;
}
