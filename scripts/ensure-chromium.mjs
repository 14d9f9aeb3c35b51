/**
 * Finds the Chromium that the browser tests drive, and installs Debian's where it is missing and may be installed.
 * Run as a command it prints the path; as Vitest's global set-up it hands the path over in `PORTCULLIS_CHROMIUM`.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name @returns {string | undefined} */
export function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** @returns {string | undefined} the executable, or `undefined` where there is none */
export function findChromium() {
  const chosen = process.env.PORTCULLIS_CHROMIUM;
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`PORTCULLIS_CHROMIUM is '${chosen}', which is not an executable file`);
  }
  const macOS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  return names.map(onPath).find((path) => path !== undefined) ?? (isExecutable(macOS) ? macOS : undefined);
}

/** @returns {string[] | undefined} how to become root without a question, or `undefined` */
export function asRoot() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}

function installFromDebian() {
  const prefix = onPath('apt-get') === undefined ? undefined : asRoot();
  if (prefix === undefined) return;
  process.stderr.write('portcullis: installing Chromium for the browser tests (apt-get) …\n');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const [command = '', ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args];
    if (spawnSync(command, rest, { stdio: ['ignore', 2, 2] }).status !== 0) return;
  }
}

/** @returns {string} the executable @throws Error that says what to do where there is none */
export function ensureChromium() {
  const present = findChromium();
  if (present !== undefined) return present;
  installFromDebian();
  const path = findChromium();
  if (path !== undefined) return path;
  throw new Error(
    'the browser tests need Chromium and none was found: install it (Debian: `apt-get install chromium`), ' +
      'or set PORTCULLIS_CHROMIUM to the path of Chromium or Chrome',
  );
}

export default function setup() {
  process.env.PORTCULLIS_CHROMIUM = ensureChromium();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${ensureChromium()}\n`);
  } catch (error) {
    process.stderr.write(`portcullis: ${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}
