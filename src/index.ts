export { oauthCapabilities } from './capabilities.ts';
export type { Capability, Route } from './core/capability.ts';
export { type Clock, ManualClock, systemClock } from './core/clock.ts';
export type { EgressSettings } from './core/egress/create.ts';
export { EgressError, type EgressErrorCode } from './core/egress/errors.ts';
export type { FetchedDocument, Fetcher, FetchPurpose, FetchRequest } from './core/egress/fetcher.ts';
export type { Resolver } from './core/egress/resolve.ts';
export type { ProviderEnvironment } from './core/environment.ts';
export { AlreadySpentError, OAuthError, type OAuthErrorCode, oauthErrorCodes } from './core/errors.ts';
export type { EventSink, SecurityEvent, SecurityEventName } from './core/events.ts';
export { fingerprint, hashSecret, secretMatches } from './core/hash.ts';
export type { RequestContext } from './core/http.ts';
export type { AssertedUser, IdentityAssertionOptions, IssuerKeys, TrustedIssuer } from './core/identity-assertions.ts';
export type { ClientId, GrantId, ResourceUri, SecretHash, Subject } from './core/ids.ts';
export { type Random, randomId, randomSecret, systemRandom } from './core/random.ts';
export {
  type AccessToken,
  type Actor,
  type AuthorizationCode,
  type Client,
  type DeviceAuthorization,
  type DeviceCode,
  type DevicePoll,
  type Grant,
  type GrantDetails,
  grantIdOf,
  hasDocument,
  type PushedRequest,
  type RefreshToken,
  type Registrar,
  type RevocableToken,
  type SingleUseIdentifier,
  type StatedSoftware,
} from './core/records.ts';
export type { ProtectedResource, ResourceCatalogue, ResourceDefinition } from './core/resources.ts';
export { ScopeCatalogue, type ScopeDefinition } from './core/scopes.ts';
export {
  type ClientRegistrationOptions,
  defaultLifetimes,
  type Lifetimes,
  type OAuthProviderOptions,
  type ProviderSettings,
} from './core/settings.ts';
export { AcrValues, type SignIn, type SignInDemand } from './core/sign-in-demand.ts';
export type { PinnedKeys, SoftwareStatementOptions, StatementIssuer } from './core/software-statements.ts';
export { ConfigurationError } from './core/urls.ts';
export { type IssuedCode, issueCode } from './oauth/authorization-code/approve.ts';
export type { RedeemableCode } from './oauth/authorization-code/redeem.ts';
export { ValidatedRedirectUri } from './oauth/authorization-code/redirect-uri.ts';
export type { AuthorizeRequest, Prompt } from './oauth/authorization-code/request.ts';
export type { AuthenticateOptions, Authentication } from './oauth/bearer/authenticate.ts';
export type { VerifiedAccessToken } from './oauth/bearer/verified-access-token.ts';
export { machineClient, type NewMachineClient } from './oauth/client-credentials/machine-client.ts';
export type { RedeemableDeviceCode } from './oauth/device/redeem.ts';
export type { VerifiedAssertion } from './oauth/identity-assertion/verified-assertion.ts';
export type { RedeemableRefreshToken } from './oauth/refresh-token/rotate.ts';
export { type ApprovedAuthorization, approvedGrant } from './oauth/token/approved-grant.ts';
export { ConsumedGrant } from './oauth/token/consumed-grant.ts';
export type { DecidedGrant } from './oauth/token/decided-grant.ts';
export { accessTokenFor, mintSecret, refreshTokenFor } from './oauth/token/mint.ts';
export { TokenSet } from './oauth/token/token-set.ts';
export type { PortcullisConfig } from './portcullis/config.ts';
export { Portcullis, type PortcullisRuntime } from './portcullis/portcullis.ts';
export { OAuthProvider } from './provider.ts';
