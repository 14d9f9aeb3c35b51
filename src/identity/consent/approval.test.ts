import { beforeEach, describe, expect, it } from 'vitest';
import { clientNamed, start } from '../../../test/support/database.ts';
import { type IdentityHarness, openIdentity, origin } from '../../../test/support/identity.ts';
import { hashSecret } from '../../core/hash.ts';
import type { ResourceUri, SecretHash } from '../../core/ids.ts';
import { ValidatedRedirectUri } from '../../oauth/authorization-code/redirect-uri.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { Approval } from './approval.ts';
import { approve } from './decide.ts';
import type { PendingRequest } from './pending-requests.ts';

const browser = hashSecret('browser');
const client = clientNamed('client');
const pending: PendingRequest = {
  id: 'id',
  hash: 'hash' as SecretHash,
  client,
  request: {
    client,
    redirectUri: ValidatedRedirectUri.match(client, undefined),
    redirectUriWasSent: false,
    codeChallenge: 'c'.repeat(43),
    scopes: ['read', 'write'],
    resource: `${origin}/mcp` as ResourceUri,
    prompt: [],
    receivedAt: 0,
  },
  createdAt: start,
  browserHash: browser,
  askedUserId: undefined,
};

let harness: IdentityHarness;

beforeEach(async () => {
  harness = await openIdentity();
  await harness.addUser('ada');
});

async function signedIn(): Promise<AuthenticatedUser> {
  const { sessions, users } = harness.services;
  const ada = await users.findByName('ada');
  const cookie = ada && (await sessions.start(ada, new Request(origin), {}));
  const user = await sessions.authenticate(new Request(origin, { headers: { cookie: cookie?.split(';')[0] ?? '' } }));
  if (user === undefined) throw new Error('nobody is signed in');
  return user;
}

describe('an approval [PITFALL-12]', () => {
  it('is of one request, one user and one browser, for scopes that were asked for', async () => {
    const user = await signedIn();
    const approval = Approval.of(pending, user, browser, ['write']);
    expect([approval?.pending, approval?.user, approval?.scopes]).toEqual([pending, user, ['write']]);
  });

  it('does not exist for another browser, or before the request has one', async () => {
    const user = await signedIn();
    expect(Approval.of(pending, user, hashSecret('another'), ['read'])).toBeUndefined();
    expect(Approval.of({ ...pending, browserHash: undefined }, user, browser, ['read'])).toBeUndefined();
  });

  it('does not exist for scopes that were not asked for, are not the user’s to grant, or are none', async () => {
    const user = await signedIn();
    expect(Approval.of(pending, user, browser, ['read', 'admin'])).toBeUndefined();
    expect(Approval.of(pending, user, browser, [])).toBeUndefined();
    expect(Approval.of({ ...pending, request: { ...pending.request, scopes: [] } }, user, browser, [])).toBeDefined();
    await harness.services.users.setGrantableScopes(user.user.userId, ['read']);
    const limited = await signedIn();
    expect(Approval.of(pending, limited, browser, ['read', 'write'])).toBeUndefined();
    expect(Approval.of(pending, limited, browser, ['read'])).toBeDefined();
  });

  it('cannot be made from somebody who is not signed in, or made up [PITFALL-20]', async () => {
    const user = await signedIn();
    const forged = {
      user: user.user,
      sessionHash: user.sessionHash,
      authenticatedAt: start,
    } as unknown as AuthenticatedUser;
    expect(() => Approval.of(pending, forged, browser, ['read'])).toThrow(TypeError);
    const madeUp = { pending, user, scopes: ['read'] } as unknown as Approval;
    for (const value of [madeUp, Object.create(Approval.prototype) as Approval]) {
      expect(() => Approval.assert(value)).toThrow('a code is issued for an Approval only');
      await expect(approve(value, harness.services)).rejects.toThrow(TypeError);
    }
    expect(await harness.services.database.read('SELECT * FROM authorization_codes')).toEqual([]);
  });
});
