import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { ClientId } from '../../src/core/ids.ts';
import { mintSecret } from '../../src/oauth/token/mint.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import {
  createTestClient,
  jsonPost,
  sendTo,
  TestClient,
  type TestClientOptions,
  tokensOf,
} from '../../src/testing/test-client.ts';
import { backUp, backupDirectory, restore } from '../support/backups.ts';
import { addTestUser, signInAndAllow, testLimits } from '../support/portcullis-harness.ts';
import { invitation } from '../support/registration.ts';

const baseUrl = 'http://localhost:3000';
const minute = 60_000;

interface Deployment {
  readonly clock: ManualClock;
  readonly server: Portcullis;
  backUp(): Promise<void>;
  /** The server of the restored backup; a minute has passed. */
  restored(clientSecrets?: 'end' | 'keep'): Promise<Portcullis>;
}

async function deployment(further: Partial<PortcullisConfig> = {}): Promise<Deployment> {
  const directory = backupDirectory();
  const clock = new ManualClock();
  const open = async (database: string) => {
    const server = await Portcullis.open(
      { ...testLimits, baseUrl, scopes: { read: {} }, ...further, database },
      { clock },
    );
    onTestFinished(() => server.close());
    return server;
  };
  const [before, after] = [join(directory, 'before', 'a.db'), join(directory, 'after', 'a.db')];
  const server = await open(before);
  await addTestUser(server);
  const path = join(directory, 'a.backup');
  return {
    clock,
    server,
    backUp: async () => void (await backUp(before, path, clock)),
    restored: async (clientSecrets) => {
      clock.advance(minute);
      await restore(path, after, clock, clientSecrets);
      return open(after);
    },
  };
}

/** The same client at another server. */
function at(server: Portcullis, client: TestClient, authMethod: TestClientOptions['authMethod'] = 'none'): TestClient {
  const { clientId, clientSecret, redirectUri } = client;
  return new TestClient(server, {
    clientId,
    authMethod,
    redirectUri,
    ...(clientSecret === undefined ? {} : { clientSecret }),
  });
}

async function codeFor(server: Portcullis, client: TestClient, browser = new TestBrowser(sendTo(server), baseUrl)) {
  const prepared = client.prepareAuthorization();
  return client.receiveCode(prepared, await signInAndAllow(prepared.url, browser));
}

async function isHonoured(server: Portcullis, accessToken: string): Promise<boolean> {
  const request = new Request(`${baseUrl}/mcp`, { headers: { authorization: `Bearer ${accessToken}` } });
  return (await server.authenticate(request)).token !== undefined;
}

async function keySetOf(server: Portcullis): Promise<JSONWebKeySet> {
  return { keys: server.services.signingKeys.publicJwks() } as unknown as JSONWebKeySet;
}

it('access tokens end, also for those who check them by published keys alone [PITFALL-27]', async () => {
  const { clock, server, backUp, restored } = await deployment();
  const client = await createTestClient(server);
  const { accessToken } = tokensOf(await client.redeem(await codeFor(server, client)));
  const verify = async (by: Portcullis) =>
    jwtVerify(accessToken, createLocalJWKSet(await keySetOf(by)), { currentDate: new Date(clock.now()) });
  await backUp();
  await verify(server);
  const after = await restored();
  expect(await isHonoured(after, accessToken)).toBe(false);
  await expect(verify(after)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
});

it('refresh tokens that were revoked, rotated or still live at the backup are refused [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment();
  const client = await createTestClient(server);
  const [revoked, rotated, live] = [
    tokensOf(await client.redeem(await codeFor(server, client))),
    tokensOf(await client.redeem(await codeFor(server, client))),
    tokensOf(await client.redeem(await codeFor(server, client))),
  ];
  await backUp();
  await client.revoke(revoked.refreshToken);
  const next = tokensOf(await client.refresh(rotated.refreshToken));
  const after = at(await restored(), client);
  for (const { refreshToken } of [revoked, rotated, live, next])
    expect((await after.refresh(refreshToken)).body['error']).toBe('invalid_grant');
});

it('codes that were spent since, and codes that were not, are refused [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment({ tokens: { authorizationCodeSeconds: 600 } });
  const client = await createTestClient(server);
  const [spent, fresh] = [await codeFor(server, client), await codeFor(server, client)];
  await backUp();
  tokensOf(await client.redeem(spent));
  const after = at(await restored(), client);
  for (const code of [spent, fresh]) expect((await after.redeem(code)).body['error']).toBe('invalid_grant');
});

it('a session is asked to sign in again, and an allowed app to be allowed again [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment();
  const client = await createTestClient(server);
  let current = server;
  const browser = new TestBrowser((request) => sendTo(current)(request), baseUrl);
  await codeFor(server, client, browser);
  await backUp();
  const account = async () => {
    await browser.visit(`${baseUrl}/account`);
    return browser.page.url;
  };
  expect((await account()).pathname).toBe('/account');
  current = await restored();
  expect((await account()).pathname).toBe('/sign-in');
  expect(await current.services.database.read('SELECT 1 AS x FROM consents')).toEqual([]);
  // Who signs in and allows it again is let in as before.
  const again = at(current, client);
  tokensOf(await again.redeem(await codeFor(current, again)));
});

it('a pushed request from before is unknown [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment({ pushedRequests: { lifetimeSeconds: 600 } });
  const client = await createTestClient(server);
  const { url } = await client.preparePushedAuthorization();
  await backUp();
  const answer = await sendTo(await restored())(new Request(url));
  expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
});

