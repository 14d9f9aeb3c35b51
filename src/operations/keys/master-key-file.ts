import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Random, randomId } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { MasterKey, parseKeys } from './master-key.ts';

/**
 * Reads the master key from a file, and makes the file, readable by its owner only, where there is none. Of processes that
 * start at the same moment one makes it, complete from the first instant, and all read that one.
 * @throws ConfigurationError where the file is not a key, or cannot be read or made
 */
export function readOrCreateMasterKey(path: string, random: Random): MasterKey {
  if (!existsSync(path)) {
    explained(
      `the master key file ${path} cannot be made`,
      `let this user write ${dirname(path)}, and free space there`,
      () => createKeyFile(path, random),
    );
  }
  return new MasterKey(readKeyFile(path), random, () => readKeyFile(path));
}

/**
 * Replaces the keys in a file, complete or not at all.
 * @param keys the present one first
 * @throws ConfigurationError where it cannot be written
 */
export function writeKeyFile(path: string, keys: readonly Uint8Array[], random: Random): void {
  explained(`the master key file ${path} cannot be written`, `let this user write ${dirname(path)}`, () => {
    const unfinished = `${path}.${randomId(random)}`;
    try {
      writeUnfinished(unfinished, keys);
      renameSync(unfinished, path);
    } finally {
      rmSync(unfinished, { force: true });
    }
  });
}

function readKeyFile(path: string): readonly Uint8Array[] {
  const text = explained(`the master key file ${path} cannot be read`, 'let this user read it', () =>
    readFileSync(path, 'utf8'),
  );
  const keys = parseKeys(text);
  if (keys !== undefined) return keys;
  throw new ConfigurationError(
    `the master key file ${path} does not hold 32 bytes, written as 43 base64url characters`,
  );
}

// A link appears with all of its file's content, and only where nothing has the name yet.
function createKeyFile(path: string, random: Random): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomId(random)}`;
  try {
    writeUnfinished(unfinished, [random.bytes(32)]);
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function writeUnfinished(path: string, keys: readonly Uint8Array[]): void {
  const text = keys.map((key) => `${Buffer.from(key).toString('base64url')}\n`).join('');
  writeFileSync(path, text, { flag: 'wx', mode: 0o600, flush: true });
}

function explained<Result>(what: string, hint: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationError(`${what}: ${(error as Error).message}; ${hint}`);
  }
}
