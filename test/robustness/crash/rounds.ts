import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Seeded } from '../support/seeded.ts';
import { type ProcessOptions, Program, type Server, startServer } from '../support/server-process.ts';
import { Wire } from '../support/wire.ts';
import type { Scene } from './actions.ts';
import { Ledger } from './ledger.ts';
import { load } from './load.ts';
import { Stored } from './stored.ts';
import { type Extent, verify } from './verify.ts';

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Told of each round, and of what is known after it. */
  readonly onRound?: (round: number, milliseconds: number, ledger: Ledger) => void;
}

const environment = {
  PORTCULLIS_TOKENS__REFRESH_GRACE_SECONDS: '0',
  PORTCULLIS_TOKENS__AUTHORIZATION_CODE_SECONDS: '600',
  PORTCULLIS_TOKENS__ACCESS_TOKEN_SECONDS: '86400',
};

// A round ends after so many acknowledgements and a moment more, or when it has taken long enough.
const fewestAcknowledged = 3;
const mostAcknowledged = 120;
const longestMoment = 40;
const longestRound = 3000;
const longestStart = 900;

/** Kills a server under load again and again, and holds it after each start against what it had acknowledged. */
export async function crashRounds({ rounds, seed, onRound }: CrashOptions): Promise<Ledger> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-crash-'));
  const options: ProcessOptions = { directory, environment };
  const wire = new Wire(0);
  const scene = { ledger: new Ledger(), wire, chance: new Seeded(seed), directory, stored: new Stored(directory) };
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const startedAt = performance.now();
      // The very first start makes keys and tables: it is interrupted, too.
      if (round === 1 || scene.chance.onceIn(6)) await dieAtStart(scene, options);
      const server = await start(scene, options, 'recent');
      await Promise.all([load(scene, () => !server.program.isRunning), dieSomeTime(server, scene)]);
      inspectLog(server, scene);
      onRound?.(round, performance.now() - startedAt, scene.ledger);
    }
    const server = await start(scene, options, 'all');
    server.program.signal('SIGTERM');
    const { code } = await server.program.finished;
    if (code !== 0) scene.ledger.violations.unclean.push(`the last server ended with ${code}`);
    inspectLog(server, scene);
    inspectDatabase(scene);
    return scene.ledger;
  } finally {
    wire.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function dieSomeTime({ program }: Server, { ledger, chance }: Scene): Promise<void> {
  const enough = ledger.total + fewestAcknowledged + chance.below(mostAcknowledged);
  const moment = chance.below(longestMoment);
  const deadline = performance.now() + longestRound;
  while (ledger.total < enough && performance.now() < deadline) await setTimeout(1);
  await setTimeout(moment);
  await program.kill();
}

async function dieAtStart({ chance }: Scene, options: ProcessOptions): Promise<void> {
  const program = new Program(['serve', '--port', '0', '--json'], options);
  await setTimeout(chance.below(longestStart));
  await program.kill();
}

async function start(scene: Scene, options: ProcessOptions, extent: Extent): Promise<Server> {
  const server = await startServer(options);
  scene.wire.port = server.port;
  inspectDatabase(scene);
  await verify(scene, extent);
  return server;
}

/** Every line is an event, and none of them tells of a failure. */
function inspectLog({ program }: Server, { ledger }: Scene): void {
  // The last line of a process that was killed may be half a line.
  const lines = program.stderr.split('\n').slice(0, -1);
  for (const line of lines) {
    const event = JSON.parse(line) as { level: string };
    if (event.level === 'error') ledger.violations.unclean.push(line);
  }
}

/** A second reader of the file, beside the server or after it. */
function inspectDatabase({ ledger, stored }: Scene): void {
  const faults = stored.faults();
  ledger.check('integrity of the database', 'unclean', faults.length === 0, () => JSON.stringify(faults));
}
