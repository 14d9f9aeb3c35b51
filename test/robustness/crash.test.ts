import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { crashRounds } from './crash/rounds.ts';
import { Stored } from './crash/stored.ts';
import { temporaryDirectory } from './support/directories.ts';
import { Program, startServer } from './support/server-process.ts';
import { Visitor } from './support/session.ts';
import { Wire } from './support/wire.ts';

const ada = { username: 'ada', password: 'violet kettle nine bridges' };

test('a server killed at random moments under load has lost nothing that it acknowledged, gives nothing twice, and revives nothing', async () => {
  const { violations, acknowledged, checked } = await crashRounds({ rounds: 4, seed: 20_261 });
  expect(violations).toEqual({ lost: [], spentTwice: [], cameBack: [], unclean: [] });
  for (const what of ['registrations', 'codes', 'redemptions', 'rotations']) {
    expect(acknowledged.get(what), what).toBeGreaterThan(0);
  }
  expect(checked.get('integrity of the database')).toBe(6);
});

test('a first start that is killed at any moment leaves what the next one begins with', async () => {
  const { startedIn, program } = await startServer({ directory: temporaryDirectory() });
  await program.kill();
  // The database, its tables and the keys are made in the second half.
  for (const share of [0.5, 0.6, 0.7, 0.8, 0.9, 1]) {
    const directory = temporaryDirectory();
    const interrupted = new Program(['serve', '--port', '0', '--json'], { directory });
    await setTimeout(startedIn * share);
    await interrupted.kill();
    const server = await startServer({ directory });
    const wire = new Wire(server.port);
    onTestFinished(async () => {
      wire.close();
      await server.program.kill();
    });
    const visitor = new Visitor(wire);
    await visitor.register();
    await visitor.setUp(server.setupUrl ?? '', ada);
    await visitor.connect(ada);
    expect((await visitor.call()).status).toBe(200);
    expect(new Stored(directory).faults()).toEqual([]);
    expect(server.program.stderr).not.toContain('"level":"error"');
  }
});
