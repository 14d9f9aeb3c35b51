import { hashSecret } from '../../../src/core/hash.ts';
import type {
  AccessToken,
  AuthorizationCode,
  Client,
  RefreshToken,
  RevocableToken,
} from '../../../src/core/records.ts';
import { InMemoryProvider, type StoredGrant } from '../../../src/in-memory/index.ts';
import type { RedeemableRefreshToken } from '../../../src/oauth/refresh-token/rotate.ts';
import type { DecidedGrant } from '../../../src/oauth/token/decided-grant.ts';
import type { TokenSet } from '../../../src/oauth/token/token-set.ts';
import type { Mutant } from './mutant.ts';

type SequenceMutant = Pick<Mutant, 'mistake' | 'provider'>;

/** What a provider that rotates hands on to its base class. */
type Rotation = [client: Client, token: RedeemableRefreshToken, scopes: readonly string[]];

class RevivesByRetry extends InMemoryProvider {
  readonly #ended = new Map<string, StoredGrant>();

  override async revokeToken(token: RevocableToken): Promise<void> {
    const grantId = token.kind === 'access_token' ? token.grantId : token.grant.grantId;
    const stored = this.store.grants.get(grantId);
    if (stored !== undefined) this.#ended.set(grantId, stored);
    await super.revokeToken(token);
  }

  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    const record = this.store.refreshTokens.get(hashSecret(token));
    const ended = record === undefined ? undefined : this.#ended.get(record.grant.grantId);
    if (record !== undefined && ended !== undefined && record.generation === ended.generation - 1)
      this.store.grants.set(record.grant.grantId, ended);
    return super.loadRefreshToken(client, token);
  }
}

class ForgetsWhatWasMadeOfAToken extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = this.store.accessTokens.get(hashSecret(token));
    const isThere = record !== undefined && this.store.grants.has(record.grantId);
    return isThere && record.rootGrantId !== undefined ? record : super.loadAccessToken(token);
  }
}

class ForgetsTheRootOfAChain extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    const record = await super.loadAccessToken(token);
    if (record === undefined) return undefined;
    const { rootGrantId: _, ...rest } = record;
    return rest;
  }
}

class LetsExchangedTokensLiveLonger extends InMemoryProvider {
  override async issueAccessToken(client: Client, decided: DecidedGrant): Promise<TokenSet> {
    const tokens = await super.issueAccessToken(client, decided);
    const record = this.store.accessTokens.get(hashSecret(tokens.accessToken));
    const { accessToken: lifetime } = this.resources.lifetimesOf(decided.grant.resource);
    if (record !== undefined)
      this.store.accessTokens.set(record.tokenId, { ...record, expiresAt: record.issuedAt + lifetime });
    return tokens;
  }
}

class SparesCodesFromGuessing extends InMemoryProvider {
  override async revokeToken(token: RevocableToken): Promise<void> {
    if (token.kind !== 'authorization_code' || token.spentAt !== undefined) await super.revokeToken(token);
  }
}

class ForgetsSpentCodesWithTheirLifetime extends InMemoryProvider {
  override async loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined> {
    const record = await super.loadAuthorizationCode(client, code);
    return record !== undefined && record.expiresAt > this.clock.now() ? record : undefined;
  }
}

class UnbindsTheSecondRefreshToken extends InMemoryProvider {
  override async exchangeRefreshToken(...[client, token, scopes]: Rotation): Promise<TokenSet> {
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    const stored = this.store.refreshTokens.get(hashSecret(tokens.refreshToken ?? ''));
    if (stored?.keyThumbprint !== undefined) {
      const { keyThumbprint: _, ...unbound } = stored;
      this.store.refreshTokens.set(stored.hash, unbound);
    }
    return tokens;
  }
}

class CountsRetriesForEver extends InMemoryProvider {
  readonly #retries = new Map<string, number>();

  override async exchangeRefreshToken(...[client, token, scopes]: Rotation): Promise<TokenSet> {
    const { grantId } = token.grant;
    const stored = this.store.grants.get(grantId);
    const retries = this.#retries.get(grantId) ?? 0;
    if (stored !== undefined) this.store.grants.set(grantId, { ...stored, retries: Math.max(retries, stored.retries) });
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    this.#retries.set(grantId, Math.max(retries, this.store.grants.get(grantId)?.retries ?? 0));
    return tokens;
  }
}

class RetriesInTheGenerationOfTheRetry extends InMemoryProvider {
  override async exchangeRefreshToken(...[client, token, scopes]: Rotation): Promise<TokenSet> {
    const presented = this.store.refreshTokens.get(token.hash);
    const before = this.store.grants.get(token.grant.grantId)?.generation;
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    const made = this.store.refreshTokens.get(hashSecret(tokens.refreshToken ?? ''));
    // A sibling of the old one instead of the present one: when it is used next, that looks like reuse.
    if (made !== undefined && presented !== undefined && presented.generation !== before)
      this.store.refreshTokens.set(made.hash, { ...made, generation: presented.generation });
    return tokens;
  }
}

class SweepsWhatWasRotated extends InMemoryProvider {
  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    const record = this.store.refreshTokens.get(hashSecret(token));
    const generation = record === undefined ? undefined : this.store.grants.get(record.grant.grantId)?.generation;
    return record !== undefined && generation !== undefined && record.generation < generation - 1
      ? undefined
      : super.loadRefreshToken(client, token);
  }
}

class KeepsOneGrantPerClient extends InMemoryProvider {
  override async exchangeAuthorizationCode(
    ...[client, code]: Parameters<InMemoryProvider['exchangeAuthorizationCode']>
  ): Promise<TokenSet> {
    const tokens = await super.exchangeAuthorizationCode(client, code);
    for (const [grantId, { grant }] of [...this.store.grants])
      if (grant.clientId === client.clientId && grant.subject === code.grant.subject && grantId !== code.grant.grantId)
        this.store.grants.delete(grantId);
    return tokens;
  }
}

/** Mistakes that no single request shows: it takes the right requests in the right order. */
export const sequenceMutants: readonly [SequenceMutant, ...SequenceMutant[]] = [
  { mistake: 'forgets the previous generation of refresh tokens when it revokes', provider: RevivesByRetry },
  { mistake: 'lets exchanged tokens outlive the grant that they were made from', provider: ForgetsWhatWasMadeOfAToken },
  { mistake: 'ends a chain of exchanges at its first link only', provider: ForgetsTheRootOfAChain },
  {
    mistake: 'lets exchanged tokens live longer than the token that was presented',
    provider: LetsExchangedTokensLiveLonger,
  },
  { mistake: 'lets the verifier of a code be guessed again and again', provider: SparesCodesFromGuessing },
  {
    mistake: 'recognises a replayed code only until it would have expired',
    provider: ForgetsSpentCodesWithTheirLifetime,
  },
  { mistake: 'binds the first refresh token to a key, and not its successors', provider: UnbindsTheSecondRefreshToken },
  { mistake: 'counts retries over the whole life of a family', provider: CountsRetriesForEver },
  { mistake: 'takes the use of a retried refresh token for reuse', provider: RetriesInTheGenerationOfTheRetry },
  { mistake: 'forgets refresh tokens from before the previous one', provider: SweepsWhatWasRotated },
  { mistake: 'ends what the user approved before when a client comes again', provider: KeepsOneGrantPerClient },
];
