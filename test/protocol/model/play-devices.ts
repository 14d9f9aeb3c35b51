import assert from 'node:assert/strict';
import { deviceCodeGrant } from '../../../src/oauth/token/device-clients.ts';
import type { Answer } from '../../../src/testing/test-client.ts';
import { decisionOf } from './play-authorization.ts';
import { resourceParameter, settleAll } from './play-tokens.ts';
import { asItShould, newest, type Sent, sendingOfClient, settle } from './presenting.ts';
import { at, type Reference } from './reference.ts';
import { resources } from './rules.ts';
import type { Action, Sending } from './steps.ts';
import type { Cast } from './world.ts';

type DeviceAction = Extract<
  Action,
  { readonly do: 'start device' | 'connect device' | 'decide on device' | 'poll' | 'poll at once' }
>;

export async function playDevice(action: DeviceAction, reference: Reference, cast: Cast): Promise<string> {
  switch (action.do) {
    case 'start device':
      return startDevice(action, reference, cast);
    case 'connect device':
      return connectDevice(action, reference, cast);
    case 'decide on device':
      return decideOnDevice(action, reference, cast);
    case 'poll':
      return poll(newest(reference.devices, action.device), action.sending, reference, cast);
    case 'poll at once': {
      const index = newest(reference.devices, action.device);
      const sent = sentBy(index, asItShould, reference);
      const outcomes = Array.from({ length: action.times }, () => reference.poll(index, sent));
      const answers = await Promise.all(outcomes.map(() => sendDeviceCode(index, sent, cast)));
      return `device ${index}: ${settleAll(answers, outcomes, reference, cast)}`;
    }
  }
}

/** What happens most: a user who agrees, a device that asks then. */
async function connectDevice(
  { client, user, resource, key }: Extract<DeviceAction, { readonly do: 'connect device' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const before = reference.devices.length;
  const started = await startDevice({ do: 'start device', client, resource, scopes: [] }, reference, cast);
  if (reference.devices.length === before) return started;
  const decision = { do: 'decide on device', device: 0, user, decision: 'allow' } as const;
  const decided = await decideOnDevice(decision, reference, cast);
  return `${started}; ${decided}; ${await poll(before, { ...asItShould, key: key ?? 'no key' }, reference, cast)}`;
}

async function startDevice(
  action: Extract<DeviceAction, { readonly do: 'start device' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const { resource, scopes } = action;
  const index = newest(reference.clients, action.client);
  const client = at(cast.clients, index);
  const expected = reference.startDevice(index, resource, scopes);
  const parameters = {
    ...(resource === 'notes' ? {} : { resource: resources[resource].uri }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  };
  if (expected === undefined) {
    const { status, text } = await client.post('deviceAuthorization', parameters);
    assert.ok(
      status >= 400 && (status < 500 || status === 503),
      `a device is to be refused, and got ${status}: ${text}`,
    );
    return `client ${index} at ${resource}: refused`;
  }
  assert.equal(cast.devices.push(await client.startDevice(parameters)) - 1, expected);
  return `client ${index} at ${resource}: device ${expected}`;
}

async function decideOnDevice(
  action: Extract<DeviceAction, { readonly do: 'decide on device' }>,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const { user } = action;
  const index = newest(reference.devices, action.device);
  const isActive = at(reference.users, user).state === 'active';
  const scopes = isActive ? reference.scopesOfDevice(index) : undefined;
  const who = `user ${user} for device ${index}`;
  // Who has nobody to ask has nobody to leave undecided either.
  if (scopes?.length === 0 && !cast.world.isAdministered) return `${who}: nothing is left to allow`;
  const decision = decisionOf(action, scopes);
  const { decided, signedIn } = await cast.world.decideOnDevice(user, at(cast.devices, index), decision);
  if (signedIn) reference.signIn(user);
  if (scopes === undefined || scopes.length === 0) {
    if (cast.world.isAdministered) assert.equal(decided, false, 'a device was decided on that does not wait');
    return `${who}: refused`;
  }
  assert.ok(decided, `an active user was not asked: ${who}`);
  if (decision === 'deny') {
    reference.decideOnDevice(index, user, 'denied');
    return `${who}: denied`;
  }
  assert.ok(reference.isSignInRecent(user, at(reference.devices, index).scopes), 'a sign-in of too long ago will do');
  const granted = decision === 'allow' ? scopes : [decision.only];
  reference.decideOnDevice(index, user, granted);
  return `${who}, ${granted.join(' ')}: allowed`;
}

export async function poll(index: number, sending: Sending, reference: Reference, cast: Cast): Promise<string> {
  const sent = sentBy(index, sending, reference);
  const expected = reference.poll(index, sent);
  const outcome = settle(await sendDeviceCode(index, sent, cast), expected, reference, cast);
  return `device ${index} of client ${sent.by}: ${outcome}`;
}

function sentBy(index: number, sending: Sending, reference: Reference): Sent {
  const { client, resource } = at(reference.devices, index);
  return sendingOfClient({ client, resource, key: undefined }, sending, reference);
}

function sendDeviceCode(index: number, sent: Sent, cast: Cast): Promise<Answer> {
  const { deviceCode } = at(cast.devices, index);
  const parameters = { grant_type: deviceCodeGrant, device_code: deviceCode, ...resourceParameter(sent) };
  return at(cast.clients, sent.by).post('token', parameters, cast.proof(sent.key));
}
