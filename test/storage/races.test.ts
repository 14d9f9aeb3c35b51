import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ClientKeys } from '../../src/core/records.ts';
import { machineClient } from '../../src/oauth/client-credentials/machine-client.ts';
import { maximumRetries } from '../../src/oauth/refresh-token/store.ts';
import { deviceCodeGrant } from '../../src/oauth/token/device-clients.ts';
import type { Portcullis } from '../../src/portcullis/portcullis.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { createTestClient, sendTo, type Tokens } from '../../src/testing/test-client.ts';
import { assertionParameters, TestClientKey } from '../../src/testing/test-client-key.ts';
import { decideOnDevice, testLimits } from '../support/portcullis-harness.ts';
import { messageFrom, openOnFile, startWorker } from './server.ts';
import type { WorkerAnswer, WorkerTask } from './token-request-worker.ts';

const processes = 4;
const racersEach = 50;
const worker = fileURLToPath(new URL('./token-request-worker.ts', import.meta.url));

/** Sends one request 200 times at the same moment, from 4 servers on one database. */
async function race(config: WorkerTask['config'], form: WorkerTask['form'], path = '/token'): Promise<WorkerAnswer[]> {
  const task: WorkerTask = { config, form, path, times: racersEach };
  const children = await Promise.all(Array.from({ length: processes }, () => startWorker(worker, task)));
  const answers = children.map((child) => messageFrom(child));
  for (const child of children) child.send('go');
  return ((await Promise.all(answers)) as WorkerAnswer[][]).flat();
}

function tokensIn(answers: readonly WorkerAnswer[]): Tokens[] {
  return answers
    .filter(({ status }) => status === 200)
    .map(({ body }) => ({
      accessToken: String(body['access_token']),
      refreshToken: String(body['refresh_token']),
      scope: String(body['scope']),
      expiresIn: 0,
    }));
}

