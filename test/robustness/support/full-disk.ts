import { spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What `statfs` calls a file system in memory. */
const tmpfs = 0x01021994;

/** A way to let a running process run out of room, and to give it room again. */
export interface FullDisk {
  readonly name: string;
  /** Before the program's own words. */
  readonly wrapper: (directory: string) => readonly string[];
  readonly fill: (pid: number, directory: string) => void;
  readonly free: (pid: number, directory: string) => void;
}

/** No file may grow: every write fails, for lack of permission to be larger. Works everywhere on Linux. */
export const filesMayNotGrow: FullDisk = {
  name: 'files may not grow',
  wrapper: () => [],
  fill: (pid) => limitFiles(pid, '0'),
  free: (pid) => limitFiles(pid, 'unlimited'),
};

/** A file system that is soon full, which goes with the process. `mounting` are the words that run a command where it may mount. */
function mountedFileSystem(mounting: readonly string[]): FullDisk {
  return {
    name: 'the file system has no room',
    wrapper: (directory) => {
      mkdirSync(join(directory, 'data'));
      return [...mounting, 'sh', '-c', 'mount -t tmpfs -o size=2m,mode=700 tmpfs data && exec "$@"', 'sh'];
    },
    fill: (pid, directory) => fillUp(ballastOf(pid, directory)),
    free: (pid, directory) => rmSync(ballastOf(pid, directory)),
  };
}

/** The small file system that a container has its devices in: nobody else writes there. */
const deviceFileSystem: FullDisk = {
  name: 'the file system has no room',
  wrapper: (directory) => {
    const data = mkdtempSync('/dev/portcullis-');
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    symlinkSync(data, join(directory, 'data'));
    return [];
  },
  fill: (_, directory) => fillUp(join(directory, 'data', 'ballast')),
  free: (_, directory) => rmSync(join(directory, 'data', 'ballast')),
};

const waysToMount = [
  // The superuser's, and everybody's where user namespaces are allowed.
  ['unshare', '--mount'],
  ['unshare', '--user', '--map-root-user', '--mount'],
] as const;
const mostToFill = 256 * 1024 * 1024;

/**
 * The ways that this machine allows. The second needs the right to mount, or the devices of a container; where there is
 * neither, only the first is left, and is named accordingly.
 */
export function fullDisks(): readonly FullDisk[] {
  const mounting = waysToMount.find(([command, ...words]) => {
    const tried = spawnSync(command, [...words, 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']);
    return tried.status === 0;
  });
  if (mounting !== undefined) return [filesMayNotGrow, mountedFileSystem(mounting)];
  if (isSmallAndWritable('/dev')) return [filesMayNotGrow, deviceFileSystem];
  return [{ ...filesMayNotGrow, name: `${filesMayNotGrow.name}, no disk to fill here` }];
}

function isSmallAndWritable(path: string): boolean {
  const { type, bavail, bsize } = statfsSync(path);
  if (type !== tmpfs || bavail * bsize > mostToFill) return false;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function limitFiles(pid: number, most: string): void {
  const { status, stderr, error } = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${most}:unlimited`]);
  if (status !== 0) throw new Error(`prlimit: ${error?.message ?? stderr}`);
}

function ballastOf(pid: number, directory: string): string {
  return join('/proc', String(pid), 'root', directory, 'data', 'ballast');
}

function fillUp(path: string): void {
  const ballast = openSync(path, 'w');
  try {
    for (const size of [65_536, 512, 1]) writeUntilFull(ballast, Buffer.alloc(size));
  } finally {
    closeSync(ballast);
  }
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
