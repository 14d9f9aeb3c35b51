/**
 * The server of a campaign, alone in its process, so that what is measured is its own. Started by `RemoteServer`, which it
 * answers over the channel between them.
 */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serve } from '../../../src/hosts/serve.ts';
import { echo } from '../fuzz/server.ts';
import { namesOfDisabled, openSubject, placesOf, type SubjectOptions } from '../fuzz/subject.ts';
import { LoopWatch } from './loop-watch.ts';
import type { FromServer, ToServer } from './messages.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const megabyte = 1024 * 1024;
const options = JSON.parse(process.argv[2] ?? '') as SubjectOptions;
// Whoever listens may be gone.
const tell = (message: FromServer) => void process.send?.(message, undefined, undefined, () => {});
assert.ok(process.send, 'this is started by a campaign');

// What is swept away is what time has run out for: the time of the server can be put forward.
const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
const watch = new LoopWatch();
const portcullis = await openSubject(
  options,
  ({ name, error, reason }) => {
    if (name !== 'server.error') return;
    tell({ tells: 'failure', error: `${reason}: ${error instanceof Error ? error.stack : String(error)}` });
  },
  clock,
);
const handle = portcullis.handle.bind(portcullis);
portcullis.handle = (request, context) =>
  watch.during(`${request.method} ${new URL(request.url).pathname.slice(0, 40)}`, () => handle(request, context));
const server = await serve(portcullis, { mcp: echo, port: 0 });

process.on('message', (message: ToServer) => {
  switch (message.asks) {
    case 'memory':
      return tell({ tells: 'memory', ...measured() });
    case 'loop':
      return tell({ tells: 'loop', ...watch.report() });
    case 'begin':
      return watch.begin();
    case 'sweep':
      clock.ahead += message.days * 86_400_000;
      return void portcullis.services.retention.run().then((removed) => tell({ tells: 'swept', removed }));
    case 'end':
      return void end();
  }
});
process.on('disconnect', () => process.exit(1));
tell({
  tells: 'ready',
  port: server.address.port,
  places: placesOf(portcullis),
  off: namesOfDisabled(portcullis),
  setupUrl: await portcullis.setupUrl(),
});

/** What is left once everything that nobody needs has gone. Looking is not counted as the server's own work. */
function measured() {
  return watch.pause(() => {
    collectGarbage();
    collectGarbage();
    const { heapUsed, rss, external } = process.memoryUsage();
    return {
      heap: Math.round((heapUsed / megabyte) * 10) / 10,
      resident: Math.round(rss / megabyte),
      external: Math.round(external / megabyte),
      handles: process.getActiveResourcesInfo().length,
    };
  });
}

async function end(): Promise<void> {
  watch.stop();
  await server.close();
  await portcullis.close();
  process.removeAllListeners('disconnect');
  process.disconnect();
}
