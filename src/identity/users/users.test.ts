import { describe, expect, it } from 'vitest';
import { addGrant, openIdentity, signInAs } from '../../../test/support/identity.ts';
import { UserError } from './user.ts';

const passwordHash = '$argon2id$v=19$m=7168,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

describe('names', () => {
  it('a user is found whatever the case and compatibility form of the name', async () => {
    const { services } = await openIdentity();
    const created = await services.users.create({ userName: 'Ada.Lovelace', passwordHash });
    for (const spelling of ['ada.lovelace', 'ADA.LOVELACE', 'Ａda.Lovelace']) {
      expect(await services.users.findByName(spelling)).toEqual(created);
    }
    expect(await services.users.findByName('ada')).toBeUndefined();
    expect(created).toMatchObject({
      userName: 'Ada.Lovelace',
      displayName: 'Ada.Lovelace',
      role: 'user',
      status: 'active',
    });
    expect(created.grantableScopes).toBeUndefined();
  });

  it('of any number of parallel attempts one gets the name', async () => {
    const { services } = await openIdentity();
    const attempts = ['ada', 'Ada', 'ADA', 'ａda'].map((userName) => services.users.create({ userName, passwordHash }));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
    expect(refused).toHaveLength(3);
    for (const error of refused) expect(error).toMatchObject({ code: 'name_taken', field: 'username' });
    expect(await services.users.list()).toHaveLength(1);
  });

  it.each(['', 'a'.repeat(65), 'two words', 'a/b', 'a\u0000b', '<b>', 'a\u202eb', 'a:b'])(
    'the name %j is refused',
    async (userName) => {
      const { services } = await openIdentity();
      await expect(services.users.create({ userName, passwordHash })).rejects.toMatchObject({
        code: 'invalid',
        field: 'username',
      });
    },
  );

  it.each(['a', 'ada+test@example.com', 'josé_1-x', 'Ђорђе', 'x'.repeat(64)])(
    'the name %j is accepted',
    async (userName) => {
      const { services } = await openIdentity();
      await services.users.create({ userName, passwordHash });
      expect((await services.users.findByName(userName))?.userName).toBe(userName);
    },
  );

  it('a display name with invisible characters and a broken e-mail address are refused, naming the field', async () => {
    const { services } = await openIdentity();
    const base = { userName: 'ada', passwordHash };
    await expect(services.users.create({ ...base, displayName: 'A\u202eda' })).rejects.toMatchObject({
      field: 'display_name',
    });
    await expect(services.users.create({ ...base, email: 'ada' })).rejects.toMatchObject({ field: 'email' });
    await expect(services.users.create({ ...base, email: 'a@b <x>' })).rejects.toMatchObject({ field: 'email' });
    const created = await services.users.create({ ...base, displayName: '  Ada  ', email: ' ada@example.com ' });
    expect(created).toMatchObject({ displayName: 'Ada', email: 'ada@example.com' });
  });
});

describe('disabling', () => {
  it('ends sessions and grants of that user and nobody else in the same moment', async () => {
    const harness = await openIdentity();
    const { services, browser, addUser } = harness;
    const [ada, bob] = [await addUser('ada'), await addUser('bob')];
    const [adas, bobs] = [browser(), browser()];
    await signInAs(adas, 'ada');
    await signInAs(bobs, 'bob');
    await addGrant(harness, ada.userId, 'c1', 'g-ada');
    await addGrant(harness, bob.userId, 'c1', 'g-bob');
    const before = services.grants.revocations;

    await services.users.setStatus(ada.userId, 'disabled');

    expect(await services.sessions.list(ada.userId)).toEqual([]);
    expect(await services.sessions.list(bob.userId)).toHaveLength(1);
    expect(await services.grants.listForSubject(ada.userId)).toEqual([]);
    expect(await services.grants.listForSubject(bob.userId)).toHaveLength(1);
    expect(services.grants.revocations).toBeGreaterThan(before);
    expect(await services.database.read("SELECT revoked_because FROM grants WHERE grant_id = 'g-ada'")).toEqual([
      { revoked_because: 'user disabled' },
    ]);
    expect((await services.users.findById(ada.userId))?.status).toBe('disabled');
  });

  it('an enabled user can sign in again, with none of the old sessions', async () => {
    const { services, browser, addUser } = await openIdentity();
    const { userId } = await addUser('ada');
    await services.users.setStatus(userId, 'disabled');
    expect((await signInAs(browser(), 'ada')).status).toBe(400);
    await services.users.setStatus(userId, 'active');
    expect((await signInAs(browser(), 'ada')).url.pathname).toBe('/account');
    expect(await services.sessions.list(userId)).toHaveLength(1);
  });
});

