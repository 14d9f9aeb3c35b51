/**
 * Starts a PostgreSQL for the tests: a private instance in a temporary directory, on loopback, as durable as in production,
 * by an unprivileged user. Debian's package is installed where there is none and it may be. `TEST_PG_URL` names a server to
 * use instead; its user makes and drops databases. As Vitest's global set-up it hands the address over in
 * `PORTCULLIS_TEST_POSTGRES` and stops what it started.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { asRoot, onPath } from './ensure-chromium.mjs';

const oldest = 15;
const user = 'portcullis';

/** @param {string} folder @returns {number} the version of the server in it; 0 where there is none */
function versionIn(folder) {
  const { status, stdout } = spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return status === 0 && existsSync(join(folder, 'initdb')) ? Number(/ (\d+)/.exec(stdout)?.[1] ?? 0) : 0;
}

/** @returns {string | undefined} the folder with `initdb` and `postgres`, new enough */
function findPostgres() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const path = (process.env.PATH ?? '').split(delimiter);
  return [...versions.map((version) => join(debian, version, 'bin')), ...path].find(
    (folder) => existsSync(join(folder, 'postgres')) && versionIn(folder) >= oldest,
  );
}

/** @returns {string} @throws Error that says what to do where there is none */
function ensurePostgres() {
  const present = findPostgres();
  if (present !== undefined) return present;
  const prefix = onPath('apt-get') === undefined ? undefined : asRoot();
  if (prefix !== undefined) {
    process.stderr.write('portcullis: installing PostgreSQL for the tests (apt-get) …\n');
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'postgresql']]) {
      const [command = '', ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args];
      if (spawnSync(command, rest, { stdio: ['ignore', 2, 2] }).status !== 0) break;
    }
  }
  const installed = findPostgres();
  if (installed !== undefined) return installed;
  throw new Error(
    `the tests need PostgreSQL ${oldest} or newer and none was found: install it (Debian: \`apt-get install postgresql\`), ` +
      'or set TEST_PG_URL to the address of a server, with a user that may make databases',
  );
}

/** PostgreSQL does not run as root. @returns {{uid?: number, gid?: number}} */
function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = ['postgres', 'nobody'].map((name) => accounts.find((account) => account.startsWith(`${name}:`)));
  const [, , uid, gid] = (line.find((found) => found !== undefined) ?? '').split(':');
  if (uid === undefined || gid === undefined)
    throw new Error('there is no user `postgres` or `nobody` to run PostgreSQL');
  return { uid: Number(uid), gid: Number(gid) };
}

/** @returns {Promise<number>} */
function freePort() {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** @returns {Promise<{url: string, stop: () => Promise<void>}>} */
export async function startPostgres() {
  const given = process.env.TEST_PG_URL;
  if (given) return { url: given, stop: async () => {} };
  const folder = ensurePostgres();
  const identity = unprivileged();
  const home = mkdtempSync(join(tmpdir(), 'portcullis-postgres-'));
  if (identity.uid !== undefined && identity.gid !== undefined) chownSync(home, identity.uid, identity.gid);
  const data = join(home, 'data');
  const options = { ...identity, cwd: home, encoding: /** @type {const} */ ('utf8') };
  const made = spawnSync(
    join(folder, 'initdb'),
    ['-D', data, '-U', user, '-A', 'trust', '--locale=C', '-E', 'UTF8'],
    options,
  );
  if (made.status !== 0) throw new Error(`PostgreSQL could not be set up: ${made.stderr}`);
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '400',
    shared_buffers: '64MB',
    fsync: 'on',
    synchronous_commit: 'on',
    log_min_messages: 'fatal',
  };
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
  // Its standard input is ours: it ends with this process, however that ends.
  const script = '"$@" & server=$!; read -r _; kill -INT "$server"; wait "$server"; rm -rf "$HOME_OF_SERVER"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', join(folder, 'postgres'), ...args], {
    ...identity,
    cwd: '/',
    env: { ...process.env, HOME_OF_SERVER: home },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  const url = `postgres://${user}@127.0.0.1:${port}/postgres`;
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const { status } = spawnSync(join(folder, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-t', '1']);
    if (status === 0) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error(`PostgreSQL (${dirname(folder)}) did not start: ${log}`);
}

/** Once for all projects of a run that ask for it. */
export default async function setup() {
  if (process.env.PORTCULLIS_TEST_POSTGRES) return undefined;
  const { url, stop } = await startPostgres();
  process.env.PORTCULLIS_TEST_POSTGRES = url;
  return stop;
}
