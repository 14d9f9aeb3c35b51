import { setImmediate as nextTurn } from 'node:timers/promises';
import { AlreadySpentError } from '../../src/core/errors.ts';
import { hashSecret } from '../../src/core/hash.ts';
import type { ClientId } from '../../src/core/ids.ts';
import type { AccessToken, AuthorizationCode, Client, RefreshToken, RevocableToken } from '../../src/core/records.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import type { RedeemableCode } from '../../src/oauth/authorization-code/redeem.ts';
import type { AuthorizeRequest } from '../../src/oauth/authorization-code/request.ts';
import type { RedeemableRefreshToken } from '../../src/oauth/refresh-token/rotate.ts';
import { ConsumedGrant } from '../../src/oauth/token/consumed-grant.ts';
import { TokenSet } from '../../src/oauth/token/token-set.ts';
import type { OAuthProviderOptions } from '../../src/core/settings.ts';
import type { ProviderEnvironment } from '../../src/core/environment.ts';

const century = 100 * 365 * 86_400_000;

export interface Mutant {
  /** What its author got wrong. */
  readonly mistake: string;
  readonly provider: new (options: OAuthProviderOptions, environment: ProviderEnvironment) => InMemoryProvider;
  /** How the names of the cases begin that must fail. */
  readonly caughtBy: readonly string[];
  /** What it stores besides, for the search for secrets. */
  readonly dumpStorage?: (provider: InMemoryProvider) => string;
}

class ChecksThenSpendsCodes extends InMemoryProvider {
  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const stored = this.store.codes.get(code.hash);
    if (stored === undefined || stored.spentAt !== undefined) throw new AlreadySpentError();
    await nextTurn();
    this.store.codes.set(code.hash, stored);
    return super.exchangeAuthorizationCode(client, code);
  }
}

class ChecksThenRotates extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const generation = this.store.refreshTokens.get(token.hash)?.generation;
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored === undefined || generation !== stored.generation) throw new AlreadySpentError();
    await nextTurn();
    if (this.store.grants.has(token.grant.grantId)) this.store.grants.set(token.grant.grantId, stored);
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class DeletesSpentCodes extends InMemoryProvider {
  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const tokens = await super.exchangeAuthorizationCode(client, code);
    this.store.codes.delete(code.hash);
    return tokens;
  }
}

class DeletesRotatedTokens extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    this.store.refreshTokens.delete(token.hash);
    return tokens;
  }
}

class NeverRotates extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored === undefined) throw new AlreadySpentError();
    const tokens = super.exchangeRefreshToken(client, token, scopes);
    this.store.grants.set(token.grant.grantId, stored);
    return tokens;
  }
}

class RotatesOnRetry extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    const presented = this.store.refreshTokens.get(token.hash);
    if (stored !== undefined && presented !== undefined && presented.generation === stored.generation - 1) {
      this.store.refreshTokens.set(token.hash, { ...presented, generation: stored.generation });
    }
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class RetriesWithoutBound extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored !== undefined) this.store.grants.set(token.grant.grantId, { ...stored, retries: 0 });
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class RetriesForEver extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored !== undefined) this.store.grants.set(token.grant.grantId, { ...stored, rotatedAt: this.clock.now() });
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class ReturnsTheSameRefreshToken extends InMemoryProvider {
  readonly #presented = new Map<string, string>();

  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    this.#presented.set(hashSecret(token), token);
    return super.loadRefreshToken(client, token);
  }

  override async exchangeRefreshToken(_client: Client, token: RedeemableRefreshToken, _scopes: readonly string[]): Promise<TokenSet> {
    const accessToken = `renewed-${this.#presented.size}`;
    const [any] = this.store.accessTokens.values();
    if (any !== undefined) this.store.accessTokens.set(hashSecret(accessToken), { ...any, scopes: token.scopes });
    return TokenSet.issue(ConsumedGrant.claim(token, true), { accessToken, expiresIn: 600, refreshToken: this.#presented.get(token.hash) ?? '' });
  }
}

class RevokesNothing extends InMemoryProvider {
  override async revokeToken(): Promise<void> {}
}

class RevokesOnRequestOnly extends InMemoryProvider {
  override async revokeToken(token: RevocableToken): Promise<void> {
    if (token.kind === 'access_token') await super.revokeToken(token);
  }
}

class RevokesOneTokenOnly extends InMemoryProvider {
  override async revokeToken(token: RevocableToken): Promise<void> {
    if (token.kind === 'access_token') this.store.accessTokens.delete(token.tokenId);
    else if (token.kind === 'refresh_token') this.store.refreshTokens.delete(token.hash);
    else this.store.codes.delete(token.hash);
  }
}

class RevokesByClient extends InMemoryProvider {
  override async revokeToken(token: RevocableToken): Promise<void> {
    const clientId = token.kind === 'access_token' ? token.clientId : token.grant.clientId;
    for (const { grant } of [...this.store.grants.values()]) if (grant.clientId === clientId) this.store.revoke(grant.grantId);
  }
}

class NeverForgetsAccessTokens extends InMemoryProvider {
  readonly #seen = new Map<string, AccessToken>();

  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const found = this.#seen.get(token) ?? (await super.loadAccessToken(token));
    if (found !== undefined) this.#seen.set(token, found);
    return found;
  }
}

