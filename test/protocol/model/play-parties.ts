import assert from 'node:assert/strict';
import type { KnownIssuer } from '../../../src/oauth/identity-assertion/trusted-issuers.ts';
import { identityAssertionGrant } from '../../../src/testing/test-issuer.ts';
import { theIssuers } from './issuers.ts';
import { settleAll } from './play-tokens.ts';
import { newest } from './presenting.ts';
import { at, type Reference } from './reference.ts';
import { enterprise, type IssuerNumber } from './rules.ts';
import type { Action } from './steps.ts';
import { type Cast, idOf } from './world.ts';

type PartyAction = Extract<
  Action,
  { readonly do: 'publish' | 'change document' | 'assert' | 'present again' | 'issuer' | 'link' | 'unlink' }
>;

/** Whether there is what a step with documents and issuers is about. */
export function isPartyThere(action: PartyAction, reference: Reference): boolean {
  switch (action.do) {
    case 'change document':
      return described(reference).length > 0;
    case 'present again':
      return reference.assertions.length > 0;
    case 'link':
      return at(reference.users, action.user).state !== 'deleted';
    case 'publish':
    case 'assert':
    case 'issuer':
    case 'unlink':
      return true;
  }
}

/** What others say of clients and people: metadata documents and assertions. */
export async function playParty(action: PartyAction, reference: Reference, cast: Cast): Promise<string> {
  switch (action.do) {
    case 'publish':
      await cast.register('of a document');
      return `client ${reference.addClient('of a document')}`;
    case 'change document': {
      const clients = described(reference);
      const index = at(clients, newest(clients, action.client));
      at(reference.clients, index).document = action.becomes;
      cast.publish(at(cast.clients, index).clientId, action.becomes);
      return `that of client ${index}: ${action.becomes}`;
    }
    case 'assert': {
      const index = await assertPerson(action, reference, cast);
      return present(index, action.key, action.times, reference, cast);
    }
    case 'present again':
      return present(newest(reference.assertions, action.assertion), action.key, 1, reference, cast);
    case 'issuer':
      return setIssuer(action.issuer, action.becomes, reference, cast);
    case 'link': {
      const { issuer, person, user } = action;
      const isNew = !reference.links.has(`${issuer} ${person}`);
      if (isNew) reference.links.set(`${issuer} ${person}`, user);
      assert.equal(await cast.world.link(user, issuerAt(issuer).issuer, nameOf(person)), isNew);
      return `${nameOf(person)} of issuer ${issuer}: ${isNew ? `user ${user}` : 'is somebody already'}`;
    }
    case 'unlink':
      reference.unlink(action.issuer, action.person);
      await cast.world.unlink(issuerAt(action.issuer).issuer, nameOf(action.person));
      return `${nameOf(action.person)} of issuer ${action.issuer}`;
  }
}

/** The names by which the issuers know people. */
export function nameOf(person: number): string {
  return `person-${person}`;
}

async function assertPerson(
  { issuer, person, scopes, signedInAgo }: Extract<PartyAction, { readonly do: 'assert' }>,
  reference: Reference,
  { world, assertions }: Cast,
): Promise<number> {
  const signedInAt = signedInAgo === undefined ? undefined : reference.now - signedInAgo * 1000;
  const claims = {
    sub: nameOf(person),
    scope: scopes.join(' '),
    ...(signedInAt === undefined ? {} : { auth_time: signedInAt / 1000 }),
  };
  assertions.push(await issuerAt(issuer).assertion(world.provider, idOf(enterprise.name), claims));
  return reference.assert(issuer, person, scopes, signedInAt);
}

async function present(
  index: number,
  key: number | undefined,
  times: number,
  reference: Reference,
  cast: Cast,
): Promise<string> {
  const { issuer, person } = at(reference.assertions, index);
  const parameters = { grant_type: identityAssertionGrant, assertion: at(cast.assertions, index) };
  const outcomes = Array.from({ length: times }, () => reference.present(index, key));
  const answers = await Promise.all(
    outcomes.map(() => cast.asServer(enterprise.name, 'token', parameters, cast.proof(key))),
  );
  return `${nameOf(person)} of issuer ${issuer}: ${settleAll(answers, outcomes, reference, cast)}`;
}

// As if the server had been started again without it: what is configured cannot be changed otherwise.
function setIssuer(
  number: IssuerNumber,
  becomes: 'trusted' | 'removed',
  reference: Reference,
  { world, issuers }: Cast,
): string {
  const known = world.provider.identityAssertions.issuers as Map<string, KnownIssuer>;
  const { issuer } = issuerAt(number);
  const removed = known.get(issuer) ?? issuers.get(issuer);
  assert.ok(removed);
  if (becomes === 'trusted') known.set(issuer, removed);
  else known.delete(issuer);
  issuers.set(issuer, removed);
  if (becomes === 'trusted') reference.removedIssuers.delete(number);
  else reference.removedIssuers.add(number);
  return `${issuer}: ${becomes}`;
}

function issuerAt(number: IssuerNumber) {
  return at(theIssuers, number);
}

function described(reference: Reference): number[] {
  return [...reference.clients.keys()].filter((index) => at(reference.clients, index).document !== undefined);
}
