import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { keyIdOf, longestBundleDays, signBundle } from '../../oauth/client-metadata/bundle.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { counted, definitions, momentJson, momentText } from '../text.ts';
import { readPrivateKey } from './bundle-keys.ts';
import { documentsIn, isDirectory } from './document-files.ts';

const day = 86_400_000;
const usualDays = 90;
const usualName = 'clients';

export const clientBundle = defineCommand({
  name: 'client bundle',
  summary: 'Sign metadata documents of clients as one file.',
  details:
    'For sites that fetch nothing. On a machine that can reach them, save the document of each client as one .json file in a directory; the signed bundle can then travel by any way. A bundle takes the place of the older one of its name, with all that was in it. Needs no database and no configuration.',
  positionals: { directory: { description: 'Directory with one .json file for each client.' } },
  flags: {
    key: { value: 'FILE', description: 'Private key in PEM form: Ed25519, EC on P-256, or RSA of 2048 bits or more.' },
    out: { value: 'FILE', description: 'Where to write the bundle.' },
    name: { value: 'NAME', description: `Name of the bundle (default: ${usualName}).` },
    days: {
      value: 'DAYS',
      description: `How long it may be used (default: ${usualDays}, at most ${longestBundleDays}).`,
    },
    sequence: {
      value: 'NUMBER',
      description: 'Must be above that of every earlier bundle of this name (default: the time in seconds).',
    },
  },
  examples: ['portcullis client bundle ./documents --key bundle-key.pem --out clients.bundle'],
  async run({ positionals, flags, terminal }) {
    const { key, out } = flags;
    if (key === undefined) throw missing('--key');
    if (out === undefined) throw missing('--out');
    const days = wholeNumber('--days', flags.days, longestBundleDays) ?? usualDays;
    const sequence = wholeNumber('--sequence', flags.sequence, Number.MAX_SAFE_INTEGER);
    const directory = resolve(terminal.directory, positionals.directory);
    if (!isDirectory(directory)) throw new CommandError('usage', `${directory} is no directory`);
    const documents = documentsIn(directory);
    const privateKey = readPrivateKey(resolve(terminal.directory, key));
    const issuedAt = Math.floor(systemClock.now() / 1000) * 1000;
    const bundle = {
      name: flags.name ?? usualName,
      sequence: sequence ?? issuedAt / 1000,
      issuedAt,
      expiresAt: issuedAt + days * day,
      documents,
    };
    const path = resolve(terminal.directory, out);
    write(path, await signBundle(bundle, privateKey));
    const signedBy = keyIdOf(createPublicKey(privateKey));
    const facts: [string, string][] = [
      ['name', bundle.name],
      ['sequence', String(bundle.sequence)],
      ['valid until', `${momentText(bundle.expiresAt)} UTC`],
      ['signed by key', signedBy],
    ];
    return {
      json: {
        file: path,
        name: bundle.name,
        sequence: bundle.sequence,
        expiresAt: momentJson(bundle.expiresAt),
        signedBy,
        clientIds: documents.map(({ clientId }) => clientId),
      },
      text: `${counted(documents.length, 'document')} signed in ${path}.\n\n${definitions(facts, terminal.columns)}`,
    };
  },
});

function missing(flag: string): CommandError {
  return new CommandError('usage', `${flag} is missing`, 'see: portcullis client bundle --help');
}

function wholeNumber(flag: string, text: string | undefined, maximum: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,15}$/.test(text) && Number(text) <= maximum) return Number(text);
  throw new CommandError('usage', `${flag} '${text}' is not a whole number from 1 to ${maximum}`);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`);
  } catch (error) {
    throw new CommandError('failure', `${path} cannot be written: ${(error as Error).message}`);
  }
}
