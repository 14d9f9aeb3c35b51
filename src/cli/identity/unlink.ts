import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { identityFlags, identityFrom } from './identity-flags.ts';

export const identityUnlink = defineCommand({
  name: 'identity unlink',
  summary: 'Undo identity link, and end its tokens.',
  details:
    'Ends, at once, the tokens that clients of the identity assertion grant have for the user. Where the configuration lets users be found by e-mail or be made, the subject may become one again: disable the user to shut somebody out.',
  flags: { ...identityFlags, ...dataFlags },
  examples: ['portcullis identity unlink --issuer https://idp.example.com --subject 00u1a2b3c4'],
  async run({ flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const identity = identityFrom(flags, portcullis);
      const { externalIdentities } = portcullis.services;
      const user = await externalIdentities.userOf(identity);
      if (user === undefined || !(await externalIdentities.unlink(identity)))
        throw new CommandError('not_found', 'this subject is linked to no user', 'see: portcullis identity list');
      return {
        json: { ...identity, userId: user.userId, userName: user.userName },
        text: `${displayText(identity.subject, '')} at ${identity.issuer} is no longer ${user.userName}.\n`,
      };
    });
  },
});
