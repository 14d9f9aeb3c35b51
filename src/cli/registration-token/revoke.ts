import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';

export const registrationTokenRevoke = defineCommand({
  name: 'registration-token revoke',
  summary: 'End a token with which clients may register.',
  details: 'Clients that came with it stay. Delete them with: portcullis client delete.',
  positionals: { id: { description: 'The token id: see portcullis registration-token list.' } },
  flags: dataFlags,
  async run({ positionals, flags, terminal }) {
    const tokenId = positionals.id;
    const revoked = await withPortcullis(configFor(flags, terminal), ({ services }) =>
      services.registrationTokens.revoke(tokenId),
    );
    if (!revoked)
      throw new CommandError(
        'not_found',
        `there is no registration token '${tokenId}'`,
        'see: portcullis registration-token list',
      );
    return { json: { tokenId, revoked: true }, text: `Registration token ${tokenId} is revoked.\n` };
  },
});
