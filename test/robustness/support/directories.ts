import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory for one test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-robust-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A hash of each file below a directory, or size and time where it may not be read; SQLite's own helpers, which come and go, apart. */
export function contentsOf(directory: string): Readonly<Record<string, string>> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/-(wal|shm)$/.test(name) && statSync(join(directory, name)).isFile())
    .sort();
  return Object.fromEntries(files.map((name) => [name, contentOf(join(directory, name))]));
}

function contentOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    const { size, mtimeMs } = statSync(path);
    return `${size} bytes of ${mtimeMs}`;
  }
}

/** Before the program's own words: takes from the superuser the right to pass over the permissions of files. */
export function asOrdinaryUser(): readonly string[] {
  return process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
}
