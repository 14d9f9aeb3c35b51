import { statSync } from 'node:fs';
import type { LoadedConfig } from '../../portcullis/load-config.ts';
import { masterKeyFileOf } from '../../portcullis/master-key-file.ts';

/** One sentence for each file with a secret in it that every user of the machine can read or write, with what to do. */
export function exposedFileWarnings({ portcullis, server, file, origins }: LoadedConfig): readonly string[] {
  const holdsKey = file !== undefined && origins.get('masterKey') === file;
  const secrets = [masterKeyFileOf(portcullis), holdsKey ? file : undefined, server.tls?.keyFile];
  return secrets
    .filter((path) => path !== undefined && isExposed(path))
    .map((path) => `every user of this machine can read or change ${path}, which holds a secret: chmod o= ${path}`);
}

function isExposed(path: string): boolean {
  // Windows reports modes that mean nothing.
  if (process.platform === 'win32') return false;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o006) !== 0;
}
