import type { ClientId } from '../../../src/core/ids.ts';
import type { AccessToken, AuthorizationCode, Client } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { RedeemableCode } from '../../../src/oauth/authorization-code/redeem.ts';
import type { TokenSet } from '../../../src/oauth/token/token-set.ts';
import type { Mutant } from './mutant.ts';

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
    this.report({ name: 'token.rejected', clientId: code });
    return super.loadAuthorizationCode(client, code);
  }
}

/** Mistakes with clients, absence and secrets. */
export const storeMutants: readonly Mutant[] = [
  {
    mistake: 'throws for unknown clients',
    provider: ThrowsForUnknownClients,
    caughtBy: ['an unknown client is refused', 'an unknown client is told on the spot'],
  },
  { mistake: 'answers null for unknown tokens', provider: AnswersNull, caughtBy: ['what does not exist is undefined'] },
  {
    mistake: 'finds clients named __proto__',
    provider: KeepsClientsInAnObject,
    caughtBy: ['what does not exist is undefined'],
  },
  {
    mistake: 'drops part of a client’s metadata',
    provider: DropsClientMetadata,
    caughtBy: ['a registered client is found again'],
  },
  {
    mistake: 'stores access tokens in the clear',
    provider: StoresTokensInTheClear,
    caughtBy: ['no secret is kept in the clear'],
    dumpStorage: (provider) => JSON.stringify(provider),
  },
  { mistake: 'writes codes into its events', provider: LogsCodes, caughtBy: ['no secret is kept in the clear'] },
];
