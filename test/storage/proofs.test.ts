import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { createTestClient, TestClient, type Tokens, tokensOf } from '../../src/testing/test-client.ts';
import type { ProofTask } from './proof-worker.ts';
import { messageFrom, openOnFile, type ServerOnFile, startWorker } from './server.ts';

const worker = fileURLToPath(new URL('./proof-worker.ts', import.meta.url));
const key = new DpopTestKey();

function tokenProof(server: Portcullis): string {
  return key.proof({ url: server.endpointUrl('token'), now: Date.now() });
}

/** Tokens that are bound to the key, of a public client. */
async function boundTokens({ server, authorize }: ServerOnFile, client?: TestClient): Promise<Tokens> {
  const by = client ?? (await createTestClient(server));
  return tokensOf(await by.redeem(await authorize(by), {}, { dpop: tokenProof(server) }));
}

/** The same public client at another server on the database. */
function clientAt(server: Portcullis, { clientId, redirectUri }: TestClient): TestClient {
  return new TestClient(server, { clientId, redirectUri, authMethod: 'none' });
}

function callHeaders(server: Portcullis, accessToken: string): Record<string, string> {
  const dpop = key.proof({ url: server.settings.resource, now: Date.now(), accessToken });
  return { authorization: `DPoP ${accessToken}`, dpop };
}

async function admits(server: Portcullis, headers: Record<string, string>): Promise<boolean> {
  const request = new Request(server.settings.resource, { method: 'POST', headers });
  return (await server.authenticate(request)).token !== undefined;
}

describe('proofs in several processes on one database', () => {
  it('of 200 requests with one proof in 4 of them exactly one passes [RFC9449-10, PITFALL-21]', async () => {
    const opened = await openOnFile();
    const { accessToken } = await boundTokens(opened);
    const task: ProofTask = { config: opened.config, headers: callHeaders(opened.server, accessToken), times: 50 };
    const children = await Promise.all(Array.from({ length: 4 }, () => startWorker(worker, task)));
    const answers = children.map((child) => messageFrom(child));
    for (const child of children) child.send('go');
    const statuses = ((await Promise.all(answers)) as number[][]).flat();
    expect(statuses).toHaveLength(200);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(await admits(opened.server, callHeaders(opened.server, accessToken))).toBe(true);
  });

  it('a nonce that one of them gave out is taken by another one [RFC9449-20]', async () => {
    const { config, server: first, client, authorize } = await openOnFile();
    const settings = { ...config, dpop: { nonce: 'required' } } as const;
    const [one, other] = [await Portcullis.open(settings), await Portcullis.open(settings)];
    try {
      const code = await authorize(client);
      const refused = await clientAt(one, client).redeem(code, {}, { dpop: tokenProof(one) });
      expect(refused.body['error']).toBe('use_dpop_nonce');
      const nonce = refused.headers.get('dpop-nonce') ?? '';
      const dpop = key.proof({ url: first.endpointUrl('token'), now: Date.now(), nonce });
      tokensOf(await clientAt(other, client).redeem(code, {}, { dpop }));
    } finally {
      await one.close();
      await other.close();
    }
  });
});

describe('tokens that are bound to a key, after DPoP was switched off', () => {
  it('open nothing without their proof, and are replaced by a new authorization [RFC9449-23]', async () => {
    const opened = await openOnFile();
    const tokens = await boundTokens(opened, opened.client);
    const server = await Portcullis.open({ ...opened.config, dpop: { enabled: false } });
    try {
      const client = clientAt(server, opened.client);
      expect(await admits(server, callHeaders(server, tokens.accessToken))).toBe(false);
      expect(await admits(server, { authorization: `Bearer ${tokens.accessToken}` })).toBe(false);
      const refused = await client.refresh(tokens.refreshToken, {}, { dpop: tokenProof(server) });
      expect(refused.body['error']).toBe('invalid_grant');
      const next = tokensOf(await client.redeem(await opened.authorize(opened.client)));
      expect(await admits(server, { authorization: `Bearer ${next.accessToken}` })).toBe(true);
    } finally {
      await server.close();
    }
  });
});
