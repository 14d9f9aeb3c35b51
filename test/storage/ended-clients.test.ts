import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import { jsonPost, readAnswer, TestClient } from '../../src/testing/test-client.ts';
import type { RequestsTask, WorkerRequest } from './requests-worker.ts';
import { baseUrl, messageFrom, openOnFile, type ServerOnFile, startWorker } from './server.ts';
import type { WorkerAnswer } from './token-request-worker.ts';

const worker = fileURLToPath(new URL('./requests-worker.ts', import.meta.url));
const redirectUri = 'http://localhost:9999/cb';
const token = `${baseUrl}/token`;

type When = 'at once' | 'in the middle';

interface Ending {
  readonly on: ServerOnFile;
  readonly client: TestClient;
  /** Its `DELETE`, with its registration access token. */
  readonly end: WorkerRequest;
}

/** A client that may end its own registration. */
async function managed(): Promise<Ending> {
  const on = await openOnFile();
  const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', scope: 'read' };
  const { body } = await readAnswer((await on.server.handle(jsonPost(`${baseUrl}/register`, metadata))) as Response);
  const clientId = String(body['client_id']);
  const headers = { authorization: `Bearer ${String(body['registration_access_token'])}` };
  return {
    on,
    client: new TestClient(on.server, { clientId, authMethod: 'none', redirectUri }),
    end: { method: 'DELETE', url: String(body['registration_client_uri']), headers },
  };
}

/**
 * Sends requests from one process and the end from another: `at once`, or the end when the first request has won.
 * @returns the answers to the requests, and that to the end
 */
async function race({ on: { config }, end }: Ending, requests: readonly WorkerRequest[], when: When) {
  const start = (own: readonly WorkerRequest[], pace: RequestsTask['pace']) =>
    startWorker(worker, { config, requests: own, pace } satisfies RequestsTask);
  const [asking, ending] = await Promise.all([
    start(requests, when === 'at once' ? 'together' : 'in turn'),
    start([end], 'together'),
  ]);
  const ended = messageFrom(ending);
  const begun = messageFrom(asking);
  asking.send('go');
  if (when === 'in the middle') expect(await begun).toBe('begun');
  const answers = when === 'in the middle' ? messageFrom(asking) : begun;
  ending.send('go');
  return [(await answers) as WorkerAnswer[], ((await ended) as WorkerAnswer[])[0]] as const;
}

async function expectNothingAlive({ on, client, end }: Ending, answers: readonly WorkerAnswer[]): Promise<void> {
  const { server } = on;
  for (const { status, body } of answers) {
    if (status !== 200) {
      expect(['invalid_grant', 'invalid_client']).toContain(body['error']);
      continue;
    }
    const tokens = { accessToken: String(body['access_token']), refreshToken: '', scope: '', expiresIn: 0 };
    expect(await on.isHonoured(tokens)).toBe(false);
    expect((await client.refresh(String(body['refresh_token']))).body['error']).toBe('invalid_client');
  }
  expect(await server.getClient(client.clientId as ClientId)).toBeUndefined();
  expect((await server.handle(new Request(end.url, { headers: end.headers ?? {} })))?.status).toBe(401);
  for (const table of ['grants', 'authorization_codes', 'refresh_tokens'])
    expect(await server.services.database.read(`SELECT count(*) AS n FROM ${table}`), table).toEqual([{ n: 0 }]);
}

describe.each<When>(['at once', 'in the middle'])('a client that ends itself in one process, %s,', (when) => {
  it('while its codes are redeemed in another: no token of it is alive afterwards [RFC7592-12, PITFALL-35]', async () => {
    const ending = await managed();
    const requests: WorkerRequest[] = [];
    for (let n = 0; n < 8; n += 1) {
      const { code, verifier, redirectUri: sent = '' } = await ending.on.authorize(ending.client);
      const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: sent };
      requests.push({ method: 'POST', url: token, form: { ...form, client_id: ending.client.clientId } });
    }
    const [answers, ended] = await race(ending, requests, when);
    expect(ended?.status).toBe(204);
    if (when === 'in the middle') expect(answers[0]?.status).toBe(200);
    await expectNothingAlive(ending, answers);
  });

  it('while its tokens are refreshed in another: no token of it is alive afterwards [RFC7592-12, PITFALL-35]', async () => {
    const ending = await managed();
    const requests: WorkerRequest[] = [];
    const before = [];
    for (let n = 0; n < 8; n += 1) {
      const tokens = await ending.on.connect(ending.client);
      expect(await ending.on.isHonoured(tokens)).toBe(true);
      before.push(tokens);
      const form = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken };
      requests.push({ method: 'POST', url: token, form: { ...form, client_id: ending.client.clientId } });
    }
    const [answers, ended] = await race(ending, requests, when);
    expect(ended?.status).toBe(204);
    if (when === 'in the middle') expect(answers[0]?.status).toBe(200);
    await expectNothingAlive(ending, answers);
    for (const tokens of before) expect(await ending.on.isHonoured(tokens)).toBe(false);
  });
});
