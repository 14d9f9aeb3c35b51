/**
 * Makes a clone ready to run: dependencies as locked, a Node that is new enough, `dist/` as the sources are.
 * Runs before `npm start`, `npm test` and the other commands, on any Node from 18; when nothing changed it
 * only compares hashes. `node scripts/setup.mjs without-build` is for commands that need no `dist/`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const commands = join(modules, '.bin');
const installed = join(modules, '.portcullis', 'installed');
const windows = process.platform === 'win32';
const oldestNode = [24, 15];

/** @param {string} line */
function say(line) {
  process.stderr.write(`portcullis: ${line}\n`);
}

/** @param {string} line @returns {never} */
function giveUp(line) {
  say(line);
  process.exit(1);
}

/** What an installation depends on: the lockfile, and the platform that its binaries are for. */
function wantedInstallation() {
  const lockfile = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform}-${process.arch}\n`;
}

/** @typedef {{version?: string, link?: boolean, optional?: boolean, os?: string | string[], cpu?: string | string[], libc?: unknown}} LockedPackage */

/** @param {string | string[] | undefined} allowed @param {string} actual */
function fits(allowed, actual) {
  return allowed === undefined || [allowed].flat().includes(actual);
}

/** @param {LockedPackage} entry an optional package; one that names no platform serves some other one's */
function isForThisPlatform({ os, cpu, libc }) {
  if ((os === undefined && cpu === undefined) || libc !== undefined) return false;
  return fits(os, process.platform) && fits(cpu, process.arch);
}

/** Whether `npm ci` already ran by hand: npm's own record of node_modules agrees with the lockfile. */
function alreadyInstalledByNpm() {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  /** @type {Record<string, LockedPackage>} */
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  /** @type {Record<string, LockedPackage>} */
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const here = present[path];
    return here === undefined ? entry.optional === true && !isForThisPlatform(entry) : here.version === entry.version;
  });
}

/** Runs the npm that runs this script, or the one on the PATH. @param {string[]} args */
function npm(args) {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  const bundled = script !== undefined && node !== undefined && existsSync(node);
  const [command, all] = bundled ? [node, [script, ...args]] : ['npm', args];
  // Standard output stays clean: `npm pack --json` and the like run this script too.
  return spawnSync(command, all, { cwd: root, stdio: ['ignore', 2, 2], shell: !bundled && windows });
}

/** @returns {'installed' | 'unchanged'} */
function ensureDependencies() {
  const wanted = wantedInstallation();
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return 'unchanged';
  if (!alreadyInstalledByNpm()) {
    say('installing dependencies as locked (the first time only) …');
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
    const { status } = npm(['ci', ...flags, '--engine-strict=false', '--loglevel=error']);
    if (status !== 0)
      giveUp('`npm ci` failed: see above. Dependencies come from the registry that npm is configured for.');
  }
  mkdirSync(join(modules, '.portcullis'), { recursive: true });
  writeFileSync(installed, wanted);
  return 'installed';
}

/** @param {string} command @returns {string | undefined} the version of that Node, if it runs here */
function versionOf(command, { shell = false } = {}) {
  const { status, stdout } = spawnSync(command, ['-p', 'process.versions.node'], { encoding: 'utf8', shell });
  return status === 0 ? stdout.trim() : undefined;
}

/** Puts the Node that came with the dependencies first on the scripts' PATH, unless it does not run here. */
function linkNode() {
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`;
  const shipped = join(modules, name, 'bin', windows ? 'node.exe' : 'node');
  const link = join(commands, windows ? 'node.cmd' : 'node');
  if (versionOf(shipped) === undefined) {
    // Made for another libc, say: it must not hide the machine's own.
    for (const file of ['node', 'node.cmd', 'node.ps1']) rmSync(join(commands, file), { force: true });
  } else if (!existsSync(link)) {
    // npm 10 loses the link while it discards the packages of other platforms.
    if (windows) writeFileSync(link, `@"%~dp0\\..\\${name}\\bin\\node.exe" %*\r\n`);
    else symlinkSync(`../${name}/bin/node`, link);
  }
}

/** Ends with one line of what to do where npm's scripts would run on a Node that is too old. */
function ensureNode() {
  linkNode();
  process.env.PATH = `${commands}${delimiter}${process.env.PATH ?? ''}`;
  const version = versionOf('node', { shell: windows });
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  giveUp(
    `Node ${oldestNode.join('.')} or newer is needed, \`node\` is ${version ?? 'missing'}, and no ready-made Node runs on ` +
      `${process.platform}-${process.arch}: install it from https://nodejs.org, then run the same command again.`,
  );
}

function ensureBuild() {
  const outcome = buildIfChanged();
  if (outcome === 'failed') giveUp('the sources in src/ do not compile: see above');
  if (outcome === 'built') say('built dist/');
}

if (ensureDependencies() === 'installed' || !process.execPath.startsWith(modules)) ensureNode();
if (process.argv[2] !== 'without-build') ensureBuild();
