import type { ProviderEnvironment } from '../core/environment.ts';
import { AlreadySpentError, OAuthError } from '../core/errors.ts';
import { hashSecret } from '../core/hash.ts';
import type { AssertedUser } from '../core/identity-assertions.ts';
import type { ClientId, SecretHash, Subject } from '../core/ids.ts';
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
} from '../core/records.ts';
import type { OAuthProviderOptions } from '../core/settings.ts';
import { ConfigurationError } from '../core/urls.ts';
import type { RedeemableCode } from '../oauth/authorization-code/redeem.ts';
import type { AuthorizeRequest } from '../oauth/authorization-code/request.ts';
import type { RedeemableDeviceCode } from '../oauth/device/redeem.ts';
import type { VerifiedAssertion } from '../oauth/identity-assertion/verified-assertion.ts';
import type { RedeemableRefreshToken } from '../oauth/refresh-token/rotate.ts';
import { identifierHash } from '../oauth/single-use/identifier-hash.ts';
import { approvedGrant } from '../oauth/token/approved-grant.ts';
import { ConsumedGrant } from '../oauth/token/consumed-grant.ts';
import { DecidedGrant } from '../oauth/token/decided-grant.ts';
import { accessTokenFor, mintSecret, refreshTokenFor } from '../oauth/token/mint.ts';
import { stillAllowed } from '../oauth/token/resource.ts';
import { TokenSet } from '../oauth/token/token-set.ts';
import { OAuthProvider } from '../provider.ts';
import { MemoryStore, type StoredGrant } from './memory-store.ts';

/** What the absent user "decided". */
export interface AutomaticApproval {
  readonly subject: string;
  /** Default: all that the request asks for. Others are ignored. */
  readonly scopes?: readonly string[];
  /** When the user signed in, milliseconds since the epoch. Default: now. */
  readonly authenticatedAt?: number;
  /** How: one of the provider's `acrValues`. Default: the weakest that will do, where the request asks for any. */
  readonly acr?: string;
  /** By what means (RFC 8176). */
  readonly amr?: readonly string[];
  /** Further facts for the application, found on every access token of this approval. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Decides on an authorization request without asking anybody. Throws `OAuthError`, such as `access_denied`, to refuse. */
export type Approve = (client: Client, request: AuthorizeRequest) => AutomaticApproval | Promise<AutomaticApproval>;

/** Says whom an identity assertion is of. Returns `undefined` for nobody. */
export type MapAssertion = (
  client: Client,
  assertion: VerifiedAssertion,
) => AssertedUser | undefined | Promise<AssertedUser | undefined>;

/** Decides on a device's request in the same way; until it has, the device is told to wait. */
export type ApproveDevice = (
  client: Client,
  request: DeviceAuthorization,
) => AutomaticApproval | Promise<AutomaticApproval>;

export interface InMemoryProviderOptions extends OAuthProviderOptions {
  /** Default: approves everything as `demo-user`. */
  readonly approve?: Approve;
  /** Default: a subject made of the assertion's issuer and subject. */
  readonly mapAssertion?: MapAssertion;
  /** Default: approves everything as `demo-user`. */
  readonly approveDevice?: ApproveDevice;
  /** How many clients are remembered. The oldest one without a live grant makes room for a new one. Default: 1000. */
  readonly maximumClients?: number;
}

/**
 * An authorization server for tests and demonstrations. It signs nobody in: **every request is approved at once**, as
 * `demo-user` unless told otherwise, and everything is forgotten when the process ends. Never use it in production.
 * Apart from that it keeps the whole contract of `OAuthProvider`, and passes its acceptance suite.
 */
export class InMemoryProvider extends OAuthProvider {
  protected readonly store = new MemoryStore();
  readonly #approve: Approve;
  readonly #mapAssertion: MapAssertion;
  readonly #approveDevice: ApproveDevice;
  readonly #maximumClients: number;

  /** @throws ConfigurationError as `OAuthProvider` does */
  constructor(
    { approve, approveDevice, mapAssertion, maximumClients = 1000, ...options }: InMemoryProviderOptions,
    environment: ProviderEnvironment = {},
  ) {
    super(options, environment);
    if (!(Number.isInteger(maximumClients) && maximumClients > 0))
      throw new ConfigurationError('maximumClients must be a whole number above 0');
    this.#approve = approve ?? (() => ({ subject: 'demo-user' }));
    this.#mapAssertion = mapAssertion ?? ((_client, { issuer, subject }) => ({ subject: `${issuer}#${subject}` }));
    this.#approveDevice = approveDevice ?? (() => ({ subject: 'demo-user' }));
    this.#maximumClients = maximumClients;
  }

  override async getClient(clientId: ClientId): Promise<Client | undefined> {
    return this.store.clients.get(clientId);
  }

