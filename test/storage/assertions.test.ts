import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { identityAssertionGrant, TestIssuer } from '../../src/testing/test-issuer.ts';
import { addApp, appId } from '../protocol/assertion-peer.ts';
import { messageFrom, openOnFile, startWorker } from './server.ts';
import type { WorkerAnswer, WorkerTask } from './token-request-worker.ts';

const worker = fileURLToPath(new URL('./token-request-worker.ts', import.meta.url));

/** A server that trusts an issuer and makes its users, on a file that others can open. */
async function openTrusting() {
  const { config, directory, server: first } = await openOnFile();
  const issuer = new TestIssuer();
  const keysFile = join(directory, 'idp.jwks.json');
  writeFileSync(keysFile, JSON.stringify(issuer.key.jwks));
  const trusting = {
    ...config,
    clientAuthentication: { freeFailures: 1000 },
    identityAssertions: { issuers: [{ issuer: issuer.issuer, keysFile, users: { create: true } }] },
  };
  await addApp(first);
  const server = await Portcullis.open(trusting);
  return { config: trusting, server, issuer };
}

/** Presents each assertion `times` times, each in a process of its own, all at once. */
async function race(config: WorkerTask['config'], assertions: readonly string[], times: number) {
  const children = await Promise.all(
    assertions.map((assertion) => {
      const form = {
        grant_type: identityAssertionGrant,
        client_id: appId,
        client_secret: `secret of ${appId}`,
        assertion,
      };
      return startWorker(worker, { config, form, times } satisfies WorkerTask);
    }),
  );
  const answers = children.map((child) => messageFrom(child));
  for (const child of children) child.send('go');
  return ((await Promise.all(answers)) as WorkerAnswer[][]).flat();
}

describe('identity assertions in several processes on one database', () => {
  it('of 80 presentations of one in 4 of them exactly one wins [RFC7523-22, PITFALL-21]', async () => {
    const { config, server, issuer } = await openTrusting();
    try {
      const assertion = await issuer.assertion(server, appId);
      const answers = await race(config, Array(4).fill(assertion), 20);
      expect(answers).toHaveLength(80);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(new Set(answers.map(({ body }) => body['error']))).toEqual(new Set([undefined, 'invalid_grant']));
    } finally {
      await server.close();
    }
  });

  it('of a person whom nobody knows, presented to 4 of them at once, make one user', async () => {
    const { config, server, issuer } = await openTrusting();
    try {
      const claims = { sub: 'newcomer', preferred_username: 'ada' };
      const assertions = await Promise.all(Array.from({ length: 4 }, () => issuer.assertion(server, appId, claims)));
      const answers = await race(config, assertions, 1);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      // `ada` is there, as the user that tests sign in as.
      expect((await server.services.users.list()).map(({ userName }) => userName)).toEqual(['ada', 'ada-2']);
      expect(await server.services.externalIdentities.list()).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});
