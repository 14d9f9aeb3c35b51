import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contender, onPostgres, openMcp, peers, portcullis, withoutMcp } from './contenders.ts';
import { measureFloors } from './floors.ts';
import { buildServers } from './load/build.ts';
import { Patience } from './load/quiet.ts';
import { Runner } from './load/runner.ts';
import { canPin, pinLoad, type ServerProcess } from './load/server-process.ts';
import { describeMachine } from './machine.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { BenchPostgres } from './postgres.ts';
import { type EngineReport, type Memory, type Report, renderReport } from './report.ts';
import { chosenMeasures, runRounds } from './rounds.ts';
import { compareGrants } from './scale.ts';
import { measureStartup, startServer, type Workshop } from './startup.ts';

const bench = fileURLToPath(new URL('.', import.meta.url));
const results = join(bench, 'results');

/** The order: what is measured on what, start-up, the rounds, memory, stored grants, one report. */
async function run(options: Options): Promise<void> {
  const pinned = canPin();
  if (pinned) pinLoad();
  const machine = describeMachine(pinned);
  const workshop = openWorkshop(pinned);
  const patience = new Patience(options.patience);
  try {
    const contenders = chosen(options);
    await patience.untilQuiet();
    const onSqlite = options.engines.includes('sqlite');
    say(`start-up of ${contenders.length + 1} servers`);
    const startup = await measureStartup(
      [...contenders.filter(({ name }) => name !== openMcp.name), withoutMcp],
      workshop,
      options.startups,
    );
    say('floors');
    const floors = await measureFloors(workshop);
    const nothing = { results: [], memory: [] };
    const measured = onSqlite ? await measureAll(contenders, workshop, options, patience) : nothing;
    const scale =
      onSqlite && options.grants.length > 0 ? await compareGrants(workshop, options, patience, say) : undefined;
    const postgres = options.engines.includes('postgres')
      ? await measureOnPostgres(contenders, workshop, options, patience)
      : undefined;
    const report: Report = {
      machine,
      measuredAt: new Date().toISOString(),
      options,
      contenders,
      startup,
      floors,
      ...measured,
      scale,
      postgres,
    };
    writeFileSync(join(results, 'latest.json'), `${JSON.stringify(report, undefined, 1)}\n`);
    console.log(renderReport(report));
  } finally {
    close(workshop);
  }
}

async function measureAll(
  contenders: readonly Contender[],
  workshop: Workshop,
  options: Options,
  patience: Patience,
): Promise<Pick<Report, 'results' | 'memory'>> {
  const servers: { contender: Contender; server: ServerProcess }[] = [];
  try {
    for (const contender of contenders) {
      const folder = mkdtempSync(join(workshop.folder, 'server-'));
      servers.push({ contender, server: await startServer(contender, workshop, folder) });
    }
    const runners = await Promise.all(servers.map(({ contender, server }) => runnerOf(contender, server, options)));
    const measured = await runRounds(runners, {
      rounds: options.rounds,
      patience,
      concurrencies: options.concurrencies,
      measures: chosenMeasures(options.measures),
      onRound: (round) => say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`),
    });
    const memory: Memory[] = [];
    for (const { contender, server } of servers)
      memory.push({ name: contender.name, residentBytes: (await server.usage()).residentBytes });
    if (options.profile !== undefined) await profileOurs(runners, options, options.profile);
    return { results: measured, memory };
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}

/** The same for those that store what they issue, on a PostgreSQL of the run's own. */
async function measureOnPostgres(
  contenders: readonly Contender[],
  workshop: Workshop,
  options: Options,
  patience: Patience,
): Promise<EngineReport> {
  say('PostgreSQL');
  const postgres = await BenchPostgres.start();
  try {
    const there = await onPostgres(contenders, () => postgres.createDatabase());
    return {
      engine: `PostgreSQL ${postgres.version}`,
      contenders: there,
      ...(await measureAll(there, workshop, options, patience)),
    };
  } finally {
    await postgres.stop();
  }
}

/** One more slice of each measure, under the profiler; it counts for no figure. */
async function profileOurs(runners: readonly Runner[], { measures }: Options, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const runner of runners.filter(({ name }) => name.startsWith(portcullis.name))) {
    for (const name of chosenMeasures(measures).filter((measure) => runner.can(measure))) {
      const profile = await runner.profile(name, 16);
      writeFileSync(join(folder, `${runner.name} ${name}.cpuprofile`.replaceAll(' ', '-')), JSON.stringify(profile));
    }
  }
}

function runnerOf(contender: Contender, server: ServerProcess, options: Options): Promise<Runner> | Runner {
  return contender.name === openMcp.name
    ? Runner.createOpen(contender.name, server, options.seconds)
    : Runner.create(contender.name, server, options.seconds);
}

function chosen({ only, against }: Options): Contender[] {
  const before: Contender[] =
    against === undefined
      ? []
      : [
          {
            ...portcullis,
            name: 'Portcullis before',
            note: `the build in ${against}`,
            environment: { BENCH_BUILD: resolve(against) },
          },
        ];
  const all = [portcullis, ...before, ...peers, openMcp];
  return all.filter(({ name }) => only.length === 0 || only.includes(name));
}

function openWorkshop(pinned: boolean): Workshop {
  const dist = join(bench, '..', 'dist');
  if (!existsSync(join(dist, 'index.js'))) throw new Error('build the product first: npm run build');
  // A copy, which a build during the run does not change; here it finds the product's dependencies, not the peers'.
  const build = join(bench, '..', 'node_modules', '.portcullis', `bench-${process.pid}`);
  cpSync(dist, build, { recursive: true });
  const scripts = join(results, 'scripts');
  mkdirSync(results, { recursive: true });
  buildServers(bench, scripts);
  const workshop = { folder: mkdtempSync(join(results, 'run-')), scripts, pinned, build };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      close(workshop);
      process.exit(1);
    });
  }
  return workshop;
}

function close({ folder, build }: Workshop): void {
  for (const made of [folder, build]) rmSync(made, { recursive: true, force: true });
}

/** The peers are not among the product's dependencies: they are installed here, at the first run. */
function installPeers(): void {
  if (existsSync(join(bench, 'node_modules', 'oidc-provider'))) return;
  say('installing the peers');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: bench,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('the peers could not be installed');
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

const options = parseOptions(process.argv.slice(2));
if (options === undefined) console.log(usage);
else {
  installPeers();
  await run(options);
}
