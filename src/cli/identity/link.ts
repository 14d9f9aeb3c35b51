import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { identityFlags, identityFrom } from './identity-flags.ts';
import { identityJson } from './identity-json.ts';

export const identityLink = defineCommand({
  name: 'identity link',
  summary: 'Say who a user is at an identity provider.',
  details:
    'From then on whoever the identity provider asserts to be this subject acts as the user, administrators included. A subject is one user’s; a user may have several.',
  positionals: { name: { description: 'User name.' } },
  flags: { ...identityFlags, ...dataFlags },
  examples: ['portcullis identity link ada --issuer https://idp.example.com --subject 00u1a2b3c4'],
  async run({ positionals, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const identity = identityFrom(flags, portcullis);
      const { externalIdentities } = portcullis.services;
      const { userId, userName } = await userNamed(portcullis, positionals.name);
      const trusted = portcullis.identityAssertions.issuers.has(identity.issuer);
      if (!(await externalIdentities.link(identity, userId))) {
        const holder = await externalIdentities.userOf(identity);
        if (holder?.userId !== userId)
          throw new CommandError(
            'failure',
            `this subject is ${holder?.userName ?? 'nobody'} already`,
            'see: portcullis identity unlink',
          );
      }
      const links = await externalIdentities.list(userId);
      const link = links.find(({ issuer, subject }) => issuer === identity.issuer && subject === identity.subject);
      const note = trusted
        ? ''
        : '\nThis configuration does not list the issuer: its assertions are refused until identityAssertions.issuers does.\n';
      return {
        json: { identity: link === undefined ? null : identityJson(link) },
        text: `${displayText(identity.subject, '')} at ${identity.issuer} is ${userName}.\n${note}`,
      };
    });
  },
});
