import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from './support/directories.ts';
import { dial, outcomeOf } from './support/raw-http.ts';
import { startServer } from './support/server-process.ts';
import { Visitor } from './support/session.ts';
import { Wire } from './support/wire.ts';

const ada = { username: 'ada', password: 'violet kettle nine bridges' };

/** Opens a connection and begins a request on it; the function sends the rest and waits for the answer. */
function begun(port: number, path: string) {
  const socket = dial(port);
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:3000\r\n`);
  return () => {
    socket.write('\r\n');
    return outcomeOf(socket, 5000);
  };
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

  const slow = visitor.call({ wait: 1500 });
  const [ready, healthy, rotated] = [
    begun(server.port, '/readyz'),
    begun(server.port, '/healthz'),
    begun(server.port, '/jwks.json'),
  ];
  await setTimeout(300);
  server.program.signal('SIGTERM');
  await setTimeout(300);
  await expect(fetch(`http://127.0.0.1:${server.port}/healthz`)).rejects.toThrow('fetch failed');
  expect(await ready()).toMatchObject({ response: { status: 503, body: 'the server is shutting down\n' } });
  expect(await healthy()).toMatchObject({ response: { status: 200 } });
  expect(await rotated()).toMatchObject({
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
