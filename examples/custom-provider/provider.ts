import type { DatabaseSync } from 'node:sqlite';
import {
  type AccessToken,
  AlreadySpentError,
  type AuthorizationCode,
  type AuthorizeRequest,
  accessTokenFor,
  type Client,
  type ClientId,
  ConsumedGrant,
  grantIdOf,
  hashSecret,
  mintSecret,
  OAuthError,
  OAuthProvider,
  type OAuthProviderOptions,
  type ProviderEnvironment,
  type RedeemableCode,
  type RedeemableRefreshToken,
  type RefreshToken,
  type RequestContext,
  type RevocableToken,
  refreshTokenFor,
  type Subject,
  TokenSet,
} from 'portcullis';
import { SignInPage } from './sign-in-page.ts';
import { Tables } from './tables.ts';
import { Users } from './users.ts';

const maximumRetries = 8;

/** An authorization server over an application's own users table. */
export class CustomProvider extends OAuthProvider {
  readonly users: Users;
  readonly #tables: Tables;
  readonly #signIn: SignInPage;

  constructor(database: DatabaseSync, options: OAuthProviderOptions, environment: ProviderEnvironment = {}) {
    super(options, environment);
    this.users = new Users(database);
    this.#tables = new Tables(database);
    this.#signIn = new SignInPage(this, this.users, (request, userId) => this.#approve(request, userId));
  }

  /** The protocol's endpoints are inherited; the sign-in page is ours. */
  override async handle(request: Request, context?: RequestContext): Promise<Response | undefined> {
    return (await this.#signIn.handle(request)) ?? super.handle(request, context);
  }

  override async getClient(clientId: ClientId): Promise<Client | undefined> {
    return this.#tables.client(clientId);
  }

  override async registerClient(client: Client): Promise<void> {
    this.#tables.change(
      'INSERT INTO oauth_clients (client_id, record) VALUES (?, ?)',
      client.clientId,
      JSON.stringify(client),
    );
  }

  override async authorize(_client: Client, request: AuthorizeRequest): Promise<URL> {
    return this.#signIn.begin(request);
  }

  override async loadAuthorizationCode(_client: Client, code: string): Promise<AuthorizationCode | undefined> {
    const found = this.#tables.find<AuthorizationCode>(hashSecret(code), 'authorization_code');
    if (found === undefined) return undefined;
    return found.spentAt === null ? found.record : { ...found.record, spentAt: found.spentAt };
  }

  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    return this.#tables.transaction(() => {
      const spent = this.#tables.change(
        'UPDATE oauth_tokens SET spent_at = ? WHERE hash = ? AND spent_at IS NULL',
        this.clock.now(),
        code.hash,
      );
      return this.#issue(client, ConsumedGrant.claim(code, spent === 1));
    });
  }

  override async loadRefreshToken(_client: Client, token: string): Promise<RefreshToken | undefined> {
    return this.#tables.find<RefreshToken>(hashSecret(token), 'refresh_token')?.record;
  }

  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken): Promise<TokenSet> {
    const now = this.clock.now();
    const { grantId } = token.grant;
    return this.#tables.transaction(() => {
      const found = this.#tables.find<RefreshToken>(token.hash, 'refresh_token');
      if (found === undefined) throw new OAuthError('invalid_grant', 'the grant has been revoked');
      if (found.behind === 0) {
        this.#tables.change(
          'UPDATE oauth_grants SET generation = generation + 1, rotated_at = ?, retries = 0 WHERE grant_id = ?',
          now,
          grantId,
        );
      } else {
        // A lost response or a second tab, if it is the previous token and came soon; otherwise a thief, or their victim.
        const retry = found.behind === 1 && found.rotatedAt + this.environment.lifetimes.refreshTokenGrace > now;
        if (!retry) throw new AlreadySpentError();
        if (found.retries >= maximumRetries)
          throw new OAuthError('invalid_grant', 'the previous refresh token came too often');
        this.#tables.change('UPDATE oauth_grants SET retries = retries + 1 WHERE grant_id = ?', grantId);
      }
      return this.#issue(client, ConsumedGrant.claim(token, true));
    });
  }

  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    return this.#tables.find<AccessToken>(hashSecret(token), 'access_token')?.record;
  }

  override async revokeToken(token: RevocableToken): Promise<void> {
    this.#tables.change('DELETE FROM oauth_grants WHERE grant_id = ?', grantIdOf(token));
  }

  #approve(request: AuthorizeRequest, userId: number): string {
    const now = this.clock.now();
    const { record, redirectTo } = this.issueCode(request, {
      subject: `user-${userId}` as Subject,
      scopes: request.scopes,
      authenticatedAt: now,
    });
    const { grantId } = record.grant;
    this.#tables.transaction(() => {
      this.#tables.change('DELETE FROM oauth_grants WHERE expires_at <= ?', now);
      this.#tables.change(
        'INSERT INTO oauth_grants (grant_id, user_id, expires_at) VALUES (?, ?, ?)',
        grantId,
        userId,
        record.expiresAt,
      );
      this.#tables.add(record.hash, grantId, record);
    });
    return redirectTo;
  }

  /** Runs in the transaction that spent the code or rotated the refresh token. */
  #issue(client: Client, consumed: ConsumedGrant): TokenSet {
    const { grant } = consumed;
    const lifetimes = this.resources.lifetimesOf(grant.resource);
    const now = this.clock.now();
    const access = mintSecret(this.random);
    this.#tables.add(access.hash, grant.grantId, accessTokenFor(consumed, access.hash, now, lifetimes));
    const issued = { accessToken: access.secret, expiresIn: lifetimes.accessToken / 1000 };
    if (!client.grantTypes.includes('refresh_token')) return TokenSet.issue(consumed, issued);
    const refresh = mintSecret(this.random);
    this.#tables.add(refresh.hash, grant.grantId, refreshTokenFor(consumed, refresh.hash, now, lifetimes));
    return TokenSet.issue(consumed, { ...issued, refreshToken: refresh.secret });
  }
}