function refusals(answers: readonly WorkerAnswer[]): unknown[] {
  return [
    ...new Set(
      answers.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${String(body['error'])}`),
    ),
  ];
}

const forDevices = {
  deviceAuthorization: { ...testLimits.deviceAuthorization, enabled: true, clients: 'all' },
} as const;

/** A device that waits, with the poll that all racers send. */
async function startDevice(server: Portcullis) {
  const grantTypes = ['authorization_code', 'refresh_token', deviceCodeGrant];
  const client = await createTestClient(server, { metadata: { grant_types: grantTypes } });
  const started = await client.startDevice();
  const form = { grant_type: deviceCodeGrant, client_id: client.clientId, device_code: started.deviceCode };
  return { client, started, form };
}

describe('200 racers in 4 processes on one database', () => {
  it('with one code: exactly one gets tokens, and as the others are replays these are revoked [PITFALL-03, PITFALL-35, CASE-61]', async () => {
    const { config, client, authorize, connect, refresh, isHonoured } = await openOnFile();
    const { code, verifier, redirectUri = '' } = await authorize();
    const bystander = await connect();
    const answers = await race(config, {
      grant_type: 'authorization_code',
      client_id: client.clientId,
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    });
    expect(answers).toHaveLength(processes * racersEach);
    const [winner, ...others] = tokensIn(answers);
    if (winner === undefined) throw new Error(`nobody won: ${refusals(answers).join()}`);
    expect(others).toEqual([]);
    expect(refusals(answers)).toEqual(['400 invalid_grant']);
    expect(await isHonoured(winner)).toBe(false);
    expect((await refresh(winner)).body['error']).toBe('invalid_grant');
    expect(await isHonoured(bystander)).toBe(true);
  });

  it('with the device code of an approved device: exactly one gets tokens, and as the others are replays these are revoked [PITFALL-03, RFC8628-17]', async () => {
    const { config, server, isHonoured, refresh } = await openOnFile({}, forDevices);
    const { client, form, started } = await startDevice(server);
    await decideOnDevice(started.url, 'allow', new TestBrowser(sendTo(server), config.baseUrl));
    const answers = await race(config, form);
    const [winner, ...others] = tokensIn(answers);
    if (winner === undefined) throw new Error(`nobody won: ${refusals(answers).join()}`);
    expect(others).toEqual([]);
    expect(refusals(answers)).toEqual(['400 invalid_grant']);
    expect(await isHonoured(winner)).toBe(false);
    expect((await refresh(winner)).status).not.toBe(200);
    expect((await client.poll(started)).body['error']).toBe('invalid_grant');
  });

  it('with the device code of a device that waits: one is in time, and all others slow it down [RFC8628-11]', async () => {
    const { config, server } = await openOnFile({}, forDevices);
    const { form } = await startDevice(server);
    const answers = await race(config, form);
    const errors = answers.map(({ body }) => body['error']);
    expect(errors.filter((error) => error === 'authorization_pending')).toHaveLength(1);
    expect(errors.filter((error) => error === 'slow_down')).toHaveLength(processes * racersEach - 1);
  });

  it('with one request_uri: exactly one begins the authorization [RFC9126-09]', async () => {
    const { config, server, client } = await openOnFile();
    const { url } = await client.preparePushedAuthorization();
    const answers = await race(config, Object.fromEntries(url.searchParams), '/authorize');
    expect(answers).toHaveLength(processes * racersEach);
    expect(answers.filter(({ status }) => status === 302)).toHaveLength(1);
    expect([...new Set(answers.map(({ status, body }) => `${status} ${String(body['error'])}`))].sort()).toEqual([
      '302 undefined',
      '400 invalid_request_uri',
    ]);
    expect(await server.services.database.read('SELECT count(*) AS n FROM authorization_requests')).toEqual([{ n: 1 }]);
  });

  it('with one client assertion: exactly one authenticates, and the others are told to sign anew [RFC7523-09, PITFALL-21]', async () => {
    const { config, server } = await openOnFile();
    const key = TestClientKey.generate();
    const credentials = { jwks: key.jwks } as ClientKeys;
    const { client } = machineClient({ clientName: 'Machine', scopes: ['read'], credentials }, server);
    await server.services.clients.add(client);
    const exp = Math.floor(server.clock.now() / 1000) + 300;
    const jwt = await key.sign({ iss: client.clientId, sub: client.clientId, aud: config.baseUrl, exp, jti: 'once' });
    const answers = await race(config, { grant_type: 'client_credentials', ...assertionParameters(jwt) });
    expect(tokensIn(answers)).toHaveLength(1);
    // Those that came after a few failures were not even looked at.
    expect(
      refusals(answers).every((refusal) => /^(401 invalid_client|429 temporarily_unavailable)$/.test(String(refusal))),
    ).toBe(true);
    expect(await server.services.database.read('SELECT client_id FROM grants')).toEqual([
      { client_id: client.clientId },
    ]);
  });

  it('with one refresh token and no grace: exactly one rotates it, and as the others are reuse the family is revoked [PITFALL-05, CASE-71]', async () => {
    const { config, client, connect, refresh, isHonoured } = await openOnFile({ refreshGraceSeconds: 0 });
    const first = await connect();
    const bystander = await connect();
    const answers = await race(config, {
      grant_type: 'refresh_token',
      client_id: client.clientId,
      refresh_token: first.refreshToken,
    });
    const [winner, ...others] = tokensIn(answers);
    if (winner === undefined) throw new Error(`nobody won: ${refusals(answers).join()}`);
    expect(others).toEqual([]);
    expect(refusals(answers)).toEqual(['400 invalid_grant']);
    expect([await isHonoured(winner), await isHonoured(first)]).toEqual([false, false]);
    expect((await refresh(winner)).body['error']).toBe('invalid_grant');
    expect(await isHonoured(bystander)).toBe(true);
  });

  it('with one refresh token within the grace: it is rotated once, a few racers get siblings, and the family lives [PITFALL-05, PITFALL-06]', async () => {
    const { config, server, client, connect, refresh, isHonoured } = await openOnFile();
    const first = await connect();
    const answers = await race(config, {
      grant_type: 'refresh_token',
      client_id: client.clientId,
      refresh_token: first.refreshToken,
    });
    const winners = tokensIn(answers);
    expect(winners).toHaveLength(1 + maximumRetries);
    expect(refusals(answers)).toEqual(['400 invalid_grant']);
    expect(await server.services.database.read('SELECT generation, retries, revoked_at FROM grants')).toEqual([
      { generation: 1, retries: maximumRetries, revoked_at: null },
    ]);
    for (const winner of winners) expect(await isHonoured(winner)).toBe(true);
    expect(new Set(winners.map(({ refreshToken }) => refreshToken)).size).toBe(winners.length);
    const [one, two] = winners;
    if (one === undefined || two === undefined) throw new Error('too few winners');
    expect([(await refresh(one)).status, (await refresh(two)).status]).toEqual([200, 200]);
  });
});