it('a device that waited, or was decided, starts again [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment({
    deviceAuthorization: { enabled: true, clients: 'all' },
  });
  const grants = ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'];
  const client = await createTestClient(server, { metadata: { grant_types: grants } });
  const device = await client.startDevice();
  await backUp();
  const after = at(await restored(), client);
  expect((await after.poll(device)).body['error']).toBe('invalid_grant');
});

it('an assertion that was spent since the backup is not new; one that was made later is [PITFALL-27]', async () => {
  const { clock, server, backUp, restored } = await deployment();
  const client = await createTestClient(server, { authMethod: 'private_key_jwt' });
  await backUp();
  const seconds = Math.floor(clock.now() / 1000);
  const times = [
    { iat: seconds, exp: seconds + 500 },
    // No time of issue, and one that is ahead by as much as clocks may differ.
    { iat: undefined, exp: seconds + 600 },
    { iat: seconds + 30, exp: seconds + 500 },
  ];
  const assertions = await Promise.all(times.map((claims) => client.assertion(claims)));
  const errorOf = async (by: Portcullis, assertion: Record<string, string>) =>
    (await at(by, client).post('token', { grant_type: 'refresh_token', refresh_token: 'x', ...assertion })).body[
      'error'
    ];
  for (const assertion of assertions) {
    expect(await errorOf(server, assertion)).toBe('invalid_grant');
    expect(await errorOf(server, assertion)).toBe('invalid_client');
  }
  const after = await restored();
  for (const assertion of assertions) expect(await errorOf(after, assertion)).toBe('invalid_client');
  clock.advance(31_000);
  expect(await errorOf(after, await client.assertion())).toBe('invalid_grant');
});

it('a DPoP proof that was spent since the backup is not new; one that was made later is [PITFALL-27]', async () => {
  const { clock, server, backUp, restored } = await deployment();
  const client = await createTestClient(server);
  const key = new DpopTestKey();
  const url = server.endpointUrl('token');
  const errorOf = async (by: Portcullis, proof: string) =>
    (await at(by, client).refresh('x', {}, { dpop: proof })).body['error'];
  await backUp();
  const proof = key.proof({ url, now: clock.now() + minute });
  expect(await errorOf(server, proof)).toBe('invalid_grant');
  expect(await errorOf(server, proof)).toBe('invalid_dpop_proof');
  const after = await restored();
  expect(await errorOf(after, proof)).toBe('invalid_dpop_proof');
  clock.advance(10 * minute);
  expect(await errorOf(after, key.proof({ url, now: clock.now() }))).toBe('invalid_grant');
});

it('initial access tokens that were used up or revoked since are refused [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment({
    registration: { ...testLimits.registration, policy: 'token' },
  });
  const [used, unused] = [await invitation(server), await invitation(server)];
  await backUp();
  const register = (at: Portcullis, token: string) =>
    sendTo(at)(
      jsonPost(
        at.endpointUrl('register'),
        { redirect_uris: ['http://localhost:9999/cb'], token_endpoint_auth_method: 'none' },
        { authorization: `Bearer ${token}` },
      ),
    );
  expect((await register(server, used)).status).toBe(201);
  const after = await restored();
  for (const token of [used, unused]) expect((await register(after, token)).status).toBe(401);
});

it('registration access tokens are refused, and the client stays [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment();
  const client = await createTestClient(server);
  const { registration_client_uri: uri, registration_access_token: token } = client.registration;
  const read = async (by: Portcullis) =>
    (await sendTo(by)(new Request(String(uri), { headers: { authorization: `Bearer ${String(token)}` } }))).status;
  await backUp();
  expect(await read(server)).toBe(200);
  const after = await restored();
  expect(await read(after)).toBe(401);
  expect(await after.services.clients.get(client.clientId as ClientId)).toBeDefined();
});

it('client secrets end, unless the operator knows that none was replaced [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment();
  const client = await createTestClient(server, { authMethod: 'client_secret_post' });
  await backUp();
  const answer = await at(await restored(), client, 'client_secret_post').refresh('x');
  expect(answer.body).toMatchObject({ error: 'invalid_client', error_description: expect.stringContaining('expired') });
});

it('client secrets live where they are to be kept, but never one that was being replaced [PITFALL-27]', async () => {
  const { clock, server, backUp, restored } = await deployment();
  const [kept, replaced] = [
    await createTestClient(server, { authMethod: 'client_secret_post' }),
    await createTestClient(server, { authMethod: 'client_secret_post' }),
  ];
  const { hash } = mintSecret(server.random);
  await server.services.clients.replaceSecret(replaced.clientId as ClientId, { hash }, clock.now() + 60 * minute);
  expect((await replaced.refresh('x')).body['error']).toBe('invalid_grant');
  await backUp();
  const after = await restored('keep');
  const errorOf = async (client: TestClient) =>
    (await at(after, client, 'client_secret_post').refresh('x')).body['error'];
  expect(await errorOf(kept)).toBe('invalid_grant');
  expect(await errorOf(replaced)).toBe('invalid_client');
});

it('signs of the old server are worth nothing: forms, known browsers and nonces have other keys [PITFALL-27]', async () => {
  const { server, backUp, restored } = await deployment();
  await backUp();
  const after = await restored();
  const secrets = await Promise.all(
    [server, after].map(({ services }) => services.database.read('SELECT secret FROM data_secrets')),
  );
  expect(secrets[0]).toHaveLength(1);
  expect(secrets[0]).not.toEqual(secrets[1]);
});
