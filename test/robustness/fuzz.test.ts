import { expect, test } from 'vitest';
import { flowLength, wholeFlow } from './fuzz/flow.ts';
import { abuse, fuzz } from './fuzz/report.ts';
import { startFuzzedServer } from './fuzz/server.ts';

test('whatever is sent to any endpoint or page gets a clear answer, never a failure, a hang or a leak', async () => {
  const { requests, overSockets, before, after, leaked } = await fuzz({
    requests: 3000,
    seed: 20_261,
    time: 100_000,
  });
  expect(requests).toBeGreaterThanOrEqual(3000);
  expect(overSockets).toBeGreaterThan(200);
  expect(leaked).toEqual([]);
  expect(after.heap - before.heap).toBeLessThan(48);
});

test('nothing that the server can do is off while it is fuzzed, and every endpoint and page is in the flows', async () => {
  const server = await startFuzzedServer();
  expect(server.off).toEqual([]);
  const visited = new Set<string>();
  let requests = 0;
  const send = (request: Request) => {
    requests += 1;
    visited.add(new URL(request.url).pathname);
    return server.send(request);
  };
  await wholeFlow(server, send, 1);
  expect(server.places.map(({ path }) => path).filter((path) => !visited.has(path))).toEqual([]);
  expect(requests).toBeGreaterThanOrEqual(flowLength);
  await server.close();
});

test('whatever is done with a connection ends soon, in an error or an end, and leaves nothing open', async () => {
  expect(await abuse(2)).toMatchObject({ leaked: [] });
});
