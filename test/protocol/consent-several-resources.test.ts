import { describe, expect, it } from 'vitest';
import { sql } from '../../src/core/database.ts';
import type { ResourceUri, Subject } from '../../src/core/ids.ts';
import { Params } from '../../src/core/params.ts';
import { AuthenticatedClient } from '../../src/oauth/token/client-authentication.ts';
import { DecidedGrant } from '../../src/oauth/token/decided-grant.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import {
  type ConsentHarness,
  consentPageIn,
  type Device,
  hiddenFields,
  openConsent,
  redeemed,
  scopesOn,
  startRequest,
} from '../support/consent.ts';
import { testDatabase } from '../support/engine.ts';
import { onPage, origin } from '../support/identity.ts';

const admin = `${origin}/admin/mcp`;
const files = 'https://files.example.com/mcp';

const resources: PortcullisConfig['resources'] = {
  admin: {
    path: '/admin/mcp',
    name: 'Administration',
    scopes: { read: { title: 'See the accounts', tools: ['list_users'] }, manage: { title: 'Change accounts' } },
    requiredScopes: ['read'],
    refreshTokenAbsoluteDays: 1,
  },
  files: { url: files, scopes: { fetch: { title: 'Fetch files' } } },
};

async function open(more: PortcullisConfig['resources'] = {}) {
  const harness = await openConsent({ resources: { ...resources, ...more } });
  const [client, device] = [await harness.client(), harness.device()];
  return { harness, client, device };
}

async function errorOf(device: Device, consent: URL): Promise<string | null> {
  const response = await device.get(consent);
  return new URL(response.headers.get('location') ?? 'x:').searchParams.get('error');
}

describe('consent at one of several resources', () => {
  it('names that resource, its own scopes, tools and duration [MCP-BP-02, RFC8707-07]', async () => {
    const { client, device } = await open();
    await device.signIn();
    const at = async (resource: string, scope: string) =>
      (await consentPageIn(device.tab(), client.prepareAuthorization({ resource, scope }).url)).html;
    const html = await at(admin, 'read manage');
    expect(html).toContain('wants access to Administration');
    expect(html).toContain(admin);
    expect(html).toContain('See the accounts');
    expect(html).toContain('<code>list_users</code>');
    expect(html).toContain('Access lasts one day at most');
    expect(html).not.toMatch(/Read notes|list_notes|Example Notes<\/strong>/);
    expect(scopesOn({ html })).toEqual({ optional: ['manage'], required: ['read'] });
    expect(await at(files, 'fetch')).toContain(`wants access to ${files}`);
    expect(await at(`${origin}/mcp`, 'read')).toContain('wants access to Example Notes');
  });

  it('given at one is asked for again at the other, even for a scope of the same name [PITFALL-11, MCP-BP-01]', async () => {
    const { harness, client, device } = await open();
    await device.signIn();
    const prepared = client.prepareAuthorization({ scope: 'read' });
    const page = await consentPageIn(device.tab(), prepared.url);
    const answer = await device.post({ ...hiddenFields(page), decision: 'allow' });
    await redeemed(client, prepared, new URL(answer.headers.get('location') ?? ''));
    const again = await startRequest(device, client.prepareAuthorization({ scope: 'read' }));
    expect((await device.get(again)).headers.get('location')).toContain('code=');
    const elsewhere = await startRequest(device, client.prepareAuthorization({ scope: 'read', resource: admin }));
    expect((await device.get(elsewhere)).status).toBe(200);
    expect(await harness.services.database.read('SELECT DISTINCT resource FROM consents')).toEqual([
      { resource: `${origin}/mcp` },
    ]);
  });

  it('is on record on the account page with the name of its resource', async () => {
    const { client, device } = await open();
    await device.signIn();
    const prepared = client.prepareAuthorization({ resource: admin, scope: 'read' });
    const page = await consentPageIn(device.tab(), prepared.url);
    const answer = await device.post({ ...hiddenFields(page), decision: 'allow' });
    await redeemed(client, prepared, new URL(answer.headers.get('location') ?? ''));
    const { html } = onPage(await device.tab().visit(`${origin}/account`));
    expect(html).toContain('<p class="small">Administration</p>');
    expect(html).toContain('See the accounts');
    expect(html).not.toContain('Read notes');
  });

  it('is kept with the resource that the page named: the form cannot name another [PITFALL-12]', async () => {
    const { client, device } = await open();
    await device.signIn();
    const prepared = client.prepareAuthorization({ scope: 'read' });
    const page = await consentPageIn(device.tab(), prepared.url);
    const answer = await device.post({ ...hiddenFields(page), resource: admin, decision: 'allow' });
    const arrived = new URL(answer.headers.get('location') ?? '');
    const refused = await client.redeem(client.receiveCode(prepared, arrived), { resource: admin });
    expect(refused.body['error']).toBe('invalid_target');
  });
});

