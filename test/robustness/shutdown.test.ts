import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from './support/directories.ts';
import { dial, outcomeOf } from './support/raw-http.ts';
import { Program, startServer } from './support/server-process.ts';
import { Visitor } from './support/session.ts';
import { Wire } from './support/wire.ts';

const ada = { username: 'ada', password: 'violet kettle nine bridges' };

/** Opens a connection and begins a request on it; the function sends the rest and waits for the answer. */
async function begun(port: number, path: string) {
  const socket = dial(port);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:3000\r\n`);
  return () => {
    socket.write('\r\n');
    return outcomeOf(socket, 5000);
  };
}

/** Whether a connection is still accepted. */
async function isOpen(port: number): Promise<boolean> {
  const socket = dial(port);
  const opened = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.on('error', () => {}).destroy();
  return opened;
}

test('a server that is told to stop finishes what it has begun, takes nothing new, says so to its probes, and ends with 0', async () => {
  const server = await startServer({ directory: temporaryDirectory() });
  onTestFinished(async () => void (await server.program.kill()));
  const wire = new Wire(server.port);
  onTestFinished(() => wire.close());
  const visitor = new Visitor(wire);
  await visitor.register();
  await visitor.setUp(server.setupUrl ?? '', ada);
  await visitor.connect(ada);
  expect((await visitor.get('/readyz')).status).toBe(200);

  const ready = await begun(server.port, '/readyz');
  const healthy = await begun(server.port, '/healthz');
  const keys = await begun(server.port, '/jwks.json');
  const slow = visitor.call({ wait: 1500 });
  while (!server.program.stdout.includes('waiting')) await setTimeout(5);
  server.program.signal('SIGTERM');
  while (await isOpen(server.port)) await setTimeout(5);
  expect(await ready()).toMatchObject({ response: { status: 503, body: 'the server is shutting down\n' } });
  expect(await healthy()).toMatchObject({ response: { status: 200 } });
  expect(await keys()).toMatchObject({
    response: {
      status: 200,
      headers: expect.toSatisfy((headers: Map<string, string>) => headers.get('connection') === 'close'),
    },
  });
  expect((await slow).status).toBe(200);

  const { code, stderr } = await server.program.finished;
  expect(code).toBe(0);
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; level: string });
  expect(events.at(-1)?.name).toBe('server.stopped');
  expect(events.filter(({ level }) => level === 'error')).toEqual([]);
});

test('a server that is told to stop while it starts closes what it has opened, and ends with 0', async () => {
  const directory = temporaryDirectory();
  const program = new Program(['serve', '--port', '0', '--json'], { directory });
  onTestFinished(async () => void (await program.kill()));
  while (program.isRunning && !existsSync(join(directory, 'data', 'portcullis.db'))) await setTimeout(1);
  program.signal('SIGTERM');
  expect(await program.finished).toMatchObject({ code: 0, stderr: expect.stringContaining('"server.stopped"') });
  expect(readdirSync(join(directory, 'data')).sort()).toEqual(['master.key', 'portcullis.db']);
});
