import { setImmediate as nextTurn } from 'node:timers/promises';
import { AlreadySpentError } from '../../../src/core/errors.ts';
import type { AuthorizationCode, Client } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { RedeemableCode } from '../../../src/oauth/authorization-code/redeem.ts';
import type { AuthorizeRequest } from '../../../src/oauth/authorization-code/request.ts';
import type { TokenSet } from '../../../src/oauth/token/token-set.ts';
import type { Mutant } from './mutant.ts';

const century = 100 * 365 * 86_400_000;

class ChecksThenSpendsCodes extends InMemoryProvider {
  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const stored = this.store.codes.get(code.hash);
    if (stored === undefined || stored.spentAt !== undefined) throw new AlreadySpentError();
    await nextTurn();
    this.store.codes.set(code.hash, stored);
    return super.exchangeAuthorizationCode(client, code);
  }
}

class DeletesSpentCodes extends InMemoryProvider {
  override async exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    const tokens = await super.exchangeAuthorizationCode(client, code);
    this.store.codes.delete(code.hash);
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

class ForgetsCodeExpiry extends InMemoryProvider {
  override async loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined> {
    const record = await super.loadAuthorizationCode(client, code);
    return record === undefined ? undefined : { ...record, expiresAt: this.clock.now() + century };
  }
}

class ForgetsTheState extends InMemoryProvider {
  override async authorize(client: Client, request: AuthorizeRequest): Promise<URL> {
    const url = await super.authorize(client, request);
    url.searchParams.set('state', 'mine');
    return url;
  }
}

class GivesEverybodyEverything extends InMemoryProvider {
  override async authorize(client: Client, request: AuthorizeRequest): Promise<URL> {
    return super.authorize(client, { ...request, scopes: client.scopes });
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

/** Mistakes with authorization codes and what they open. */
export const codeMutants: readonly Mutant[] = [
  {
    mistake: 'checks whether a code is spent, waits, then spends it',
    provider: ChecksThenSpendsCodes,
    caughtBy: ['of 200 concurrent redemptions'],
  },
  {
    mistake: 'deletes spent codes, so that a replay goes unnoticed',
    provider: DeletesSpentCodes,
    caughtBy: [
      'a code redeemed twice revokes the tokens of its first redemption',
      'a code redeemed twice revokes the tokens that',
    ],
  },
  {
    mistake: 'burns a code that another client tried',
    provider: BurnsForeignCodes,
    caughtBy: ['a code that is unknown, or of another client'],
  },
  {
    mistake: 'forgets the expiry of codes',
    provider: ForgetsCodeExpiry,
    caughtBy: ['a code is refused once its lifetime is over'],
  },
  {
    mistake: 'answers with a state of its own',
    provider: ForgetsTheState,
    caughtBy: ['a valid request ends at the client'],
  },
  {
    mistake: 'grants all scopes of the client instead of those asked for',
    provider: GivesEverybodyEverything,
    caughtBy: ['a code opens no more than the request asked for'],
  },
  {
    mistake: 'issues refresh tokens to clients that may not have any',
    provider: AlwaysIssuesRefreshTokens,
    caughtBy: ['a client registered for the code grant alone'],
  },
  {
    mistake: 'issues refresh tokens for offline_access only',
    provider: NeedsOfflineAccess,
    caughtBy: ['a refresh token is issued without offline_access'],
  },
];