class ForgetsCodeExpiry extends InMemoryProvider {
  override async loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined> {
    const record = await super.loadAuthorizationCode(client, code);
    return record === undefined ? undefined : { ...record, expiresAt: this.clock.now() + century };
  }
}

class ForgetsAccessTokenExpiry extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    return record === undefined ? undefined : { ...record, expiresAt: this.clock.now() + century };
  }
}

class ForgetsRefreshTokenExpiry extends InMemoryProvider {
  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    const record = await super.loadRefreshToken(client, token);
    return record === undefined ? undefined : { ...record, expiresAt: this.clock.now() + century };
  }
}

class ForgetsTheAbsoluteEnd extends InMemoryProvider {
  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    const record = await super.loadRefreshToken(client, token);
    return record === undefined ? undefined : { ...record, expiresAt: record.issuedAt + this.environment.lifetimes.refreshToken };
  }
}

class NeverSlides extends InMemoryProvider {
  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    const record = await super.loadRefreshToken(client, token);
    const approvedAt = record === undefined ? undefined : this.store.grants.get(record.grant.grantId)?.approvedAt;
    if (record === undefined || approvedAt === undefined) return undefined;
    return { ...record, expiresAt: approvedAt + this.environment.lifetimes.refreshToken };
  }
}

class IgnoresNarrowing extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    const granted = record === undefined ? undefined : this.store.grants.get(record.grantId)?.grant.scopes;
    return record === undefined || granted === undefined ? undefined : { ...record, scopes: granted };
  }
}

class NarrowsTheGrant extends InMemoryProvider {
  override async exchangeRefreshToken(client: Client, token: RedeemableRefreshToken, scopes: readonly string[]): Promise<TokenSet> {
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    const stored = this.store.refreshTokens.get(hashSecret(tokens.refreshToken ?? ''));
    if (stored !== undefined) this.store.refreshTokens.set(stored.hash, { ...stored, grant: { ...stored.grant, scopes } });
    return tokens;
  }
}

class BurnsForeignCodes extends InMemoryProvider {
  override async loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined> {
    const record = await super.loadAuthorizationCode(client, code);
    if (record !== undefined && record.grant.clientId !== client.clientId) await this.revokeToken(record);
    return record;
  }
}

class FindsTokensByPrefix extends InMemoryProvider {
  readonly #hashes = new Map<string, string>();

  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const tokens = await super.exchangeAuthorizationCode(client, code);
    this.#hashes.set(tokens.accessToken.slice(0, 20), tokens.accessToken);
    return tokens;
  }

  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    return super.loadAccessToken(this.#hashes.get(token.slice(0, 20)) ?? token);
  }
}

class AlwaysIssuesRefreshTokens extends InMemoryProvider {
  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    return super.exchangeAuthorizationCode({ ...client, grantTypes: ['authorization_code', 'refresh_token'] }, code);
  }
}

