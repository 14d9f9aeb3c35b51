import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A way to let a running process run out of room, and to give it room again. */
export interface FullDisk {
  readonly name: string;
  /** Before the program's own words. */
  readonly wrapper: (directory: string) => readonly string[];
  readonly fill: (pid: number, directory: string) => void;
  readonly free: (pid: number, directory: string) => void;
}

/** No file may grow: every write fails, for lack of permission to be larger. Works everywhere on Linux. */
const sizeLimit: FullDisk = {
  name: 'files may not grow',
  wrapper: () => [],
  fill: (pid) => limitFiles(pid, '0'),
  free: (pid) => limitFiles(pid, 'unlimited'),
};

/** A small file system in memory, seen by the process alone, that goes with it. */
const smallFileSystem: FullDisk = {
  name: 'the file system has no room',
  wrapper: (directory) => {
    mkdirSync(join(directory, 'data'));
    return ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=2m,mode=700 tmpfs data && exec "$@"', 'sh'];
  },
  fill: (pid, directory) => {
    const ballast = openSync(ballastOf(pid, directory), 'w');
    try {
      for (const size of [65_536, 512, 1]) writeUntilFull(ballast, Buffer.alloc(size));
    } finally {
      closeSync(ballast);
    }
  },
  free: (pid, directory) => rmSync(ballastOf(pid, directory)),
};

/** The ways that this machine allows; the second needs the right to mount. */
export function fullDisks(): readonly FullDisk[] {
  const mounted = spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']);
  return mounted.status === 0 ? [sizeLimit, smallFileSystem] : [sizeLimit];
}

function limitFiles(pid: number, most: string): void {
  const { status, stderr, error } = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${most}:unlimited`]);
  if (status !== 0) throw new Error(`prlimit: ${error?.message ?? stderr}`);
}

function ballastOf(pid: number, directory: string): string {
  return join('/proc', String(pid), 'root', directory, 'data', 'ballast');
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