describe('the last active administrator', () => {
  it('cannot be disabled, demoted or deleted, and keeps sessions and grants when that is tried', async () => {
    const harness = await openIdentity();
    const { services, browser, addUser } = harness;
    const { userId } = await addUser('root', 'admin');
    const other = await addUser('other', 'admin');
    await services.users.setStatus(other.userId, 'disabled');
    await signInAs(browser(), 'root');
    await addGrant(harness, userId, 'c1', 'g1');
    for (const change of [
      () => services.users.setStatus(userId, 'disabled'),
      () => services.users.setRole(userId, 'user'),
      () => services.users.delete(userId),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'last_admin' });
    }
    expect(await services.users.findById(userId)).toMatchObject({ role: 'admin', status: 'active' });
    expect(await services.sessions.list(userId)).toHaveLength(1);
    expect(await services.grants.listForSubject(userId)).toHaveLength(1);
    expect(await services.users.countAdministrators()).toBe(1);
  });

  it('two administrators who remove each other at the same moment leave one', async () => {
    const { services, addUser } = await openIdentity();
    const [a, b] = [await addUser('a', 'admin'), await addUser('b', 'admin')];
    const outcomes = await Promise.allSettled([
      services.users.setStatus(a.userId, 'disabled'),
      services.users.setRole(b.userId, 'user'),
      services.users.delete(a.userId),
      services.users.delete(b.userId),
    ]);
    expect(await services.users.countAdministrators()).toBe(1);
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
  });

  it('another administrator may be removed, and an ordinary user always', async () => {
    const { services, addUser } = await openIdentity();
    await addUser('a', 'admin');
    const [b, user] = [await addUser('b', 'admin'), await addUser('user')];
    await services.users.setRole(b.userId, 'user');
    await services.users.setStatus(user.userId, 'disabled');
    await services.users.delete(b.userId);
    expect((await services.users.list()).map(({ userName }) => userName)).toEqual(['a', 'user']);
  });
});

describe('other changes', () => {
  it('a deleted user leaves no session, no consent and no living grant', async () => {
    const harness = await openIdentity();
    const { services, browser, addUser } = harness;
    const { userId } = await addUser('ada');
    await signInAs(browser(), 'ada');
    await addGrant(harness, userId, 'c1', 'g1');
    await services.users.delete(userId);
    expect(await services.users.findByName('ada')).toBeUndefined();
    expect(await services.database.read('SELECT 1 AS x FROM sessions')).toEqual([]);
    expect(await services.database.read('SELECT 1 AS x FROM consents')).toEqual([]);
    expect(await services.grants.isAlive('g1' as never)).toBe(false);
  });

  it('a password set by an administrator ends every session', async () => {
    const { services, browser, addUser } = await openIdentity();
    const { userId } = await addUser('ada');
    await signInAs(browser(), 'ada');
    await services.users.setPasswordHash(userId, passwordHash);
    expect(await services.sessions.list(userId)).toEqual([]);
    expect((await services.users.findCredentials('ada'))?.passwordHash).toBe(passwordHash);
  });

  it('grantable scopes are all until they are listed, and may be none', async () => {
    const { services, addUser } = await openIdentity();
    const { userId } = await addUser('ada');
    await services.users.setGrantableScopes(userId, ['notes:read']);
    expect((await services.users.findById(userId))?.grantableScopes).toEqual(['notes:read']);
    await services.users.setGrantableScopes(userId, []);
    expect((await services.users.findById(userId))?.grantableScopes).toEqual([]);
    await services.users.setGrantableScopes(userId, undefined);
    expect((await services.users.findById(userId))?.grantableScopes).toBeUndefined();
  });

  it('a re-hash does not overwrite a password changed meanwhile', async () => {
    const { services, addUser } = await openIdentity();
    const { userId } = await addUser('ada');
    await services.users.replaceHash(userId, 'another hash', 'x');
    expect((await services.users.findCredentials('ada'))?.passwordHash).not.toBe('x');
  });

  it('every change to nobody says so', async () => {
    const { services } = await openIdentity();
    const { users } = services;
    const changes = [
      users.setStatus('nobody', 'active'),
      users.setStatus('nobody', 'disabled'),
      users.setRole('nobody', 'admin'),
      users.setPasswordHash('nobody', passwordHash),
      users.setGrantableScopes('nobody', []),
      users.delete('nobody'),
    ];
    for (const outcome of await Promise.allSettled(changes)) {
      expect(outcome).toMatchObject({ reason: { code: 'not_found' } });
      expect(outcome.status === 'rejected' && outcome.reason instanceof UserError).toBe(true);
    }
  });
});
