import assert from 'node:assert/strict';
import { newest } from './presenting.ts';
import { at, type Reference } from './reference.ts';
import { machine } from './rules.ts';
import type { Action } from './steps.ts';
import { type Cast, idOf } from './world.ts';

type Administration = Extract<
  Action,
  { readonly do: 'user' | 'withdraw' | 'delete client' | 'delete machine' | 'rotate keys' | 'sweep' }
>;

/** Whether there is what an administrator, or a user at the account page, would act upon. */
export function isAdministrationPossible(action: Administration, reference: Reference): boolean {
  switch (action.do) {
    case 'user':
      return at(reference.users, action.user).state !== 'deleted';
    case 'withdraw': {
      if (reference.accessTokens.length === 0) return false;
      const index = newest(reference.accessTokens, action.token);
      // What was made by exchange is not on the account page.
      const { root } = at(reference.grants, at(reference.accessTokens, index).grant);
      return root === undefined && reference.isAccessTokenAlive(index);
    }
    case 'delete client':
      return !at(reference.clients, newest(reference.clients, action.client)).gone;
    case 'delete machine':
      return !reference.isMachineGone;
    case 'rotate keys':
    case 'sweep':
      return true;
  }
}

export async function administer(action: Administration, reference: Reference, cast: Cast): Promise<string> {
  const { world } = cast;
  switch (action.do) {
    case 'user':
      reference.setUser(action.user, action.becomes);
      await world.setUser(action.user, action.becomes);
      return `user ${action.user}: ${action.becomes}`;
    case 'withdraw': {
      const index = newest(reference.accessTokens, action.token);
      const { grant } = at(reference.accessTokens, index);
      await world.withdraw(at(cast.accessTokens, index));
      reference.withdraw(grant);
      return `grant ${grant}`;
    }
    case 'delete client': {
      const index = newest(reference.clients, action.client);
      reference.deleteClient(index);
      await world.deleteClient(idOf(at(cast.clients, index).clientId));
      return `client ${index}`;
    }
    case 'delete machine':
      reference.deleteMachine();
      await world.deleteClient(idOf(machine.name));
      return 'gone';
    case 'rotate keys':
      if (action.kind === 'old ones are compromised') reference.compromiseKeys();
      await world.rotateKeys(action.kind);
      return action.kind;
    case 'sweep':
      reference.sweep();
      await world.sweep();
      return noteUnusedClients(reference, cast);
  }
}

/** Clients that have been of no use for long are swept away too, and nobody may miss them. */
async function noteUnusedClients(reference: Reference, cast: Cast): Promise<string> {
  const gone: number[] = [];
  for (const [index, { clientId }] of cast.clients.entries()) {
    const isKnown = !at(reference.clients, index).gone;
    if (!isKnown || (await cast.world.provider.getClient(idOf(clientId)))) continue;
    const isMissed = [...reference.refreshTokens, ...reference.accessTokens, ...reference.codes].some(
      ({ grant, expiresAt }) =>
        at(reference.grants, grant).client === index && reference.isGrantAlive(grant) && expiresAt > reference.now,
    );
    assert.equal(isMissed, false, `client ${index} was removed while something of it was alive`);
    reference.deleteClient(index);
    gone.push(index);
  }
  return gone.length === 0 ? 'done' : `clients ${gone.join(', ')} were of no more use`;
}