describe('a resource for administrators', () => {
  const forAdministrators = { admin: { ...resources['admin'], users: 'administrators' as const } };

  it('is refused to other users, and open to administrators [PITFALL-16]', async () => {
    const { harness, client, device } = await open(forAdministrators);
    await device.signIn();
    const prepared = client.prepareAuthorization({ resource: admin, scope: 'read' });
    expect(await errorOf(device, await startRequest(device, prepared))).toBe('access_denied');
    await harness.addUser('root', 'admin');
    const theirs = harness.device();
    await theirs.signIn('root');
    await consentPageIn(theirs.tab(), client.prepareAuthorization({ resource: admin, scope: 'read' }).url);
    await consentPageIn(device.tab(), client.prepareAuthorization({ scope: 'read' }).url);
  });

  it('is refused to who was an administrator when the page was shown, with and without scopes [PITFALL-12, PITFALL-16]', async () => {
    const bare = { path: '/bare', users: 'administrators' as const };
    const { harness, client, device } = await open({ ...forAdministrators, bare });
    await harness.addUser('other', 'admin');
    const { services } = harness;
    const ada = await services.users.findByName('ada');
    if (ada === undefined) throw new Error('there is no ada');
    for (const resource of [admin, `${origin}/bare`]) {
      await services.users.setRole(ada.userId, 'admin');
      await device.signIn();
      const page = await consentPageIn(device.tab(), client.prepareAuthorization({ resource }).url);
      await services.users.setRole(ada.userId, 'user');
      const answer = await device.post({ ...hiddenFields(page), 'scope:read': 'on', decision: 'allow' });
      expect(new URL(answer.headers.get('location') ?? 'x:').searchParams.get('error'), resource).toBe('access_denied');
    }
    expect(await codesIn(harness)).toEqual([]);
  });

  it('loses the tokens of who is no administrator any more, and nothing else does [PITFALL-16]', async () => {
    const { harness, client, device } = await open(forAdministrators);
    await harness.addUser('other', 'admin');
    const { services, portcullis } = harness;
    const ada = (await services.users.findByName('ada'))?.userId ?? '';
    await services.users.setRole(ada, 'admin');
    await device.signIn();
    const allow = async (resource: string) => {
      const prepared = client.prepareAuthorization({ resource, scope: 'read' });
      const page = await consentPageIn(device.tab(), prepared.url);
      const answer = await device.post({ ...hiddenFields(page), decision: 'allow' });
      return { prepared, arrived: new URL(answer.headers.get('location') ?? '') };
    };
    const [own, other] = [await allow(`${origin}/mcp`), await allow(admin)];
    const tokens = {
      default: await redeemed(client, own.prepared, own.arrived),
      admin: await redeemed(client, other.prepared, other.arrived),
    };
    const statusAt = async (resource: 'default' | 'admin') => {
      const headers = { authorization: `Bearer ${tokens[resource].accessToken}` };
      return (await portcullis.authenticate(new Request(admin, { headers }), { resource })).response?.status ?? 200;
    };
    expect([await statusAt('default'), await statusAt('admin')]).toEqual([200, 200]);
    await services.users.setRole(ada, 'admin');
    expect([await statusAt('default'), await statusAt('admin')]).toEqual([200, 200]);
    await services.users.setRole(ada, 'user');
    expect([await statusAt('default'), await statusAt('admin')]).toEqual([200, 401]);
    expect((await client.refresh(tokens.admin.refreshToken)).body['error']).toBe('invalid_grant');
    expect((await client.refresh(tokens.default.refreshToken)).status).toBe(200);
  });

  it('is refused to grants that are decided on the spot for other users [PITFALL-16]', async () => {
    const { harness, client: registered } = await open(forAdministrators);
    const { portcullis } = harness;
    const params = Params.parse(`client_id=${registered.clientId}`);
    const client = await AuthenticatedClient.authenticate(new Headers(), params, portcullis, {});
    const root = await harness.addUser('root', 'admin');
    const ada = await harness.services.users.findByName('ada');
    const issue = (subject: Subject | undefined, resource: string) => {
      const decision = { scopes: ['read'], resource: resource as ResourceUri, authenticatedAt: portcullis.clock.now() };
      const decided = DecidedGrant.decide(client, { ...decision, subject: subject ?? root.userId }, portcullis);
      return portcullis.issueAccessToken(client.client, decided);
    };
    await expect(issue(ada?.userId, admin)).rejects.toThrow('may not use this resource');
    expect((await issue(root.userId, admin)).accessToken).toBeTypeOf('string');
    expect((await issue(ada?.userId, `${origin}/mcp`)).accessToken).toBeTypeOf('string');
  });

  it('is refused where the user stopped being an administrator at the last moment [PITFALL-12, PITFALL-16]', async () => {
    const { harness, client, device } = await open(forAdministrators);
    await harness.addUser('other', 'admin');
    const { services } = harness;
    const ada = (await services.users.findByName('ada'))?.userId ?? '';
    await services.users.setRole(ada, 'admin');
    await device.signIn();
    const page = await consentPageIn(device.tab(), client.prepareAuthorization({ resource: admin, scope: 'read' }).url);
    const { remembered } = services.consents;
    // After the user was judged, and before the approval is written.
    services.consents.remembered = async (key) => {
      await services.users.setRole(ada, 'user');
      return remembered.call(services.consents, key);
    };
    expect((await device.post({ ...hiddenFields(page), decision: 'allow' })).status).toBe(400);
    expect(await codesIn(harness)).toEqual([]);
  });
});

