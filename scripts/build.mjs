/**
 * Builds `dist/` from `src/` with tsc, makes the command runnable and links it for `npx portcullis`.
 * `npm run build` always builds; the set-up builds when a source, a setting or a dependency changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src');
const output = join(root, 'dist');
const stamp = join(root, 'node_modules', '.portcullis', 'built');
const command = join(output, 'cli', 'main.js');
const commandLink = join(root, 'node_modules', '.bin', 'portcullis');

/** @param {string} folder @returns {string[]} paths relative to the folder, sorted */
function filesBelow(folder, prefix = '') {
  if (!existsSync(join(folder, prefix))) return [];
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(folder, path) : [path];
    });
}

function builtSources() {
  return filesBelow(sources).filter((path) => path.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(path));
}

/** What the contents of `dist/` depend on. */
function fingerprint() {
  const hash = createHash('sha256');
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  for (const path of [...settings, ...builtSources().map((source) => `src/${source}`)]) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return `${hash.digest('hex')}\n`;
}

/** @param {string} source */
function outputsOf(source) {
  const stem = source.slice(0, -'.ts'.length);
  return [`${stem}.js`, `${stem}.d.ts`];
}

function isComplete() {
  return builtSources().every((source) => outputsOf(source).every((path) => existsSync(join(output, path))));
}

/** Removes what an earlier build left of sources that are gone, without ever taking away what is in use. */
function prune() {
  const expected = new Set(builtSources().flatMap(outputsOf));
  for (const path of filesBelow(output)) {
    if (expected.has(path)) continue;
    rmSync(join(output, path));
    let folder = dirname(join(output, path));
    while (folder !== output && readdirSync(folder).length === 0) {
      rmdirSync(folder);
      folder = dirname(folder);
    }
  }
}

/** npm links the commands of dependencies, not the project's own. */
function linkCommand() {
  if (!existsSync(command)) return;
  chmodSync(command, 0o755);
  mkdirSync(dirname(commandLink), { recursive: true });
  if (process.platform === 'win32') {
    writeFileSync(`${commandLink}.cmd`, `@node "%~dp0\\..\\..\\dist\\cli\\main.js" %*\r\n`);
    return;
  }
  rmSync(commandLink, { force: true });
  symlinkSync('../../dist/cli/main.js', commandLink);
}

/** @returns {boolean} whether the sources compile; the compiler has said why not */
function build() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const before = fingerprint();
  const { status } = spawnSync('node', [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) return false;
  prune();
  linkCommand();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, before);
  return true;
}

/** @returns {'built' | 'unchanged' | 'failed'} */
export function buildIfChanged() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint() && isComplete()) return 'unchanged';
  return build() ? 'built' : 'failed';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(build() ? 0 : 1);
