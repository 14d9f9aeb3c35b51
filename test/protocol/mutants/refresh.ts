import { setImmediate as nextTurn } from 'node:timers/promises';
import { AlreadySpentError } from '../../../src/core/errors.ts';
import { hashSecret } from '../../../src/core/hash.ts';
import type { Client, RefreshToken } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { RedeemableRefreshToken } from '../../../src/oauth/refresh-token/rotate.ts';
import { ConsumedGrant } from '../../../src/oauth/token/consumed-grant.ts';
import { TokenSet } from '../../../src/oauth/token/token-set.ts';
import type { Mutant } from './mutant.ts';

const century = 100 * 365 * 86_400_000;

class ChecksThenRotates extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
    const generation = this.store.refreshTokens.get(token.hash)?.generation;
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored === undefined || generation !== stored.generation) throw new AlreadySpentError();
    await nextTurn();
    if (this.store.grants.has(token.grant.grantId)) this.store.grants.set(token.grant.grantId, stored);
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class DeletesRotatedTokens extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    this.store.refreshTokens.delete(token.hash);
    return tokens;
  }
}

class NeverRotates extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored === undefined) throw new AlreadySpentError();
    const tokens = super.exchangeRefreshToken(client, token, scopes);
    this.store.grants.set(token.grant.grantId, stored);
    return tokens;
  }
}

class RotatesOnRetry extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    const presented = this.store.refreshTokens.get(token.hash);
    if (stored !== undefined && presented !== undefined && presented.generation === stored.generation - 1) {
      this.store.refreshTokens.set(token.hash, { ...presented, generation: stored.generation });
    }
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class RetriesWithoutBound extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
    const stored = this.store.grants.get(token.grant.grantId);
    if (stored !== undefined) this.store.grants.set(token.grant.grantId, { ...stored, retries: 0 });
    return super.exchangeRefreshToken(client, token, scopes);
  }
}

class RetriesForEver extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
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

  override async exchangeRefreshToken(
    _client: Client,
    token: RedeemableRefreshToken,
    _scopes: readonly string[],
  ): Promise<TokenSet> {
    const accessToken = `renewed-${this.#presented.size}`;
    const [any] = this.store.accessTokens.values();
    if (any !== undefined) this.store.accessTokens.set(hashSecret(accessToken), { ...any, scopes: token.scopes });
    return TokenSet.issue(ConsumedGrant.claim(token, true), {
      accessToken,
      expiresIn: 600,
      refreshToken: this.#presented.get(token.hash) ?? '',
    });
  }
}

class NarrowsTheGrant extends InMemoryProvider {
  override async exchangeRefreshToken(
    client: Client,
    token: RedeemableRefreshToken,
    scopes: readonly string[],
  ): Promise<TokenSet> {
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    const stored = this.store.refreshTokens.get(hashSecret(tokens.refreshToken ?? ''));
    if (stored !== undefined)
      this.store.refreshTokens.set(stored.hash, { ...stored, grant: { ...stored.grant, scopes } });
    return tokens;
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
    return record === undefined
      ? undefined
      : { ...record, expiresAt: record.issuedAt + this.environment.lifetimes.refreshToken };
  }
}

class NeverSlides extends InMemoryProvider {
  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    const record = await super.loadRefreshToken(client, token);
    const approvedAt = record === undefined ? undefined : record.grant.approvedAt;
    if (record === undefined || approvedAt === undefined) return undefined;
    return { ...record, expiresAt: approvedAt + this.environment.lifetimes.refreshToken };
  }
}

/** Mistakes with refresh tokens. */
export const refreshMutants: readonly Mutant[] = [
  {
    mistake: 'checks whether a refresh token is current, waits, then rotates it',
    provider: ChecksThenRotates,
    caughtBy: ['of 200 concurrent refreshes'],
  },
  {
    mistake: 'deletes rotated refresh tokens, so that reuse goes unnoticed',
    provider: DeletesRotatedTokens,
    caughtBy: ['a rotated refresh token used again', 'a refresh token from before the previous one'],
  },
  {
    mistake: 'accepts a rotated refresh token for ever',
    provider: NeverRotates,
    caughtBy: [
      'a rotated refresh token used again',
      'of 200 concurrent refreshes',
      'the previous refresh token after the grace',
    ],
  },
  {
    mistake: 'advances the family when the previous token is retried',
    provider: RotatesOnRetry,
    caughtBy: ['the previous refresh token after the grace', 'a rotated refresh token used again'],
  },
  {
    mistake: 'allows any number of retries',
    provider: RetriesWithoutBound,
    caughtBy: ['presenting the previous refresh token again and again'],
  },
  {
    mistake: 'counts the grace from the last retry',
    provider: RetriesForEver,
    caughtBy: ['the previous refresh token after the grace'],
  },
  {
    mistake: 'returns the refresh token that it was given',
    provider: ReturnsTheSameRefreshToken,
    caughtBy: ['a refresh yields a new access token and a new refresh token'],
  },
  {
    mistake: 'narrows the grant together with the access token',
    provider: NarrowsTheGrant,
    caughtBy: ['a narrower scope narrows that access token only'],
  },
  {
    mistake: 'forgets the expiry of refresh tokens',
    provider: ForgetsRefreshTokenExpiry,
    caughtBy: ['a refresh token that lies unused expires', 'no use carries a refresh token beyond'],
  },
  {
    mistake: 'forgets the absolute end of refresh tokens',
    provider: ForgetsTheAbsoluteEnd,
    caughtBy: ['no use carries a refresh token beyond'],
  },
  {
    mistake: 'does not prolong refresh tokens by use',
    provider: NeverSlides,
    caughtBy: ['a refresh token that lies unused expires'],
  },
];