class NeedsOfflineAccess extends InMemoryProvider {
  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const grantTypes = client.scopes.includes('offline_access') ? client.grantTypes : ['authorization_code'];
    return super.exchangeAuthorizationCode({ ...client, grantTypes }, code);
  }
}

class ThrowsForUnknownClients extends InMemoryProvider {
  override async getClient(clientId: ClientId): Promise<Client | undefined> {
    const client = await super.getClient(clientId);
    if (client === undefined) throw new Error('no such client');
    return client;
  }
}

class AnswersNull extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    return (await super.loadAccessToken(token)) ?? (null as unknown as undefined);
  }
}

class KeepsClientsInAnObject extends InMemoryProvider {
  readonly #clients: Record<string, Client> = {};

  override async registerClient(client: Client): Promise<void> {
    this.#clients[client.clientId] = client;
  }

  override async getClient(clientId: ClientId): Promise<Client | undefined> {
    return this.#clients[clientId];
  }
}

class DropsClientMetadata extends InMemoryProvider {
  override async registerClient(client: Client): Promise<void> {
    const { softwareVersion: _, ...rest } = client;
    await super.registerClient(rest);
  }
}

class GivesEverybodyEverything extends InMemoryProvider {
  override async authorize(client: Client, request: AuthorizeRequest): Promise<URL> {
    return super.authorize(client, { ...request, scopes: client.scopes });
  }
}

class StoresTokensInTheClear extends InMemoryProvider {
  readonly issued: string[] = [];

  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const tokens = await super.exchangeAuthorizationCode(client, code);
    this.issued.push(tokens.accessToken);
    return tokens;
  }
}

class LogsCodes extends InMemoryProvider {
  override async loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined> {
    this.report({ name: 'token.rejected', reason: `looking for ${code}` });
    return super.loadAuthorizationCode(client, code);
  }
}

class TrustsAnyResource extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    return record === undefined ? undefined : { ...record, resource: 'https://mcp.example.com/' as AccessToken['resource'] };
  }
}

class ForgetsTheState extends InMemoryProvider {
  override async authorize(client: Client, request: AuthorizeRequest): Promise<URL> {
    const url = await super.authorize(client, request);
    url.searchParams.set('state', 'mine');
    return url;
  }
}

