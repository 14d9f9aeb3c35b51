import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentText, table } from '../text.ts';
import { identityJson } from './identity-json.ts';

export const identityList = defineCommand({
  name: 'identity list',
  summary: 'List who is whom at identity providers.',
  flags: { user: { value: 'NAME', description: 'Only those of this user.' }, ...dataFlags },
  async run({ flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const user = flags.user === undefined ? undefined : await userNamed(portcullis, flags.user);
      const links = await portcullis.services.externalIdentities.list(user?.userId);
      const rows = links.map((link) => [
        link.issuer,
        displayText(link.subject, ''),
        link.userName,
        link.linkedBy,
        momentText(link.linkedAt),
      ]);
      return {
        json: { identities: links.map(identityJson) },
        text:
          links.length === 0
            ? 'No user is linked to an identity provider.\n'
            : table(['ISSUER', 'SUBJECT', 'USER', 'LINKED BY', 'SINCE (UTC)'], rows, terminal.style),
      };
    });
  },
});
