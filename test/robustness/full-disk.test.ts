import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Answer } from '../../src/testing/test-client.ts';
import { temporaryDirectory } from './support/directories.ts';
import { filesMayNotGrow, fullDisks } from './support/full-disk.ts';
import { publicOrigin, type Server, startServer } from './support/server-process.ts';
import { Visitor } from './support/session.ts';
import { Wire } from './support/wire.ts';

const ada = { username: 'ada', password: 'violet kettle nine bridges' };

async function started(
  directory: string,
  options: { wrapper?: readonly string[]; log?: number } = {},
): Promise<Server> {
  const server = await startServer({ directory, ...options });
  onTestFinished(async () => void (await server.program.kill()));
  return server;
}

/** Sees that a write was refused for now. */
function expectUnavailable({ status, headers, body }: Answer): void {
  expect({ status, error: body['error'] }).toEqual({ status: 503, error: 'temporarily_unavailable' });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

test.for(fullDisks())(
  'where $name, writes are refused for now, reads go on, and all is well once there is room',
  async ({ wrapper, fill, free }) => {
    const directory = temporaryDirectory();
    const server = await started(directory, { wrapper: wrapper(directory) });
    const wire = new Wire(server.port);
    onTestFinished(() => wire.close());
    const visitor = new Visitor(wire);
    await visitor.register();
    await visitor.setUp(server.setupUrl ?? '', ada);
    await visitor.connect(ada);
    expect((await visitor.call()).status).toBe(200);

    fill(server.program.pid, directory);
    expectUnavailable(await visitor.register());
    expectUnavailable(await visitor.refresh());
    expectUnavailable(await visitor.form('/revoke', { client_id: visitor.clientId, token: visitor.refreshToken }));
    const sent = await visitor.browser.visit(visitor.authorizeUrl());
    expect(sent instanceof URL && sent.searchParams.get('error')).toBe('temporarily_unavailable');
    const page = await visitor.signIn(ada);
    expect({ status: page.status, retryAfter: Number(page.headers.get('retry-after')) }).toEqual({
      status: 503,
      retryAfter: expect.any(Number),
    });
    expect(page.html).toContain('nothing was done');

    expect((await visitor.call()).status).toBe(200);
    expect((await visitor.get('/.well-known/oauth-authorization-server')).status).toBe(200);
    expect((await visitor.get('/healthz')).status).toBe(200);
    const account = await visitor.browser.visit(`${publicOrigin}/account`);
    expect(!(account instanceof URL) && account.status).toBe(200);

    free(server.program.pid, directory);
    expect((await visitor.register()).status).toBe(201);
    expect((await visitor.call()).status).toBe(200);
    const former = new Visitor(wire);
    await former.register();
    await former.connect(ada);
    expect((await former.refresh()).status).toBe(200);
    expect((await former.form('/revoke', { client_id: former.clientId, token: former.refreshToken })).status).toBe(200);
    expect((await former.call()).status).toBe(401);

    const hints = server.program.stderr.split('\n').filter((line) => line.includes('"server.error"'));
    expect(hints.length).toBeGreaterThan(0);
    for (const line of hints)
      expect(JSON.parse(line)).toMatchObject({
        requestId: expect.any(String),
        error: expect.stringContaining('hint: '),
      });
    server.program.signal('SIGTERM');
    expect(await server.program.finished).toMatchObject({ code: 0 });
  },
);

test('a refresh token that could not be rotated for lack of room is not spent', async () => {
  const directory = temporaryDirectory();
  const server = await started(directory);
  const wire = new Wire(server.port);
  onTestFinished(() => wire.close());
  const visitor = new Visitor(wire);
  await visitor.register();
  await visitor.setUp(server.setupUrl ?? '', ada);
  await visitor.connect(ada);
  filesMayNotGrow.fill(server.program.pid, directory);
  for (let n = 0; n < 3; n += 1) expectUnavailable(await visitor.refresh());
  filesMayNotGrow.free(server.program.pid, directory);
  expect((await visitor.refresh()).status).toBe(200);
  expect((await visitor.refresh()).status).toBe(200);
});

test('a log that cannot be written ends nothing, and goes on once it can', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'server.log');
  const log = openSync(path, 'a');
  const server = await started(directory, { log });
  closeSync(log);
  const wire = new Wire(server.port);
  onTestFinished(() => wire.close());
  const visitor = new Visitor(wire);
  filesMayNotGrow.fill(server.program.pid, directory);
  const before = readFileSync(path, 'utf8');
  for (let n = 0; n < 5; n += 1) expectUnavailable(await visitor.register());
  expect(readFileSync(path, 'utf8')).toBe(before);
  filesMayNotGrow.free(server.program.pid, directory);
  expect((await visitor.register()).status).toBe(201);
  expect(readFileSync(path, 'utf8')).toContain('"client.registered"');
});
