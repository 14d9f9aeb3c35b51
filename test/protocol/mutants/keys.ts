import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  AccessToken,
  AuthorizationCode,
  Client,
  RefreshToken,
  SingleUseIdentifier,
} from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { Mutant } from './mutant.ts';

function withoutKey<Record extends { readonly keyThumbprint?: string }>(
  record: Record | undefined,
): Record | undefined {
  if (record === undefined) return undefined;
  const { keyThumbprint: _forgotten, ...rest } = record;
  return rest as Record;
}

class ForgetsTheKeyOfAccessTokens extends InMemoryProvider {
  override async loadAccessToken(token: string): Promise<AccessToken | undefined> {
    return withoutKey(await super.loadAccessToken(token));
  }
}

class ForgetsTheKeyOfRefreshTokens extends InMemoryProvider {
  override async loadRefreshToken(client: Client, token: string): Promise<RefreshToken | undefined> {
    return withoutKey(await super.loadRefreshToken(client, token));
  }
}

class ForgetsTheKeyOfCodes extends InMemoryProvider {
  override async loadAuthorizationCode(client: Client, code: string): Promise<AuthorizationCode | undefined> {
    return withoutKey(await super.loadAuthorizationCode(client, code));
  }
}

class SpendsAnIdentifierAgainAndAgain extends InMemoryProvider {
  override async spendIdentifier(_identifier: SingleUseIdentifier): Promise<boolean> {
    return true;
  }
}

class ChecksAnIdentifierThenSpendsIt extends InMemoryProvider {
  readonly #spent = new Set<string>();

  override async spendIdentifier({ issuer, identifier }: SingleUseIdentifier): Promise<boolean> {
    const isNew = !this.#spent.has(`${issuer} ${identifier}`);
    await nextTurn();
    this.#spent.add(`${issuer} ${identifier}`);
    return isNew;
  }
}

class TakesIdentifiersForOneAnother extends InMemoryProvider {
  override spendIdentifier(identifier: SingleUseIdentifier): Promise<boolean> {
    return super.spendIdentifier({ ...identifier, issuer: '' });
  }
}

class ForgetsWhatTheClientWants extends InMemoryProvider {
  override registerClient({ dpopBoundAccessTokens: _forgotten, ...client }: Client): Promise<void> {
    return super.registerClient(client);
  }
}

/** Mistakes with keys that tokens are bound to, and with identifiers that count once. */
export const keyMutants: readonly Mutant[] = [
  {
    mistake: 'forgets the key that an access token is bound to',
    provider: ForgetsTheKeyOfAccessTokens,
    caughtBy: ['an access token that is bound to a key'],
  },
  {
    mistake: 'forgets the key that a refresh token is bound to',
    provider: ForgetsTheKeyOfRefreshTokens,
    caughtBy: ['the refresh tokens of a public client are bound to its key'],
  },
  {
    mistake: 'forgets the key that a code is bound to',
    provider: ForgetsTheKeyOfCodes,
    caughtBy: ['a code that was asked for with dpop_jkt'],
  },
  {
    mistake: 'lets an identifier be spent again and again',
    provider: SpendsAnIdentifierAgainAndAgain,
    caughtBy: ['of many requests with one proof'],
  },
  {
    mistake: 'checks whether an identifier is new, waits, then spends it',
    provider: ChecksAnIdentifierThenSpendsIt,
    caughtBy: ['of many requests with one proof'],
  },
  {
    mistake: 'takes the identifiers of one issuer for those of another',
    provider: TakesIdentifiersForOneAnother,
    caughtBy: ['of many requests with one proof'],
  },
  {
    mistake: 'forgets that a client wants bound tokens only',
    provider: ForgetsWhatTheClientWants,
    caughtBy: ['a client that registered dpop_bound_access_tokens'],
  },
];
