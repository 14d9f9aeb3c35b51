import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { hashSecret } from '../../src/core/hash.ts';
import { machineClient } from '../../src/oauth/client-credentials/machine-client.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { sendTo, TestClient, tokensOf } from '../../src/testing/test-client.ts';
import { addTestUser, testLimits, testUser } from '../support/portcullis-harness.ts';

const baseUrl = 'http://localhost:3000';
const grant = { grant_type: 'client_credentials' } as const;

async function open() {
  const clock = new ManualClock();
  const portcullis = await Portcullis.open(
    { ...testLimits, baseUrl, database: ':memory:', scopes: { read: {} } },
    { clock },
  );
  onTestFinished(() => portcullis.close());
  const { client, secret = '' } = machineClient(
    { clientName: 'Nightly report', scopes: ['read'], credentials: 'client_secret_post' },
    portcullis,
  );
  await portcullis.services.clients.add(client);
  const machine = new TestClient(portcullis, {
    clientId: client.clientId,
    clientSecret: secret,
    authMethod: 'client_secret_post',
    redirectUri: '',
  });
  const isHonoured = async (accessToken: string) => {
    const request = new Request(`${baseUrl}/mcp`, { headers: { authorization: `Bearer ${accessToken}` } });
    return (await portcullis.authenticate(request)).token !== undefined;
  };
  return { portcullis, machine, clock, isHonoured };
}

test('deleting a machine client ends its tokens at once', async () => {
  const { portcullis, machine, isHonoured } = await open();
  const { accessToken } = tokensOf(await machine.post('token', grant));
  expect(await isHonoured(accessToken)).toBe(true);
  await portcullis.services.clients.delete(machine.clientId as never);
  expect(await isHonoured(accessToken)).toBe(false);
  expect((await machine.post('token', grant)).status).toBe(401);
});

test('a machine’s grants are the operator’s to see, and no user’s [MCP-CC-09]', async () => {
  const { portcullis, machine } = await open();
  await addTestUser(portcullis);
  tokensOf(await machine.post('token', grant));
  const { grants, users, clients } = portcullis.services;
  expect(await grants.list(10)).toMatchObject([{ clientId: machine.clientId, subject: machine.clientId }]);
  const [ada] = await users.list();
  expect(await grants.listForSubject(ada?.userId as never)).toEqual([]);
  const browser = new TestBrowser(sendTo(portcullis), baseUrl);
  await browser.visit(`${baseUrl}/account`);
  await browser.submit({ username: testUser.userName, password: testUser.password });
  const page = await browser.visit(`${baseUrl}/account`);
  expect(page instanceof URL ? page.href : page.html).toContain('Ada');
  expect(page instanceof URL ? page.href : page.html).not.toContain('Nightly report');
  expect((await clients.list()).map(({ lastUsedAt }) => lastUsedAt)).toEqual([portcullis.clock.now()]);
});

test('a secret that was replaced works beside the new one for its time, then ends; one before that ends at once', async () => {
  const { portcullis, machine, clock } = await open();
  const { clients } = portcullis.services;
  const id = machine.clientId as never;
  const attempt = async (client_secret: string) => {
    const { status, body } = await machine.post('token', { ...grant, client_secret });
    return status === 200 ? 'in' : String(body['error_description']);
  };
  const first = machine.clientSecret ?? '';
  const later = () => clock.now() + 1000;
  expect(await clients.replaceSecret(id, { hash: hashSecret('second') }, later())).toBe(true);
  expect([await attempt(first), await attempt('second')]).toEqual(['in', 'in']);
  clock.advance(1000);
  expect(await attempt(first)).toMatch(/was replaced/);
  expect(await attempt('second')).toBe('in');
  await clients.replaceSecret(id, { hash: hashSecret('third'), expiresAt: clock.now() + 500 }, later());
  expect(await attempt(first)).toMatch(/no client with this client_id/);
  expect([await attempt('second'), await attempt('third')]).toEqual(['in', 'in']);
  // What is kept is kept no longer than it would have lived.
  await clients.replaceSecret(id, { hash: hashSecret('fourth') }, later());
  expect(await attempt('third')).toBe('in');
  clock.advance(500);
  expect(await attempt('third')).toMatch(/was replaced/);
  // At once: for a secret that has leaked.
  await clients.replaceSecret(id, { hash: hashSecret('fifth'), expiresAt: clock.now() + 500 }, clock.now());
  expect(await attempt('fourth')).toMatch(/was replaced/);
  expect(await attempt('fifth')).toBe('in');
  clock.advance(500);
  expect(await attempt('fifth')).toMatch(/has expired; ask the administrator/);
  expect(await clients.replaceSecret('nobody' as never, { hash: hashSecret('x') }, later())).toBe(false);
});
