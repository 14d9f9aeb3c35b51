import type { AccessToken, Client, RevocableToken } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { RedeemableCode } from '../../../src/oauth/authorization-code/redeem.ts';
import type { TokenSet } from '../../../src/oauth/token/token-set.ts';
import type { Mutant } from './mutant.ts';

const century = 100 * 365 * 86_400_000;

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
    for (const { grant } of [...this.store.grants.values()])
      if (grant.clientId === clientId) this.store.revoke(grant.grantId);
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

class ForgetsAccessTokenExpiry extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    return record === undefined ? undefined : { ...record, expiresAt: this.clock.now() + century };
  }
}

class IgnoresNarrowing extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    const granted = record === undefined ? undefined : this.store.grants.get(record.grantId)?.grant.scopes;
    return record === undefined || granted === undefined ? undefined : { ...record, scopes: granted };
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

class TrustsAnyResource extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    return record === undefined
      ? undefined
      : { ...record, resource: 'https://mcp.example.com/' as AccessToken['resource'] };
  }
}

/** Mistakes with access tokens and revocation. */
export const accessMutants: readonly Mutant[] = [
  {
    mistake: 'returns from revokeToken without doing it',
    provider: RevokesNothing,
    caughtBy: [
      'revoking an access token',
      'revoking a refresh token',
      'a code redeemed twice',
      'a rotated refresh token used again',
      'a wrong code_verifier burns',
    ],
  },
  {
    mistake: 'forgets to revoke on reuse and replay',
    provider: RevokesOnRequestOnly,
    caughtBy: [
      'a code redeemed twice',
      'a rotated refresh token used again',
      'of 200 concurrent redemptions',
      'of 200 concurrent refreshes',
    ],
  },
  {
    mistake: 'revokes the presented token and leaves the rest of its grant',
    provider: RevokesOneTokenOnly,
    caughtBy: [
      'revoking an access token',
      'revoking a refresh token',
      'a code redeemed twice',
      'a refresh that races a revocation',
    ],
  },
  {
    mistake: 'revokes every grant of the client',
    provider: RevokesByClient,
    caughtBy: [
      'revoking leaves other approvals',
      'reuse revokes its own family',
      'a replayed code leaves other approvals',
    ],
  },
  {
    mistake: 'caches access tokens beyond their revocation',
    provider: NeverForgetsAccessTokens,
    caughtBy: ['a revoked token is refused', 'a code redeemed twice'],
  },
  {
    mistake: 'forgets the expiry of access tokens',
    provider: ForgetsAccessTokenExpiry,
    caughtBy: ['an access token works until its lifetime is over'],
  },
  {
    mistake: 'gives the narrowed access token all scopes of the grant',
    provider: IgnoresNarrowing,
    caughtBy: ['a narrower scope narrows that access token only'],
  },
  {
    mistake: 'finds tokens by the beginning of their text',
    provider: FindsTokensByPrefix,
    caughtBy: ['an unknown or altered token is refused'],
  },
  {
    mistake: 'issues tokens for another resource',
    provider: TrustsAnyResource,
    caughtBy: ['a code is exchanged for a token response', 'a token for another resource'],
  },
];
