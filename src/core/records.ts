import type { ClientId, GrantId, ResourceUri, SecretHash, Subject } from './ids.ts';

export type TokenEndpointAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post';
export type ApplicationType = 'native' | 'web';

/**
 * A registered client, as stored. Times are milliseconds since the epoch.
 * @see RFC 7591 §2
 */
export interface Client {
  readonly clientId: ClientId;
  /** Present exactly for confidential clients. */
  readonly clientSecretHash?: SecretHash;
  /** Absent: the secret never expires. */
  readonly clientSecretExpiresAt?: number;
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  readonly responseTypes: readonly string[];
  /** The scopes that the client may ask for. */
  readonly scopes: readonly string[];
  /** `dynamic`: it registered itself, so nothing it says of itself is verified. */
  readonly registeredBy: 'dynamic' | 'administrator';
  readonly issuedAt: number;
  readonly applicationType?: ApplicationType;
  readonly clientName?: string;
  readonly clientUri?: string;
  readonly logoUri?: string;
  readonly tosUri?: string;
  readonly policyUri?: string;
  readonly contacts?: readonly string[];
  readonly softwareId?: string;
  readonly softwareVersion?: string;
}

/**
 * One user's approval of one client for one resource: what a code opens, what tokens hang on, what is revoked.
 */
export interface Grant {
  readonly grantId: GrantId;
  readonly clientId: ClientId;
  readonly subject: Subject;
  readonly scopes: readonly string[];
  readonly resource: ResourceUri;
  /** When the user signed in, milliseconds since the epoch. */
  readonly authenticatedAt: number;
  /** When the user approved it, milliseconds since the epoch: its absolute lifetime counts from here. */
  readonly approvedAt: number;
}

/** The grant that a token belongs to. */
export function grantIdOf(token: RevocableToken): GrantId {
  return token.kind === 'access_token' ? token.grantId : token.grant.grantId;
}

/** An authorization code as stored: by its hash, with everything that its redemption must match. */
export interface AuthorizationCode {
  readonly kind: 'authorization_code';
  readonly hash: SecretHash;
  readonly grant: Grant;
  readonly redirectUri: string;
  /** Whether the authorization request named `redirect_uri`: then the token request must name it again. */
  readonly redirectUriWasSent: boolean;
  /** PKCE S256 challenge; never absent. */
  readonly codeChallenge: string;
  readonly expiresAt: number;
  /** Set once it has been redeemed. A spent code is kept, so that a replay is recognised. */
  readonly spentAt?: number;
}

/** A refresh token as stored. All tokens of one grant are one family. */
export interface RefreshToken {
  readonly kind: 'refresh_token';
  readonly hash: SecretHash;
  readonly grant: Grant;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** An access token, found in a store or read from a verified JWT. */
export interface AccessToken {
  readonly kind: 'access_token';
  /** The grant it hangs on: revoking the grant kills it. */
  readonly grantId: GrantId;
  readonly clientId: ClientId;
  readonly subject: Subject;
  readonly scopes: readonly string[];
  /** The `aud`: the one resource at which it is valid. */
  readonly resource: ResourceUri;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** JWT id, or the hash of an opaque token. */
  readonly tokenId: string;
  /** Further facts for the application, such as the user's name. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What `revokeToken` may be handed. */
export type RevocableToken = AuthorizationCode | RefreshToken | AccessToken;
