import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentText, table } from '../text.ts';
import { keyJson, stateOf } from './key-json.ts';

export const keysList = defineCommand({
  name: 'keys list',
  summary: 'List the keys that tokens are signed with.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async ({ services: { signingKeys, masterKey } }) => {
      const keys = signingKeys.all;
      const rows = keys.map((key) => [
        key.keyId,
        key.algorithm,
        stateOf(key, signingKeys),
        momentText(key.activeFrom),
        key.retiresAt === undefined ? '' : momentText(key.retiresAt),
      ]);
      return {
        json: { masterKeyId: masterKey.id, keys: keys.map((key) => keyJson(key, signingKeys)) },
        text: `${table(['KEY ID', 'ALGORITHM', 'STATE', 'SIGNS FROM (UTC)', 'UNTIL (UTC)'], rows, terminal.style)}\nEncrypted under master key ${masterKey.id}.\n`,
      };
    });
  },
});
