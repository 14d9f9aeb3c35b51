import type { ClientId, GrantId, ResourceUri, SecretHash, Subject } from './ids.ts';
import type { PublicJwk } from './public-jwk.ts';

export type TokenEndpointAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
export type ApplicationType = 'native' | 'web';

/** The keys of a client that signs: one of the first two, where its method asks for keys. @see RFC 7591 §2 */
export interface ClientKeys {
  readonly jwks?: { readonly keys: readonly PublicJwk[] };
  /** Where its keys are fetched from. */
  readonly jwksUri?: string;
  /** The one JWS algorithm of its assertions. Absent: any that its keys can have. */
  readonly tokenEndpointAuthSigningAlg?: string;
}

/**
 * How a client came to be known. `dynamic`: it registered itself. `administrator`: an administrator added it.
 * `metadata_document`: by the document at the URL that is its id. `imported_document`: by such a document that an
 * administrator brought in.
 */
export type Registrar = 'dynamic' | 'administrator' | 'metadata_document' | 'imported_document';

/**
 * `pending`: an administrator has to approve the client before it can do anything. `approved`: one did. `invited`: it came
 * with an initial access token. `vouched`: a software statement of an issuer whose statements admit clients let it in.
 */
export type Admission = 'pending' | 'approved' | 'invited' | 'vouched';

/** What a trusted issuer stated of a client. @see RFC 7591 §2.3 */
export interface StatedSoftware {
  /** The signed statement, unmodified: the client is shown it again (RFC 7591 §3.2.1). */
  readonly statement: string;
  readonly issuer: string;
  /** The `software_id` that it states. */
  readonly softwareId?: string;
}

/**
 * A registered client, as stored. Times are milliseconds since the epoch.
 * @see RFC 7591 §2
 */
export interface Client extends ClientKeys {
  readonly clientId: ClientId;
  /** Present exactly for clients whose method is a secret. */
  readonly clientSecretHash?: SecretHash;
  /** Absent: the secret never expires. */
  readonly clientSecretExpiresAt?: number;
  /** The secret that the present one replaced: accepted beside it until it expires. */
  readonly previousSecret?: { readonly hash: SecretHash; readonly expiresAt: number };
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  readonly responseTypes: readonly string[];
  /** The scopes that the client may ask for. */
  readonly scopes: readonly string[];
  /** It may authorize only by requests that it pushed (RFC 9126 §6). */
  readonly requirePushedRequests?: boolean;
  /** Unless it is an administrator, nothing that the client says of itself is verified. */
  readonly registeredBy: Registrar;
  /** When it was registered, or its metadata document was last accepted. */
  readonly issuedAt: number;
  /** How one that registered itself was let in, where registration was not simply open. */
  readonly admission?: Admission;
  /** What it registered with, where that was a software statement: what this says of it, its issuer vouches for. */
  readonly software?: StatedSoftware;
  /** Of its registration access token, where it may manage its registration (RFC 7592 §3). */
  readonly registrationTokenHash?: SecretHash;
  readonly applicationType?: ApplicationType;
  readonly clientName?: string;
  readonly clientUri?: string;
  readonly logoUri?: string;
  readonly tosUri?: string;
  readonly policyUri?: string;
  readonly contacts?: readonly string[];
  readonly softwareId?: string;
  readonly softwareVersion?: string;
  /** Whether it wants no tokens but such that are bound to a key of its own (RFC 9449 §5.2). */
  readonly dpopBoundAccessTokens?: boolean;
}

/** Whether an administrator vouches for a client: added it, or brought its metadata document in. */
export function isVerified({ registeredBy }: Pick<Client, 'registeredBy'>): boolean {
  return registeredBy === 'administrator' || registeredBy === 'imported_document';
}

/** Whether a client is described by a metadata document: its id is the document's URL, which all its installs share. */
export function hasDocument({ registeredBy }: Pick<Client, 'registeredBy'>): boolean {
  return registeredBy === 'metadata_document' || registeredBy === 'imported_document';
}

/** Who acts for a token's subject, and for whom that one acted before. @see RFC 8693 §4.1 */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

