import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemRandom } from '../../core/random.ts';
import type { BackupMethod, BackupSecret } from '../../operations/backup/container.ts';
import { readOrCreateMasterKey } from '../../operations/keys/master-key-file.ts';
import type { Flags } from '../command.ts';
import { CommandError } from '../failures.ts';
import { passphrase } from '../prompt.ts';
import type { Terminal } from '../terminal.ts';

export const secretFlags = {
  'key-file': { value: 'FILE', description: 'The key of the backup: 32 bytes as 43 base64url characters.' },
  'passphrase-stdin': { description: 'Read the passphrase from the first line of standard input.' },
} as const satisfies Flags;

interface SecretFlags {
  readonly 'key-file'?: string | undefined;
  readonly 'passphrase-stdin'?: true | undefined;
}

/** What a new backup is encrypted with; a key file is made where there is none. */
export async function secretForBackup(flags: SecretFlags, terminal: Terminal): Promise<BackupSecret> {
  return keyIn(flags, terminal) ?? { kind: 'passphrase', passphrase: await asked(flags, terminal, 'twice') };
}

/** What a backup is decrypted with, which has been encrypted in the given way. */
export async function secretForRestore(
  flags: SecretFlags,
  terminal: Terminal,
  method: BackupMethod,
): Promise<BackupSecret> {
  const path = flags['key-file'];
  if (path !== undefined && !existsSync(resolve(terminal.directory, path)))
    throw new CommandError('usage', `there is no key file ${path}`);
  if (method === 'key file' && path === undefined)
    throw new CommandError('usage', 'the backup is encrypted with a key file', 'name it with --key-file');
  return keyIn(flags, terminal) ?? { kind: 'passphrase', passphrase: await asked(flags, terminal, 'once') };
}

function keyIn(flags: SecretFlags, { directory }: Terminal): BackupSecret | undefined {
  const path = flags['key-file'];
  if (path === undefined) return undefined;
  if (flags['passphrase-stdin'] === true)
    throw new CommandError('usage', '--key-file and --passphrase-stdin are two ways of which one is taken');
  const [key] = readOrCreateMasterKey(resolve(directory, path), systemRandom).keys;
  if (key === undefined) throw new CommandError('usage', `${path} holds no key`);
  return { kind: 'key file', key };
}

function asked(flags: SecretFlags, terminal: Terminal, times: 'once' | 'twice'): Promise<string> {
  return passphrase(terminal, { fromInput: flags['passphrase-stdin'] === true, times });
}
