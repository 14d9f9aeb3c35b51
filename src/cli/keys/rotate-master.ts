import { writeKeyFile } from '../../operations/keys/master-key-file.ts';
import { encryptAllAgain } from '../../operations/keys/rotate-master-key.ts';
import { masterKeyFileOf } from '../../portcullis/master-key-file.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { counted } from '../text.ts';

export const keysRotateMaster = defineCommand({
  name: 'keys rotate-master',
  summary: 'Replace the key that encrypts secrets.',
  details:
    'Makes a new master key, encrypts everything again under it and replaces the key file. Nobody is signed out, no token ends, and a running server goes on. It may be interrupted: run it again and it finishes. Where the key is in the settings (masterKey) instead of a file, first put a new one before the old one, separated by a space, and restart every server. Backups of the database from before need the old key: keep it with them.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const config = configFor(flags, terminal);
    return withPortcullis(config, async (portcullis) => {
      const { database, masterKey } = portcullis.services;
      const file = masterKeyFileOf(config.portcullis);
      const isUnderWay = masterKey.keys.length > 1;
      if (!isUnderWay) {
        if (file === undefined) {
          throw new CommandError(
            'usage',
            'the master key is in the settings, where this command cannot replace it',
            "put a new key before the old one (masterKey: 'NEW OLD'), restart every server, and run this again; a key can be made with: openssl rand -base64 32 | tr +/ -_ | tr -d =",
          );
        }
        const keys = [portcullis.random.bytes(32), ...masterKey.keys];
        writeKeyFile(file, keys, portcullis.random);
        masterKey.replace(keys);
      }
      const count = await encryptAllAgain(database, masterKey);
      if (file !== undefined) writeKeyFile(file, masterKey.keys.slice(0, 1), portcullis.random);
      portcullis.report({ name: 'keys.master_key_replaced', reason: `the present master key is ${masterKey.id}` });
      const next = file === undefined ? 'Remove the old key from the settings now.' : `The new key is in ${file}.`;
      return {
        json: { masterKeyId: masterKey.id, encryptedAgain: count, file: file ?? null, resumed: isUnderWay },
        text: `${counted(count, 'secret')} encrypted again, under master key ${masterKey.id}. ${next}\nBack it up, apart from the database.\n`,
      };
    });
  },
});
