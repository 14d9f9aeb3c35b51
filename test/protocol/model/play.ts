import { administer, isAdministrationPossible } from './play-administration.ts';
import { authorize } from './play-authorization.ts';
import { playDevice } from './play-devices.ts';
import { endWhileUsed, isEndPossible } from './play-endings.ts';
import { isPartyThere, playParty } from './play-parties.ts';
import {
  actForItself,
  callTool,
  connect,
  exchange,
  redeem,
  redeemAtOnce,
  refresh,
  refreshAtOnce,
  revoke,
} from './play-tokens.ts';
import { newest, sendingOf } from './presenting.ts';
import type { Reference } from './reference.ts';
import type { Action } from './steps.ts';
import type { Cast } from './world.ts';

/** Whether there is what a step is about. */
export function isPossible(action: Action, reference: Reference): boolean {
  switch (action.do) {
    case 'redeem':
    case 'redeem at once':
      return reference.codes.length > 0;
    case 'refresh':
    case 'refresh at once':
      return reference.refreshTokens.length > 0;
    case 'exchange':
    case 'call':
      return reference.accessTokens.length > 0;
    case 'decide on device':
    case 'poll':
    case 'poll at once':
      return reference.devices.length > 0;
    case 'publish':
    case 'change document':
    case 'assert':
    case 'present again':
    case 'issuer':
    case 'link':
    case 'unlink':
      return isPartyThere(action, reference);
    case 'revoke':
      return (action.what === 'access' ? reference.accessTokens : reference.refreshTokens).length > 0;
    case 'end while it is used':
      return isEndPossible(action, reference);
    case 'register':
    case 'authorize':
    case 'connect':
    case 'act for itself':
    case 'start device':
    case 'connect device':
    case 'wait':
    case 'sweep':
      return true;
    case 'user':
    case 'withdraw':
    case 'delete client':
    case 'delete machine':
    case 'rotate keys':
      return isAdministrationPossible(action, reference);
  }
}

/**
 * Does a step at the server and at the reference, and holds the answer against what the reference expects.
 * @returns what came of it, in a few words
 */
export async function play(action: Action, reference: Reference, cast: Cast): Promise<string> {
  switch (action.do) {
    case 'register':
      await cast.register(action.kind);
      return `client ${reference.addClient(action.kind)}, ${action.kind}`;
    case 'authorize':
      return authorize(action, reference, cast);
    case 'connect':
      return connect(action, reference, cast);
    case 'redeem': {
      const index = newest(reference.codes, action.code);
      return redeem(
        index,
        action.verifier,
        sendingOf(reference.codes, index, action.sending, reference),
        reference,
        cast,
      );
    }
    case 'redeem at once':
      return redeemAtOnce(newest(reference.codes, action.code), action.times, reference, cast);
    case 'refresh': {
      const index = newest(reference.refreshTokens, action.token);
      const sent = sendingOf(reference.refreshTokens, index, action.sending, reference);
      return refresh(index, action.scopes, sent, reference, cast);
    }
    case 'refresh at once':
      return refreshAtOnce(newest(reference.refreshTokens, action.token), action.times, reference, cast);
    case 'act for itself':
      return actForItself(action, reference, cast);
    case 'exchange':
      return exchange(action, reference, cast);
    case 'call':
      return callTool(action, reference, cast);
    case 'start device':
    case 'connect device':
    case 'decide on device':
    case 'poll':
    case 'poll at once':
      return playDevice(action, reference, cast);
    case 'publish':
    case 'change document':
    case 'assert':
    case 'present again':
    case 'issuer':
    case 'link':
    case 'unlink':
      return playParty(action, reference, cast);
    case 'revoke':
      return revoke(action, reference, cast);
    case 'end while it is used':
      return endWhileUsed(action, reference, cast);
    case 'wait':
      cast.world.clock.advance(action.seconds * 1000);
      reference.now += action.seconds * 1000;
      return 'passed';
    case 'user':
    case 'withdraw':
    case 'delete client':
    case 'delete machine':
    case 'rotate keys':
    case 'sweep':
      return administer(action, reference, cast);
  }
}
