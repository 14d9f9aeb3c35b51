import type { AssertedUser } from './core/identity-assertions.ts';
import type { ClientId, SecretHash, Subject } from './core/ids.ts';
import type {
  AccessToken,
  AuthorizationCode,
  Client,
  DeviceAuthorization,
  DevicePoll,
  PushedRequest,
  RefreshToken,
  RevocableToken,
  SingleUseIdentifier,
} from './core/records.ts';
import type { RedeemableCode } from './oauth/authorization-code/redeem.ts';
import type { AuthorizeRequest } from './oauth/authorization-code/request.ts';
import type { RedeemableDeviceCode } from './oauth/device/redeem.ts';
import type { VerifiedAssertion } from './oauth/identity-assertion/verified-assertion.ts';
import type { RedeemableRefreshToken } from './oauth/refresh-token/rotate.ts';
import type { DecidedGrant } from './oauth/token/decided-grant.ts';
import type { TokenSet } from './oauth/token/token-set.ts';

/**
 * What a subclass of `OAuthProvider` implements: the abstract methods, and of the others those whose capability it wants
 * to offer. Each is called only after the checks that its comment names.
 */
export abstract class ProviderMethods {
  /** The client with this id, or `undefined`. An outage throws. */
  abstract getClient(clientId: ClientId): Promise<Client | undefined>;

  /**
   * Stores a new client. Its metadata is validated (RFC 7591) and its secret already hashed.
   * @throws OAuthError with a code of RFC 7591 §3.2.2 to refuse it by policy
   */
  abstract registerClient(client: Client): Promise<void>;

  /**
   * Stores a new client with `admission: 'pending'`, which `getClient` must hand out until an administrator has approved it.
   * For the registration policy `approval`.
   */
  registerPendingClient?(client: Client): Promise<void>;

  /**
   * Stores a new client and counts one use of its initial access token, in one atomic step. For the policy `token`.
   * @returns whether the token could be used; where not, or where this throws as `registerClient` does, nothing changes
   */
  registerInvitedClient?(client: Client, token: SecretHash): Promise<boolean>;

  /**
   * Replaces what a client says of itself, in one atomic step. RFC 7592 is offered with this and `endRegistration`.
   * @returns whether it was there as `before`, which `getClient` handed out, and not waiting for approval
   */
  replaceRegistration?(client: Client, before: Client): Promise<boolean>;

  /** Removes a client with its codes, grants and tokens, in one atomic step. @returns whether it was there */
  endRegistration?(client: Client): Promise<boolean>;

  /**
   * Signs the user in and asks for consent, or says where that happens. The client is known, its redirect URI matched,
   * PKCE, scope and resource checked. Who is signed in already has to do so again where it was longer ago than `maxAge`.
   * @returns where the browser goes next: a page of yours, or the `redirectTo` of `issueCode`
   * @throws OAuthError such as `access_denied`, which is then sent to the client
   */
  abstract authorize(client: Client, request: AuthorizeRequest): Promise<URL>;

  /** The code's record, found by `hashSecret(code)`, spent ones included; or `undefined`. The client is authenticated. */
  abstract loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined>;

  /**
   * Spends the code and stores the tokens in one atomic step. Client, redirect URI, PKCE, resource and expiry are checked.
   * @throws AlreadySpentError where another request spent it first; the base class then revokes what that one got
   */
  abstract exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet>;

  /** The token's record, found by `hashSecret(token)`, rotated ones included; or `undefined` where unknown or revoked. */
  abstract loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined>;

  /**
   * Rotates the refresh token in one atomic step. `scopes` are the access token's, never wider than the grant's.
   * @throws AlreadySpentError on reuse; the base class then revokes the family
   */
  abstract exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet>;

  /** The access token's record, or `undefined` where it is unknown or revoked. Expiry and audience are checked later. */
  abstract loadAccessToken(token: string): Promise<AccessToken | undefined>;

