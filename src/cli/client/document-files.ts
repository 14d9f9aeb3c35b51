import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OAuthError } from '../../core/errors.ts';
import { checkUnique, documentFrom } from '../../oauth/client-metadata/bundle.ts';
import type { MetadataDocument } from '../../oauth/client-metadata/imported-documents.ts';
import { CommandError } from '../failures.ts';
import { counted } from '../text.ts';

// Room for keys; what is fetched is held to 5 KiB.
const maximumDocumentBytes = 64 * 1024;

/** A metadata document, and the file that it is in. */
export interface DocumentFile extends MetadataDocument {
  readonly path: string;
}

/**
 * The metadata documents in the `.json` files of a directory.
 * @throws CommandError naming every file that cannot be used
 */
export function documentsIn(directory: string): readonly DocumentFile[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort();
  if (names.length === 0)
    throw new CommandError('usage', `there is no .json file in ${directory}`, 'put one metadata document in each');
  const files = checkedFiles(names.map((name) => join(directory, name)));
  checkUnique(files);
  return files;
}

/**
 * Reads files with one metadata document each.
 * @throws CommandError naming every file that cannot be used
 */
export function checkedFiles(paths: readonly string[]): readonly DocumentFile[] {
  return allOf(
    paths,
    (path) => path,
    (path) => ({ ...documentFrom(readText(path, maximumDocumentBytes)), path }),
  );
}

/**
 * Does something with each, and tells of all that fail at once.
 * @throws CommandError
 */
export function allOf<From, To>(
  items: readonly From[],
  nameOf: (item: From) => string,
  act: (item: From) => To,
): readonly To[] {
  const problems: string[] = [];
  const done = items.flatMap((item) => {
    try {
      return [act(item)];
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      problems.push(`${nameOf(item)}: ${error.description}`);
      return [];
    }
  });
  if (problems.length === 0) return done;
  throw new CommandError(
    'usage',
    `${counted(problems.length, 'document')} cannot be used, so nothing was done:\n${problems.join('\n')}`,
  );
}

/** @throws CommandError where it is no file, cannot be read, or is larger than that */
export function readText(path: string, maximumBytes: number): string {
  try {
    if (statSync(path).size > maximumBytes)
      throw new CommandError('usage', `${path} is larger than ${maximumBytes / 1024} KiB`);
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('usage', `${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Whether a path leads to a directory. @throws CommandError where it leads nowhere */
export function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new CommandError('usage', `there is no file or directory ${path}`);
  return found.isDirectory();
}
