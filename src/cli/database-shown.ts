import { resolve } from 'node:path';
import { databaseFile, databaseLabel } from '../storage/open.ts';

/** The database as people are told of it: a whole path, or an address without its password. */
export function databaseShown(setting: string, directory = '.'): string {
  const file = databaseFile(setting);
  return file === undefined ? databaseLabel(setting) : resolve(directory, file);
}