/** What a grant says beside whom, what and for whom. A subclass stores it as it is; it ends up in tokens as claims. */
export interface GrantDetails {
  /** RFC 7638 thumbprint of the key that every token of the grant is bound to (RFC 9449 §6). */
  readonly keyThumbprint?: string;
  /** How strongly the user was authenticated (RFC 9470 §6). */
  readonly acr?: string;
  /** By what means (RFC 8176). */
  readonly amr?: readonly string[];
  readonly actor?: Actor;
}

/**
 * One user's approval of one client for one resource: what a code opens, what tokens hang on, what is revoked. Where
 * nobody was asked (machine clients, assertions, exchanged tokens) it stands for the request that was allowed.
 */
export interface Grant extends GrantDetails {
  readonly grantId: GrantId;
  /** The grant that it was made from, by token exchange: with that one it ends. */
  readonly rootGrantId?: GrantId;
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

/** An authorization request that its client sent ahead, as stored: by the hash of the secret in its `request_uri`. */
export interface PushedRequest {
  readonly hash: SecretHash;
  readonly clientId: ClientId;
  /** Its parameters, form-encoded, without the client's credentials. */
  readonly parameters: string;
  readonly expiresAt: number;
}

/** A device's request for authorization, as stored: its device code by the hash, its user code not in the clear either. */
export interface DeviceAuthorization {
  /** Of the device code. */
  readonly hash: SecretHash;
  /** What the user enters: eight letters. Store it so that whoever reads the store cannot try all of them out. */
  readonly userCode: string;
  readonly clientId: ClientId;
  readonly scopes: readonly string[];
  readonly resource: ResourceUri;
  /** Where the request came from, for the user to judge; absent where the host cannot tell. */
  readonly clientAddress?: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Milliseconds that the device has to wait between two polls; a poll that comes too soon adds five seconds. */
  readonly interval: number;
}

/** A device code that its user has approved, as stored. */
export interface DeviceCode {
  readonly kind: 'device_code';
  readonly hash: SecretHash;
  readonly grant: Grant;
  readonly expiresAt: number;
  /** Set once it has been redeemed. A spent code is kept, so that a replay is recognised. */
  readonly spentAt?: number;
}

/** What a poll of a device came to. `too_soon`: its user has not decided yet, and its interval has grown. */
export type DevicePoll = DeviceCode | { readonly kind: 'pending' | 'too_soon' | 'denied' | 'expired' };

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
  /** RFC 7638 thumbprint of the key that its redemption must prove (RFC 9449 §10). Absent: any key, or none. */
  readonly keyThumbprint?: string;
  readonly expiresAt: number;
  /** Set once it has been redeemed. A spent code is kept, so that a replay is recognised. */
  readonly spentAt?: number;
}

/** A refresh token as stored. All tokens of one grant are one family. */
export interface RefreshToken {
  readonly kind: 'refresh_token';
  readonly hash: SecretHash;
  readonly grant: Grant;
  /** RFC 7638 thumbprint of the key whose holder alone may use it: a public client's (RFC 9449 §5). */
  readonly keyThumbprint?: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** An access token, found in a store or read from a verified JWT. */
export interface AccessToken {
  readonly kind: 'access_token';
  /** The grant it hangs on: revoking the grant kills it. */
  readonly grantId: GrantId;
  /** The grant that its grant was made from, whose revocation kills it too. */
  readonly rootGrantId?: GrantId;
  readonly clientId: ClientId;
  readonly subject: Subject;
  readonly scopes: readonly string[];
  /** The `aud`: the one resource at which it is valid. */
  readonly resource: ResourceUri;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** JWT id, or the hash of an opaque token. */
  readonly tokenId: string;
  /** RFC 7638 thumbprint of the key whose holder alone may use it (RFC 9449 §6). Absent: a bearer token. */
  readonly keyThumbprint?: string;
  /** Further facts for the application, such as the user's name. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What `revokeToken` may be handed. */
export type RevocableToken = AuthorizationCode | DeviceCode | RefreshToken | AccessToken;

/** Something that a client or another issuer said may be presented once: the `jti` of an assertion or a proof. */
export interface SingleUseIdentifier {
  /** What it was presented as; the same identifier may be spent once for each. */
  readonly purpose: string;
  /** Who made it: identifiers of different issuers never meet. */
  readonly issuer: string;
  readonly identifier: string;
  /** The first moment at which it could have been presented, milliseconds since the epoch. */
  readonly usableFrom: number;
  /** When it could not be presented any more anyway, milliseconds since the epoch. */
  readonly expiresAt: number;
}
