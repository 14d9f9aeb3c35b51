import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentText, table } from '../text.ts';
import { tokenJson } from './token-json.ts';

export const registrationTokenList = defineCommand({
  name: 'registration-token list',
  summary: 'List the tokens with which clients may register.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const tokens = await withPortcullis(configFor(flags, terminal), ({ services, clock }) =>
      services.registrationTokens.list(clock.now()),
    );
    const rows = tokens.map((token) => [
      token.tokenId,
      displayText(token.label, '(no label)'),
      String(token.usesLeft),
      momentText(token.expiresAt),
      momentText(token.lastUsedAt),
    ]);
    return {
      json: { registrationTokens: tokens.map(tokenJson) },
      text:
        tokens.length === 0
          ? 'There is no registration token.\n'
          : table(['TOKEN ID', 'LABEL', 'USES LEFT', 'EXPIRES (UTC)', 'LAST USED (UTC)'], rows, terminal.style),
    };
  },
});
