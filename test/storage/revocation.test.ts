import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ClientId, GrantId } from '../../src/core/ids.ts';
import { createTestClient, type Tokens } from '../../src/testing/test-client.ts';
import type { AdministrationAction, AdministrationTask } from './administration-worker.ts';
import { messageFrom, openOnFile, type ServerOnFile, startWorker, untilNoticed } from './server.ts';

const actions: readonly AdministrationAction[] = ['disable user', 'delete user', 'delete client', 'revoke grant'];
const worker = fileURLToPath(new URL('./administration-worker.ts', import.meta.url));

/** The id of what an action is about. */
async function idFor(action: AdministrationAction, { server, client }: ServerOnFile): Promise<string> {
  switch (action) {
    case 'disable user':
    case 'delete user':
      return (await server.services.users.findByName('ada'))?.userId ?? '';
    case 'delete client':
      return client.clientId;
    case 'revoke grant': {
      const grants = await server.services.grants.list(10);
      return grants.find(({ clientId }) => clientId === client.clientId)?.grantId ?? '';
    }
  }
}

async function actHere(action: AdministrationAction, { server }: ServerOnFile, id: string): Promise<unknown> {
  const { users, clients, grants } = server.services;
  switch (action) {
    case 'disable user':
      return users.setStatus(id, 'disabled');
    case 'delete user':
      return users.delete(id);
    case 'delete client':
      return clients.delete(id as ClientId);
    case 'revoke grant':
      return grants.revoke(id as GrantId, 'by an administrator');
  }
}

/** Tokens that the server has already let in, so that it remembers them. */
async function remembered(on: ServerOnFile): Promise<Tokens> {
  const tokens = await on.connect();
  for (let count = 0; count < 3; count += 1) expect(await on.isHonoured(tokens)).toBe(true);
  return tokens;
}

async function expectRefreshRefused({ refresh }: ServerOnFile, tokens: Tokens): Promise<void> {
  expect(['invalid_grant', 'invalid_client']).toContain((await refresh(tokens)).body['error']);
}

describe.each(actions)('tokens that the server remembers, after: %s', (action) => {
  it('are refused at the very next request where the same process did it', async () => {
    const on = await openOnFile();
    const tokens = await remembered(on);
    await actHere(action, on, await idFor(action, on));
    expect(await on.isHonoured(tokens)).toBe(false);
    await expectRefreshRefused(on, tokens);
  });

  it('are refused where another process did it, at the very next request or, on PostgreSQL, within a second, and nobody else’s are', async () => {
    const on = await openOnFile();
    const tokens = await remembered(on);
    const stranger = await createTestClient(on.server);
    const others = await on.connect(stranger);
    expect(await on.isHonoured(others)).toBe(true);
    const task: AdministrationTask = { config: on.config, action, id: await idFor(action, on) };
    const administrator = await startWorker(worker, task);
    expect(await on.isHonoured(tokens)).toBe(true);
    administrator.send('go');
    expect(await messageFrom(administrator)).toBe('done');
    await untilNoticed(() => on.isHonoured(tokens), false);
    expect(await on.isHonoured(others)).toBe(!action.endsWith('user'));
    await expectRefreshRefused(on, tokens);
  });
});

describe.each(actions.filter((action) => action !== 'revoke grant'))(
  'a refresh or redemption that races: %s',
  (action) => {
    it('yields nothing that works afterwards', async () => {
      const on = await openOnFile();
      const tokens = await remembered(on);
      const code = await on.authorize();
      const id = await idFor(action, on);
      const [first, , redeemed, second] = await Promise.all([
        on.refresh(tokens),
        actHere(action, on, id),
        on.client.redeem(code),
        on.refresh(tokens),
      ]);
      for (const { body } of [first, redeemed, second]) {
        const accessToken = body['access_token'];
        if (typeof accessToken === 'string') expect(await on.isHonoured({ ...tokens, accessToken })).toBe(false);
      }
      expect(await on.isHonoured(tokens)).toBe(false);
      expect(await on.server.services.grants.list(10)).toEqual([]);
    });
  },
);

describe('a disabled user', () => {
  it('who is enabled again gets no token back', async () => {
    const on = await openOnFile();
    const tokens = await remembered(on);
    const id = await idFor('disable user', on);
    await on.server.services.users.setStatus(id, 'disabled');
    await on.server.services.users.setStatus(id, 'active');
    expect(await on.isHonoured(tokens)).toBe(false);
    await expectRefreshRefused(on, tokens);
    expect(await on.isHonoured(await on.connect())).toBe(true);
  });

  it('has no code that can still be redeemed', async () => {
    const on = await openOnFile();
    const code = await on.authorize();
    await on.server.services.users.setStatus(await idFor('disable user', on), 'disabled');
    const answer = await on.client.redeem(code);
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_grant']);
  });
});