describe('a resource for verified clients', () => {
  it('is refused to clients that registered themselves, also for what they had before [PITFALL-16, RFC8707-05]', async () => {
    const { client, device } = await open({ admin: { ...resources['admin'], clients: 'verified' } });
    const response = await device.get(client.prepareAuthorization({ resource: admin, scope: 'read' }).url);
    const target = new URL(response.headers.get('location') ?? '');
    expect(target.searchParams.get('error')).toBe('unauthorized_client');
    expect(target.searchParams.get('error_description')).toContain('only for clients that an administrator added');
  });
});

it('a request for a resource that is no longer configured comes to nothing [PITFALL-10]', async () => {
  const { harness, client, device } = await open();
  await device.signIn();
  const page = await consentPageIn(device.tab(), client.prepareAuthorization({ resource: admin, scope: 'read' }).url);
  await harness.services.database.write(
    sql("UPDATE authorization_requests SET parameters = replace(parameters, '/admin/mcp', '/gone')"),
  );
  const answer = await device.post({ ...hiddenFields(page), decision: 'allow' });
  expect(new URL(answer.headers.get('location') ?? 'x:').searchParams.get('error')).toBe('access_denied');
  expect(await codesIn(harness)).toEqual([]);
});

it('an MCP endpoint at the address of a page is refused at start', async () => {
  const config = { baseUrl: origin, ...(await testDatabase()) };
  const opened = Portcullis.open({ ...config, resources: { admin: { path: '/account' } } });
  await expect(opened).rejects.toThrow('resources.admin.path: /account is the address of a page');
  await expect(Portcullis.open({ ...config, mcpPath: '/sign-in' })).rejects.toThrow('mcpPath: /sign-in');
});

function codesIn({ services }: ConsentHarness) {
  return services.database.read('SELECT 1 AS issued FROM authorization_codes');
}