/** Deliberately wrong subclasses, each with one mistake that real ones have made. */
export const mutants: readonly Mutant[] = [
  { mistake: 'checks whether a code is spent, waits, then spends it', provider: ChecksThenSpendsCodes, caughtBy: ['of 200 concurrent redemptions'] },
  { mistake: 'checks whether a refresh token is current, waits, then rotates it', provider: ChecksThenRotates, caughtBy: ['of 200 concurrent refreshes'] },
  { mistake: 'deletes spent codes, so that a replay goes unnoticed', provider: DeletesSpentCodes, caughtBy: ['a code redeemed twice revokes the tokens of its first redemption', 'a code redeemed twice revokes the tokens that'] },
  { mistake: 'deletes rotated refresh tokens, so that reuse goes unnoticed', provider: DeletesRotatedTokens, caughtBy: ['a rotated refresh token used again', 'a refresh token from before the previous one'] },
  { mistake: 'accepts a rotated refresh token for ever', provider: NeverRotates, caughtBy: ['a rotated refresh token used again', 'of 200 concurrent refreshes', 'the previous refresh token after the grace'] },
  { mistake: 'advances the family when the previous token is retried', provider: RotatesOnRetry, caughtBy: ['the previous refresh token after the grace', 'a rotated refresh token used again'] },
  { mistake: 'allows any number of retries', provider: RetriesWithoutBound, caughtBy: ['presenting the previous refresh token again and again'] },
  { mistake: 'counts the grace from the last retry', provider: RetriesForEver, caughtBy: ['the previous refresh token after the grace'] },
  { mistake: 'returns the refresh token that it was given', provider: ReturnsTheSameRefreshToken, caughtBy: ['a refresh yields a new access token and a new refresh token'] },
  { mistake: 'returns from revokeToken without doing it', provider: RevokesNothing, caughtBy: ['revoking an access token', 'revoking a refresh token', 'a code redeemed twice', 'a rotated refresh token used again', 'a wrong code_verifier burns'] },
  { mistake: 'forgets to revoke on reuse and replay', provider: RevokesOnRequestOnly, caughtBy: ['a code redeemed twice', 'a rotated refresh token used again', 'of 200 concurrent redemptions', 'of 200 concurrent refreshes'] },
  { mistake: 'revokes the presented token and leaves the rest of its grant', provider: RevokesOneTokenOnly, caughtBy: ['revoking an access token', 'revoking a refresh token', 'a code redeemed twice', 'a refresh that races a revocation'] },
  { mistake: 'revokes every grant of the client', provider: RevokesByClient, caughtBy: ['revoking leaves other approvals', 'reuse revokes its own family', 'a replayed code leaves other approvals'] },
  { mistake: 'caches access tokens beyond their revocation', provider: NeverForgetsAccessTokens, caughtBy: ['a revoked token is refused', 'a code redeemed twice'] },
  { mistake: 'forgets the expiry of codes', provider: ForgetsCodeExpiry, caughtBy: ['a code is refused once its lifetime is over'] },
  { mistake: 'forgets the expiry of access tokens', provider: ForgetsAccessTokenExpiry, caughtBy: ['an access token works until its lifetime is over'] },
  { mistake: 'forgets the expiry of refresh tokens', provider: ForgetsRefreshTokenExpiry, caughtBy: ['a refresh token that lies unused expires', 'no use carries a refresh token beyond'] },
  { mistake: 'forgets the absolute end of refresh tokens', provider: ForgetsTheAbsoluteEnd, caughtBy: ['no use carries a refresh token beyond'] },
  { mistake: 'does not prolong refresh tokens by use', provider: NeverSlides, caughtBy: ['a refresh token that lies unused expires'] },
  { mistake: 'gives the narrowed access token all scopes of the grant', provider: IgnoresNarrowing, caughtBy: ['a narrower scope narrows that access token only'] },
  { mistake: 'narrows the grant together with the access token', provider: NarrowsTheGrant, caughtBy: ['a narrower scope narrows that access token only'] },
  { mistake: 'burns a code that another client tried', provider: BurnsForeignCodes, caughtBy: ['a code that is unknown, or of another client'] },
  { mistake: 'finds tokens by the beginning of their text', provider: FindsTokensByPrefix, caughtBy: ['an unknown or altered token is refused'] },
  { mistake: 'issues refresh tokens to clients that may not have any', provider: AlwaysIssuesRefreshTokens, caughtBy: ['a client registered for the code grant alone'] },
  { mistake: 'issues refresh tokens for offline_access only', provider: NeedsOfflineAccess, caughtBy: ['a refresh token is issued without offline_access'] },
  { mistake: 'throws for unknown clients', provider: ThrowsForUnknownClients, caughtBy: ['an unknown client is refused', 'an unknown client is told on the spot'] },
  { mistake: 'answers null for unknown tokens', provider: AnswersNull, caughtBy: ['what does not exist is undefined'] },
  { mistake: 'finds clients named __proto__', provider: KeepsClientsInAnObject, caughtBy: ['what does not exist is undefined'] },
  { mistake: 'drops part of a client’s metadata', provider: DropsClientMetadata, caughtBy: ['a registered client is found again'] },
  { mistake: 'grants all scopes of the client instead of those asked for', provider: GivesEverybodyEverything, caughtBy: ['a code opens no more than the request asked for'] },
  { mistake: 'stores access tokens in the clear', provider: StoresTokensInTheClear, caughtBy: ['no secret is kept in the clear'], dumpStorage: (provider) => JSON.stringify(provider) },
  { mistake: 'writes codes into its events', provider: LogsCodes, caughtBy: ['no secret is kept in the clear'] },
  { mistake: 'issues tokens for another resource', provider: TrustsAnyResource, caughtBy: ['a code is exchanged for a token response', 'a token for another resource'] },
  { mistake: 'answers with a state of its own', provider: ForgetsTheState, caughtBy: ['a valid request ends at the client'] },
];
