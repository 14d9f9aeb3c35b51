/**
 * `npm run mutation`: changes the protocol's code piece by piece, and sees for each change whether a test fails. What was
 * judged before and has not changed since is not tried again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Capability, capabilities } from './capabilities.ts';
import { type Row, readRow, renderTable, survivors } from './report.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = fileURLToPath(new URL('.', import.meta.url));
const results = 'test/mutation/results';

const usage = `npm run mutation -- [options] [capability …]
  capability       a folder of src/oauth; all of them where none is named
  --mutate GLOB    only these files of the capability
  --concurrency N  test runners at a time (default 1)
  --fresh          forgets what earlier runs judged
  --list           names the capabilities
  --help           says this`;

const { values, positionals } = readArguments();
if (values.help === true) console.log(usage);
else if (values.list === true) console.log(Object.keys(capabilities).join('\n'));
else runAll();

function runAll(): void {
  const names = positionals.length === 0 ? Object.keys(capabilities) : positionals;
  installStryker();
  const rows: Row[] = [];
  for (const name of names) {
    const capability = capabilities[name];
    if (capability === undefined) giveUp(`'${name}' is no capability; --list names them`);
    rows.push(run(name, capability));
  }
  console.log(renderTable(rows));
}

function run(name: string, capability: Capability): Row {
  const folder = join(results, name);
  if (values.fresh === true) rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
  const report = join(folder, 'report.json');
  const config = join(folder, 'stryker.json');
  writeFileSync(join(root, config), JSON.stringify(configuration(capability, folder, report), undefined, 1));
  const { status } = spawnSync(
    process.execPath,
    [join(tool, 'node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', config],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, MUTATION_TESTS: JSON.stringify(testsOf(capability)) },
    },
  );
  if (status !== 0) giveUp(`the run of ${name} did not end well: see above`);
  const text = survivors(join(root, report));
  writeFileSync(join(root, folder, 'survivors.txt'), text);
  console.log(`${text}${name}: ${join(folder, 'report.html')}\n`);
  return readRow(name, join(root, report));
}

function configuration({ mutate }: Capability, folder: string, report: string) {
  return {
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    mutate: values.mutate === undefined ? mutate : [values.mutate, '!**/*.test.ts'],
    // The compiler has no programming interface that Stryker could rewrite a configuration with.
    tsconfigFile: 'tsconfig.none.json',
    appendPlugins: [join(tool, 'plugins.mjs')],
    ignorers: ['wording'],
    coverageAnalysis: 'perTest',
    concurrency: Number(values.concurrency),
    incremental: true,
    incrementalFile: join(folder, 'incremental.json'),
    tempDirName: '.stryker-tmp',
    ignorePatterns: [
      '/dist',
      '/docs',
      '/examples',
      '/bench',
      '/data',
      '/test/mutation/node_modules',
      '/test/mutation/results',
    ],
    dryRunTimeoutMinutes: 20,
    timeoutMS: 15_000,
    reporters: ['progress-append-only', 'survivors', 'json', 'html'],
    jsonReporter: { fileName: report },
    htmlReporter: { fileName: join(folder, 'report.html') },
  };
}

/** Fails where a glob finds nothing: the file was renamed, and its tests would be missing without a word. */
function testsOf({ tests }: Capability): readonly string[] {
  for (const glob of tests.filter((pattern) => !pattern.startsWith('src/oauth/'))) {
    if (globSync(glob, { cwd: root }).length === 0) giveUp(`there are no tests ${glob}`);
  }
  return tests;
}

/** Stryker is not among the product's dependencies: it is installed here, at the first run. */
function installStryker(): void {
  if (existsSync(join(tool, 'node_modules', '@stryker-mutator', 'vitest-runner'))) return;
  process.stderr.write('mutation: installing Stryker\n');
  // Its peer is the vitest of the root.
  const flags = ['--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', ['ci', ...flags], { cwd: tool, stdio: ['ignore', 2, 2] });
  if (status !== 0) giveUp('Stryker could not be installed');
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        mutate: { type: 'string' },
        concurrency: { type: 'string', default: '1' },
        fresh: { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return giveUp(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function giveUp(reason: string): never {
  process.stderr.write(`mutation: ${reason}\n`);
  process.exit(2);
}
