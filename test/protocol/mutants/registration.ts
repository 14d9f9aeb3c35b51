import type { SecretHash } from '../../../src/core/ids.ts';
import type { Client } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { Mutant } from './mutant.ts';

class StoresBeforeItCounts extends InMemoryProvider {
  override async registerInvitedClient(client: Client, token: SecretHash): Promise<boolean> {
    this.store.clients.set(client.clientId, client);
    const known = this.store.registrationTokens.get(token);
    if (known === undefined || known.usesLeft === 0) return false;
    this.store.registrationTokens.set(token, { ...known, usesLeft: known.usesLeft - 1 });
    return true;
  }
}

class LoadsChecksAndSaves extends InMemoryProvider {
  override async registerInvitedClient(client: Client, token: SecretHash): Promise<boolean> {
    const known = this.store.registrationTokens.get(token);
    await new Promise(setImmediate);
    if (known === undefined || known.usesLeft === 0) return false;
    this.store.registrationTokens.set(token, { ...known, usesLeft: known.usesLeft - 1 });
    this.store.clients.set(client.clientId, client);
    return true;
  }
}

class ForgetsThatClientsWait extends InMemoryProvider {
  override async registerPendingClient({ admission: _, ...client }: Client): Promise<void> {
    await super.registerPendingClient(client);
  }
}

class ReplacesWhatWaits extends InMemoryProvider {
  override async replaceRegistration(client: Client): Promise<boolean> {
    this.store.clients.set(client.clientId, client);
    return true;
  }
}

class HidesWhoWasApproved extends InMemoryProvider {
  override async approveClient(): Promise<boolean> {
    return true;
  }
}

class ForgetsStatements extends InMemoryProvider {
  override async registerClient({ software: _, ...client }: Client): Promise<void> {
    await super.registerClient(client);
  }
}

class ForgetsHowClientsWereLetIn extends InMemoryProvider {
  override async registerClient({ admission: _, ...client }: Client): Promise<void> {
    await super.registerClient(client);
  }
}

/** Mistakes with who may register, and with what others state of clients. */
export const registrationMutants: readonly Mutant[] = [
  {
    mistake: 'stores a client before it looks at its initial access token',
    provider: StoresBeforeItCounts,
    caughtBy: ['a client that brings no initial access token'],
  },
  {
    mistake: 'loads the initial access token, checks it and saves it',
    provider: LoadsChecksAndSaves,
    caughtBy: ['of any number of clients with one initial access token'],
  },
  {
    mistake: 'forgets that clients wait for approval',
    provider: ForgetsThatClientsWait,
    caughtBy: ['a client that waits for approval'],
  },
  {
    mistake: 'lets clients change while they wait',
    provider: ReplacesWhatWaits,
    caughtBy: ['a client that waits for approval'],
  },
  {
    mistake: 'says that a client is approved and leaves it waiting',
    provider: HidesWhoWasApproved,
    caughtBy: ['an approved client goes on'],
  },
  {
    mistake: 'forgets the software statement of a client',
    provider: ForgetsStatements,
    caughtBy: ['a client that brings a software statement'],
  },
  {
    mistake: 'forgets how a client was let in',
    provider: ForgetsHowClientsWereLetIn,
    caughtBy: ['a client that brings a software statement'],
  },
];
