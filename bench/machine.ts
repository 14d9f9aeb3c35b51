import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { DatabaseSync } from 'node:sqlite';

/** What was measured on what. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
  readonly openssl: string;
  /** Processes that wanted a core in the last minute, before the run. */
  readonly load: number;
  readonly pinned: boolean;
  readonly commit: string;
}

export function describeMachine(pinned: boolean): Machine {
  const [first] = cpus();
  const memory = new DatabaseSync(':memory:');
  const version = memory.prepare('SELECT sqlite_version() AS version').get()?.['version'];
  memory.close();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    sqlite: String(version),
    openssl: process.versions.openssl,
    load: loadavg()[0] ?? Number.NaN,
    pinned,
    commit: commit(),
  };
}

export function machineLines(machine: Machine): string[] {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}`,
    `Node ${machine.node}, SQLite ${machine.sqlite}, OpenSSL ${machine.openssl}, commit ${machine.commit}`,
    machine.pinned
      ? 'each server process on core 0, the load on core 1'
      : 'server and load share all cores, because taskset is missing',
    ...(machine.load > 0.5 ? [`WARNING: the machine was busy with other work (load ${machine.load.toFixed(2)})`] : []),
  ];
}

function commit(): string {
  try {
    const hash = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const dirty = execFileSync('git', ['status', '--porcelain', '--', 'src'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return dirty === '' ? hash : `${hash} with changes in src/`;
  } catch {
    return 'unknown';
  }
}
