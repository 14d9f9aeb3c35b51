import { dirname, join } from 'node:path';
import { databaseFile } from '../storage/open.ts';
import type { ResolvedConfig } from './config.ts';

/** The file that the master key is in, or `undefined` where it is in the settings or vanishes with the process. */
export function masterKeyFileOf(
  config: Pick<ResolvedConfig, 'database' | 'masterKey' | 'masterKeyFile'>,
): string | undefined {
  if (config.masterKey !== undefined) return undefined;
  if (config.masterKeyFile !== undefined) return config.masterKeyFile;
  const file = databaseFile(config.database);
  return file === undefined ? undefined : join(dirname(file), 'master.key');
}