  /** Kills the token with the grant it belongs to: its codes, refresh tokens and access tokens. Ownership is checked. */
  abstract revokeToken(token: RevocableToken): Promise<void>;

  /**
   * Stores a grant that a grant handler decided on there and then, and issues its one access token: for machine clients,
   * assertions and exchanged tokens, which are not advertised where this is not implemented.
   * @throws OAuthError `invalid_grant` where the client or the user has gone since
   */
  issueAccessToken?(client: Client, decided: DecidedGrant): Promise<TokenSet>;

  /**
   * Remembers an identifier that counts once, until it expires, and resolves to whether it was new: of any number of
   * concurrent calls, in any number of processes, one. What needs it is not advertised where it is not implemented.
   */
  spendIdentifier?(identifier: SingleUseIdentifier): Promise<boolean>;

  /**
   * The user whom a trusted issuer asserts: found by `issuer` and `subject` together, never by a name or an address that the
   * issuer alone vouches for. Signature, audience, client, resource and age of the assertion are checked, and it is spent.
   * Identity assertions are not advertised where this is not implemented.
   * @returns `undefined` where it is nobody's here, or the user may not sign in
   */
  subjectOfAssertion?(client: Client, assertion: VerifiedAssertion): Promise<AssertedUser<Subject> | undefined>;

  /**
   * Keeps an authorization request that its client sent ahead, until it expires. It has passed every check of `/authorize`.
   * Pushed requests are not advertised where this or `takePushedRequest` is not implemented.
   * @throws OAuthError `temporarily_unavailable` where there is no room for it
   */
  pushAuthorizationRequest?(client: Client, pushed: PushedRequest): Promise<void>;

  /**
   * Hands out the pushed request of this client with this hash and forgets it, in one atomic step: of any number of
   * concurrent calls, in any number of processes, one gets it. For the request of another client it changes nothing.
   * @returns `undefined` where it is unknown, taken, or another client's
   */
  takePushedRequest?(client: Client, hash: SecretHash): Promise<PushedRequest | undefined>;

  /**
   * Stores a client that a metadata document describes, in place of what was stored of it. Its id is the document's URL,
   * which all its installs share: grants of it stay as they are. `getClient` finds it from then on. Clients with such ids
   * are not accepted, and their support is not advertised, where this is not implemented.
   * @throws OAuthError `temporarily_unavailable` where there is no room for it
   */
  rememberClient?(client: Client): Promise<void>;

  /** The text of a metadata document that an administrator brought in for this client id: it is not fetched then. */
  importedDocument?(clientId: ClientId): Promise<string | undefined>;

  /** Whether there are such documents: without egress, support is advertised only then. */
  hasImportedDocuments?(): boolean;

  /**
   * Keeps a device's request until it expires, for its user to decide on at your page of `settings.paths.device`. It is
   * checked. Devices are not accepted where this or one of the next two is not implemented.
   * @returns whether it was kept: `false` where its user code was handed out before, and is then drawn anew
   * @throws OAuthError `temporarily_unavailable` where there is no room for it
   */
  startDeviceAuthorization?(client: Client, request: DeviceAuthorization): Promise<boolean>;

  /**
   * Counts a poll with the device code of this hash, and tells what became of the request, spent codes included. In one
   * atomic step: a poll before the interval is over, in whatever process, is `too_soon` and adds five seconds to it.
   * @returns `undefined` where it is unknown, another client's, or its grant was revoked
   */
  pollDeviceAuthorization?(client: Client, hash: SecretHash): Promise<DevicePoll | undefined>;

  /** The same as `exchangeAuthorizationCode` for a device code. Client, approval and expiry are checked. */
  exchangeDeviceCode?(client: Client, code: RedeemableDeviceCode): Promise<TokenSet>;

  /** Public signing keys as JWKs, for subclasses whose access tokens are JWTs. Not implemented: `/jwks.json` does not exist. */
  publicKeys?(): Promise<readonly Readonly<Record<string, unknown>>[]>;
}
