import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A file of `src/` that a request passed. */
export interface Passed {
  /** Below `src/`. */
  readonly file: string;
  /** The names of its functions that ran. */
  readonly functions: readonly string[];
  /** Whether the request waited in it: a function ran that promises its answer. The others are asked and answer at once. */
  readonly waits: boolean;
}

/** By kind of request, such as `POST /token`. */
export type Walks = Record<string, readonly Passed[]>;

const program = fileURLToPath(new URL('program.ts', import.meta.url));

/** Measures a whole authorization on a started server. */
export async function measureWalks(): Promise<Walks> {
  const words = ['--disable-warning=ExperimentalWarning', program];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return JSON.parse(stdout) as Walks;
}

/** The folders that files lie in; the root of `src/` is none. */
export function foldersOf(files: readonly string[]): readonly string[] {
  return [...new Set(files.map((file) => dirname(file)))].filter((folder) => folder !== '.').sort();
}
