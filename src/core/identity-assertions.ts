/** Where the keys of an issuer come from. */
export type IssuerKeys =
  /** An https URL, fetched through the guarded fetcher: needs `egress`. */
  | { readonly url: string }
  /** A file with a JWK Set, read again when it changes: for sites that reach nothing. */
  | { readonly file: string }
  /** The JWK Set itself. */
  | { readonly jwks: { readonly keys: readonly object[] } };

/** An identity provider whose assertions are taken. @see MCP extension Enterprise-Managed Authorization §5.1 */
export interface TrustedIssuer {
  /** Its `iss`, compared byte for byte. */
  readonly issuer: string;
  readonly keys: IssuerKeys;
  /** JWS algorithms that it signs with. Default: EdDSA, ES256, RS256 and PS256. */
  readonly algorithms?: readonly string[];
  /** The `aud` that it calls this server by. Default: the issuer identifier of this server. */
  readonly audience?: string;
  /** Ids of the clients that may present its assertions. Default: every client that has the grant. */
  readonly clients?: readonly string[];
  /** Its `acr` values that mean what they mean here: tokens carry these, and no others. Default: none. */
  readonly acrValues?: readonly string[];
  /** Longest lifetime of the access tokens, in milliseconds. Default: as the resource says. */
  readonly accessTokenLifetime?: number;
}

/** Whose identity assertions are taken, and how old they may be. Times are milliseconds. */
export interface IdentityAssertionOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** Longest time that an assertion may be valid for, and for which its `jti` is kept. Default: 10 minutes. */
  readonly longestAssertion?: number;
  /** How far the clocks of issuers may be off. Default: 30 seconds. */
  readonly leeway?: number;
}

/** Whom an identity assertion turned out to be of. */
export interface AssertedUser<Subject extends string = string> {
  readonly subject: Subject;
  /** The scopes that the user may grant. Absent: all. */
  readonly grantableScopes?: readonly string[] | undefined;
}