  override async registerClient(client: Client): Promise<void> {
    if (!this.store.addClient(client, this.#maximumClients, this.clock.now())) {
      throw new OAuthError('temporarily_unavailable', 'no more clients can register at present');
    }
  }

  override async rememberClient(client: Client): Promise<void> {
    if (!this.store.putClient(client, this.#maximumClients, this.clock.now())) {
      throw new OAuthError('temporarily_unavailable', 'no more clients can be remembered at present');
    }
  }

  override async registerPendingClient(client: Client): Promise<void> {
    if (!this.store.addPendingClient(client, this.#maximumClients, this.clock.now()))
      throw new OAuthError('temporarily_unavailable', 'too many clients wait for approval at present');
  }

  override async registerInvitedClient(client: Client, token: SecretHash): Promise<boolean> {
    const outcome = this.store.addInvitedClient(client, token, this.#maximumClients, this.clock.now());
    if (outcome === 'full') throw new OAuthError('temporarily_unavailable', 'no more clients can register at present');
    return outcome === 'added';
  }

  /**
   * Makes an initial access token, for the registration policies `token` and `approval`.
   * @param uses how many clients may come with it
   * @param lifetime in milliseconds
   */
  addRegistrationToken(uses = 1, lifetime = 7 * 86_400_000): string {
    const { secret, hash } = mintSecret(this.random);
    this.store.registrationTokens.set(hash, { usesLeft: uses, expiresAt: this.clock.now() + lifetime });
    return secret;
  }

  /** Lets a client in that waits for approval. Resolves to whether one did. */
  async approveClient(clientId: ClientId): Promise<boolean> {
    const client = this.store.clients.get(clientId);
    if (client?.admission !== 'pending') return false;
    this.store.clients.set(clientId, { ...client, admission: 'approved' });
    return true;
  }

  override async replaceRegistration(client: Client, before: Client): Promise<boolean> {
    return this.store.replaceClient(client, before);
  }

  override async endRegistration(client: Client): Promise<boolean> {
    return this.store.deleteClient(client.clientId);
  }

  override async authorize(client: Client, request: AuthorizeRequest): Promise<URL> {
    const approval = await this.#approve(client, request);
    const acr = approval.acr ?? request.acrValues?.[0];
    const { record, redirectTo } = this.issueCode(request, {
      subject: approval.subject as Subject,
      scopes: approval.scopes ?? request.scopes,
      authenticatedAt: approval.authenticatedAt ?? this.clock.now(),
      ...(acr === undefined ? {} : { acr }),
      ...(approval.amr === undefined ? {} : { amr: approval.amr }),
    });
    this.store.addCode(record, approval.claims);
    const { grantId, subject } = record.grant;
    this.report({ name: 'code.issued', clientId: client.clientId, subject, grantId });
    return new URL(redirectTo);
  }

  override async loadAuthorizationCode(_client: Client, code: string): Promise<AuthorizationCode | undefined> {
    return this.store.findCode(hashSecret(code));
  }

  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const stored = this.store.spend(code.hash, this.clock.now());
    if (stored === undefined) throw new AlreadySpentError();
    const tokens = this.#issue(client, ConsumedGrant.claim(code, true), stored);
    this.report({
      name: 'code.redeemed',
      clientId: client.clientId,
      subject: code.grant.subject,
      grantId: code.grant.grantId,
    });
    return tokens;
  }

  override async loadRefreshToken(_client: Client, token: string): Promise<RefreshToken | undefined> {
    return this.store.findRefreshToken(hashSecret(token));
  }

  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    _scopes: readonly string[],
  ): Promise<TokenSet> {
    const rotation = this.store.rotate(token.hash, this.clock.now(), this.environment.lifetimes.refreshTokenGrace);
    const event = { clientId: client.clientId, subject: token.grant.subject, grantId: token.grant.grantId };
    switch (rotation.outcome) {
      case 'reused':
        throw new AlreadySpentError();
      case 'refused':
        throw new OAuthError('invalid_grant', 'the refresh token is revoked, or was presented again too often');
      case 'rotated':
        this.report({ name: 'token.refreshed', ...event });
        break;
      case 'retried':
        this.report({
          name: 'token.refresh_retried',
          ...event,
          reason: 'the previous refresh token came again within the grace',
        });
        break;
    }
    return this.#issue(client, ConsumedGrant.claim(token, true), rotation.stored);
  }

  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    return this.store.findAccessToken(hashSecret(token));
  }

  override async revokeToken(token: RevocableToken): Promise<void> {
    const { clientId, subject, grantId } = token.kind === 'access_token' ? token : token.grant;
    if (this.store.revoke(grantId)) {
      this.report({
        name: 'grant.revoked',
        clientId,
        subject,
        grantId,
        reason: `its ${token.kind.replaceAll('_', ' ')} was revoked`,
      });
    }
  }

  override async issueAccessToken(client: Client, decided: DecidedGrant): Promise<TokenSet> {
    DecidedGrant.assert(decided);
    if (!this.store.clients.has(client.clientId))
      throw new OAuthError('invalid_grant', 'the client has been removed meanwhile');
    const { grant } = decided;
    if (grant.rootGrantId !== undefined && !this.store.grants.has(grant.rootGrantId))
      throw new OAuthError('invalid_grant', 'what it would be made from has been revoked meanwhile');
    const stored = this.store.addGrant(grant, undefined);
    const tokens = this.#issue(undefined, ConsumedGrant.claim(decided, true), stored);
    this.report({
      name: 'token.issued',
      clientId: client.clientId,
      subject: grant.subject,
      grantId: grant.grantId,
    });
    return tokens;
  }

  override async spendIdentifier(identifier: SingleUseIdentifier): Promise<boolean> {
    return this.store.spendIdentifier(identifierHash(identifier), identifier.expiresAt, this.clock.now());
  }

  override async subjectOfAssertion(
    client: Client,
    assertion: VerifiedAssertion,
  ): Promise<AssertedUser<Subject> | undefined> {
    const user = await this.#mapAssertion(client, assertion);
    return user === undefined ? undefined : { ...user, subject: user.subject as Subject };
  }

  override async pushAuthorizationRequest(_client: Client, pushed: PushedRequest): Promise<void> {
    if (!this.store.addPushedRequest(pushed, this.clock.now()))
      throw new OAuthError('temporarily_unavailable', 'too many pushed requests wait for their users at present');
  }

  override async takePushedRequest(client: Client, hash: SecretHash): Promise<PushedRequest | undefined> {
    return this.store.takePushedRequest(client.clientId, hash);
  }

  override async startDeviceAuthorization(client: Client, request: DeviceAuthorization): Promise<boolean> {
    const added = this.store.devices.add(request, this.clock.now());
    if (added === 'full')
      throw new OAuthError('temporarily_unavailable', 'too many devices wait for their users at present');
    if (added === 'added') void this.#decideOnDevice(client, request);
    return added === 'added';
  }

  override async pollDeviceAuthorization(client: Client, hash: SecretHash): Promise<DevicePoll | undefined> {
    const polled = this.store.devices.poll(client.clientId, hash, this.clock.now());
    return polled?.kind === 'device_code' && !this.store.grants.has(polled.grant.grantId) ? undefined : polled;
  }

  override async exchangeDeviceCode(client: Client, code: RedeemableDeviceCode): Promise<TokenSet> {
    const { grantId, subject } = code.grant;
    const stored = this.store.grants.get(grantId);
    if (stored === undefined || !this.store.devices.spend(code.hash, this.clock.now())) throw new AlreadySpentError();
    const tokens = this.#issue(client, ConsumedGrant.claim(code, true), stored);
    this.report({ name: 'code.redeemed', clientId: client.clientId, subject, grantId, reason: 'a device code' });
    return tokens;
  }

  async #decideOnDevice(client: Client, request: DeviceAuthorization): Promise<void> {
    const { clientId } = client;
    try {
      const approval = await this.#approveDevice(client, request);
      const allowed = stillAllowed(request.scopes, this.store.clients.get(clientId) ?? client);
      if (allowed.length === 0 && request.scopes.length > 0)
        throw new OAuthError('invalid_scope', 'the client may ask for none of the scopes any more');
      const decision = {
        subject: approval.subject as Subject,
        scopes: (approval.scopes ?? allowed).filter((scope) => allowed.includes(scope)),
        authenticatedAt: approval.authenticatedAt ?? this.clock.now(),
      };
      const grant = approvedGrant(request, decision, { random: this.random, now: this.clock.now() });
      if (!this.store.devices.decide(request.hash, grant, this.clock.now())) return;
      this.store.addGrant(grant, approval.claims);
      this.report({ name: 'authorization.approved', clientId, subject: grant.subject, grantId: grant.grantId });
    } catch (error) {
      this.store.devices.decide(request.hash, 'denied', this.clock.now());
      const name = error instanceof OAuthError ? 'authorization.denied' : 'server.error';
      this.report({ name, clientId, reason: 'the request of a device was refused', error });
    }
  }

  // Called in the same turn as the store's decision, so that nothing comes in between. Without a client there is no refresh token.
  #issue(client: Client | undefined, consumed: ConsumedGrant, stored: StoredGrant): TokenSet {
    const lifetimes = this.resources.lifetimesOf(consumed.grant.resource);
    const now = this.clock.now();
    const access = mintSecret(this.random);
    const refresh = client?.grantTypes.includes('refresh_token') === true ? mintSecret(this.random) : undefined;
    const accessToken = accessTokenFor(consumed, access.hash, now, lifetimes);
    this.store.addTokens(
      stored,
      { ...accessToken, claims: { ...stored.claims, ...accessToken.claims } },
      refresh === undefined ? undefined : refreshTokenFor(consumed, refresh.hash, now, lifetimes),
      now,
    );
    return TokenSet.issue(consumed, {
      accessToken: access.secret,
      expiresIn: Math.floor((accessToken.expiresAt - now) / 1000),
      ...(refresh === undefined ? {} : { refreshToken: refresh.secret }),
    });
  }
}
