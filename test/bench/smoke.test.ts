import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMcp, portcullis } from '../../bench/contenders.ts';
import { buildServers } from '../../bench/load/build.ts';
import { parseAnswer } from '../../bench/load/connection.ts';
import { Patience } from '../../bench/load/quiet.ts';
import { measureNames, Runner } from '../../bench/load/runner.ts';
import { parseOptions } from '../../bench/options.ts';
import { runRounds } from '../../bench/rounds.ts';
import { measureStartup, startServer, type Workshop } from '../../bench/startup.ts';

const bench = fileURLToPath(new URL('../../bench/', import.meta.url));
let workshop: Workshop;

beforeAll(() => {
  mkdirSync(join(bench, 'results'), { recursive: true });
  const folder = mkdtempSync(join(bench, 'results', 'smoke-'));
  const scripts = join(folder, 'scripts');
  buildServers(bench, scripts);
  workshop = { folder, scripts, pinned: false, build: join(bench, '..', 'dist') };
});

afterAll(() => rmSync(workshop.folder, { recursive: true, force: true }));

test('the bench measures every piece of work of the product, and an MCP request without authentication', async () => {
  const ours = await startServer(portcullis, workshop, mkdtempSync(join(workshop.folder, 'server-')));
  const open = await startServer(openMcp, workshop, workshop.folder);
  try {
    const runners = [await Runner.create('ours', ours, 0.02), Runner.createOpen('open', open, 0.02)];
    const results = await runRounds(runners, {
      rounds: 1,
      concurrencies: [1, 4],
      measures: measureNames,
      patience: new Patience(0),
    });
    for (const { sample } of results) {
      expect(sample.tasks).toBeGreaterThanOrEqual(16);
      expect(sample.p99).toBeGreaterThanOrEqual(sample.p50);
      expect(Math.min(sample.perSecond, sample.p50, sample.cpuMicroseconds)).toBeGreaterThan(0);
    }
    expect(results.map(({ measure, concurrency, server }) => `${server}: ${measure} at ${concurrency}`).sort()).toEqual(
      [1, 4]
        .flatMap((at) => [...measureNames.map((name) => `ours: ${name} at ${at}`), `open: MCP request at ${at}`])
        .sort(),
    );
    expect((await ours.usage()).residentBytes).toBeGreaterThan(10_000_000);
  } finally {
    await Promise.all([ours.stop(), open.stop()]);
  }
});

test('the bench measures a start on an empty folder', async () => {
  const [startup] = await measureStartup([portcullis], workshop, 1);
  expect(startup?.median).toBeGreaterThan(0);
  expect(startup?.median).toBeLessThan(30_000);
});

test('an answer is read whole, whether it has a length or comes in chunks', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
  expect(parseAnswer(Buffer.from(chunked))).toMatchObject({ status: 200, body: 'abcde' });
  expect(parseAnswer(Buffer.from(chunked.slice(0, -3)))).toBeUndefined();
  const measured = 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok';
  expect(parseAnswer(Buffer.from(measured))).toMatchObject({ status: 302, body: 'ok' });
  expect(parseAnswer(Buffer.from(measured.slice(0, -1)))).toBeUndefined();
});

test('the bench compares a thousand with a million grants unless told otherwise', () => {
  expect(parseOptions([])?.grants).toEqual([1000, 1_000_000]);
  expect(parseOptions(['--quick'])?.grants).toEqual([]);
  expect(parseOptions(['--help'])).toBeUndefined();
});
