import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import {
  type Answer,
  createTestClient,
  type ReceivedCode,
  sendTo,
  type TestClient,
  type Tokens,
  tokensOf,
} from '../../src/testing/test-client.ts';
import { engine, testDatabase } from '../support/engine.ts';
import { addTestUser, signInAndAllow, testLimits } from '../support/portcullis-harness.ts';

export const baseUrl = 'http://localhost:3000';

/** A server on a database, with a client that `ada` may allow; further processes can open the same one. */
export interface ServerOnFile {
  readonly config: PortcullisConfig & { readonly baseUrl: string; readonly database: string };
  /** For the master key and whatever else is kept in files. */
  readonly directory: string;
  /** Leads commands to the same database. */
  readonly environment: Readonly<Record<string, string>>;
  readonly server: Portcullis;
  readonly client: TestClient;
  /** A code that has been delivered to the client. */
  authorize(client?: TestClient): Promise<ReceivedCode>;
  connect(client?: TestClient): Promise<Tokens>;
  refresh(tokens: Tokens): Promise<Answer>;
  /** Whether the MCP endpoint lets the access token in. */
  isHonoured(tokens: Tokens): Promise<boolean>;
}

/** Opens it for one test. */
export async function openOnFile(
  tokens: NonNullable<PortcullisConfig['tokens']> = {},
  further: Pick<PortcullisConfig, 'deviceAuthorization'> = {},
): Promise<ServerOnFile> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-storage-'));
  const masterKeyFile = join(directory, 'master.key');
  const { database } = await testDatabase(join(directory, 'test.db'));
  const config = { ...testLimits, baseUrl, database, masterKeyFile, scopes: { read: {} }, tokens, ...further };
  const server = await Portcullis.open(config);
  onTestFinished(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  await addTestUser(server);
  const client = await createTestClient(server);
  const authorize = async (by = client) => {
    const prepared = by.prepareAuthorization();
    return by.receiveCode(prepared, await signInAndAllow(prepared.url, new TestBrowser(sendTo(server), baseUrl)));
  };
  return {
    config,
    directory,
    environment: { PORTCULLIS_DATABASE: database, PORTCULLIS_MASTER_KEY_FILE: masterKeyFile },
    server,
    client,
    authorize,
    connect: async (by = client) => tokensOf(await by.redeem(await authorize(by))),
    refresh: ({ refreshToken }) => client.refresh(refreshToken),
    isHonoured: async ({ accessToken }) => {
      const request = new Request(`${baseUrl}/mcp`, { headers: { authorization: `Bearer ${accessToken}` } });
      return (await server.authenticate(request)).token !== undefined;
    },
  };
}

/** Starts a worker with its task, and waits until it says that it is ready. Killed when the test ends. */
export async function startWorker(path: string, task: unknown): Promise<ChildProcess> {
  const child = fork(path, [JSON.stringify(task)]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await messageFrom(child);
  return child;
}

/** @throws Error where the worker ends without a word */
export async function messageFrom(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a worker ended with ${code} and said nothing`);
  });
  ended.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message;
}

/**
 * Expects what another process did to be noticed: on SQLite at once, on PostgreSQL within a second.
 * @param ask how a server sees it
 */
export async function untilNoticed(ask: () => Promise<boolean>, expected: boolean): Promise<void> {
  const deadline = performance.now() + (engine === 'sqlite' ? 0 : 1000);
  let answer = await ask();
  while (answer !== expected && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer = await ask();
  }
  expect(answer).toBe(expected);
}
