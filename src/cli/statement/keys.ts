import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { algorithmOf, keyIdOf } from '../../oauth/client-metadata/bundle.ts';
import { publicJwkOf } from '../../oauth/software-statement/sign.ts';
import { readAnyPublicKey } from '../client/bundle-keys.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { counted } from '../text.ts';

export const statementKeys = defineCommand({
  name: 'statement keys',
  summary: 'Write public keys as a file to pin.',
  details:
    'The file is a JWK Set for softwareStatements.issuers: name it there as keysFile. Of a private key only the public half is written. To change a key without a gap, write both, and the new one alone when no statement of the old one is in use. Needs no database and no configuration.',
  positionals: { files: { description: 'Files with keys in PEM form, public or private.', rest: true } },
  flags: { out: { value: 'FILE', description: 'Where to write the set (default: it is printed).' } },
  examples: ['portcullis statement keys publisher.pub.pem --out publisher.jwks.json'],
  async run({ positionals, flags, terminal }) {
    if (positionals.files.length === 0)
      throw new CommandError('usage', 'name at least one key', 'see: portcullis statement keys --help');
    const keys = positionals.files.map((name) => {
      const publicKey = readAnyPublicKey(resolve(terminal.directory, name));
      return publicJwkOf(publicKey, keyIdOf(publicKey), algorithmOf(publicKey));
    });
    const set = `${JSON.stringify({ keys }, undefined, 2)}\n`;
    const path = flags.out === undefined ? undefined : resolve(terminal.directory, flags.out);
    if (path !== undefined) write(path, set);
    return {
      json: { keys, file: path ?? null },
      text: path === undefined ? set : `${counted(keys.length, 'public key')} in ${path}.\n`,
    };
  },
});

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new CommandError('failure', `${path} cannot be written: ${(error as Error).message}`);
  }
}
