import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** That of the load, not of the servers that are measured. */
const loadCore = '1';
const installations = '/usr/lib/postgresql';
/** Servers refuse to run as root. */
const unprivileged = 'nobody';

/** A PostgreSQL of the run's own: on loopback, with its defaults, which are durable, and gone with the run. */
export class BenchPostgres {
  readonly version: string;
  readonly #binaries: string;
  readonly #folder: string;
  readonly #port: number;
  #databases = 0;

  private constructor(binaries: string, folder: string, port: number) {
    this.#binaries = binaries;
    this.#folder = folder;
    this.#port = port;
    this.version = this.#run('postgres', '--version').trim().replace('postgres (PostgreSQL) ', '');
  }

  /** @throws Error where none is installed */
  static async start(): Promise<BenchPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
    try {
      const server = new BenchPostgres(findBinaries(), folder, await freePort());
      server.#start();
      server.#giveCore();
      return server;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** @returns the address of a new, empty database */
  createDatabase(): string {
    this.#databases += 1;
    const name = `bench_${this.#databases}`;
    this.#run('createdb', '-h', '127.0.0.1', '-p', String(this.#port), '-U', 'bench', name);
    return `postgres://bench@127.0.0.1:${this.#port}/${name}`;
  }

  stop(): void {
    spawnSync(...this.#command('pg_ctl', '-D', join(this.#folder, 'data'), '-m', 'immediate', 'stop'));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(): void {
    if (process.getuid?.() === 0) execFileSync('chown', [unprivileged, this.#folder]);
    chmodSync(this.#folder, 0o700);
    const data = join(this.#folder, 'data');
    this.#run('initdb', '-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C');
    writeFileSync(
      join(data, 'postgresql.auto.conf'),
      `listen_addresses = '127.0.0.1'\nport = ${this.#port}\nunix_socket_directories = ''\nfsync = on\nsynchronous_commit = on\n`,
    );
    this.#run('pg_ctl', '-D', data, '-w', '-l', join(this.#folder, 'log'), 'start');
  }

  /** What the server starts later inherits it. */
  #giveCore(): void {
    const [pid] = readFileSync(join(this.#folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    spawnSync('taskset', ['-a', '-c', '-p', loadCore, pid ?? ''], { stdio: 'ignore' });
  }

  #run(binary: string, ...args: string[]): string {
    const [command, all] = this.#command(binary, ...args);
    const { status, stdout, stderr } = spawnSync(command, all, { encoding: 'utf8', cwd: '/', stdio: 'pipe' });
    if (status !== 0) throw new Error(`${binary} ended with ${status}: ${stderr}`);
    return stdout;
  }

  #command(binary: string, ...args: string[]): [string, string[]] {
    const path = join(this.#binaries, binary);
    return process.getuid?.() === 0 ? ['runuser', ['-u', unprivileged, '--', path, ...args]] : [path, args];
  }
}

/** The newest installation of Debian's packages, or what the path has. */
function findBinaries(): string {
  const versions = existsSync(installations) ? readdirSync(installations).sort((a, b) => Number(b) - Number(a)) : [];
  const found = [
    ...versions.map((version) => join(installations, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ].find((folder) => existsSync(join(folder, 'initdb')));
  if (found === undefined)
    throw new Error('there is no PostgreSQL here: apt-get install postgresql, or leave it out with --engines sqlite');
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
