import { mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { portcullis } from './contenders.ts';
import type { Patience } from './load/quiet.ts';
import { Runner } from './load/runner.ts';
import type { ServerProcess } from './load/server-process.ts';
import type { Options } from './options.ts';
import { chosenMeasures, type Result, runRounds } from './rounds.ts';
import { copyTemplate, grantsTemplate } from './seed.ts';
import { startServer, type Workshop } from './startup.ts';

/** The same work on databases that differ in how many grants they hold. */
export interface Scale {
  readonly stored: readonly {
    readonly name: string;
    readonly grants: number;
    readonly databaseBytes: number;
    readonly residentBytes: number;
  }[];
  readonly results: readonly Result[];
}

/** Measures the product on each number of stored grants, in turns. */
export async function compareGrants(
  workshop: Workshop,
  options: Options,
  patience: Patience,
  say: (line: string) => void,
): Promise<Scale> {
  const servers: { name: string; grants: number; databaseBytes: number; server: ServerProcess }[] = [];
  try {
    for (const grants of options.grants) {
      say(`a database with ${grants.toLocaleString('en')} grants`);
      const template = await grantsTemplate(grants, join(workshop.folder, '..', 'templates'), workshop);
      const folder = mkdtempSync(join(workshop.folder, 'grants-'));
      copyTemplate(template, folder);
      const databaseBytes = statSync(join(folder, 'portcullis.db')).size;
      servers.push({
        name: `${grants.toLocaleString('en')} grants`,
        grants,
        databaseBytes,
        server: await startServer(portcullis, workshop, folder),
      });
    }
    const runners = await Promise.all(servers.map(({ name, server }) => Runner.create(name, server, options.seconds)));
    const results = await runRounds(runners, {
      rounds: options.rounds,
      patience,
      concurrencies: options.concurrencies,
      measures: chosenMeasures(options.measures).filter((name) => name !== 'metadata'),
      onRound: (round) => say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`),
    });
    const stored = [];
    for (const { server, ...rest } of servers)
      stored.push({ ...rest, residentBytes: (await server.usage()).residentBytes });
    return { stored, results };
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}
