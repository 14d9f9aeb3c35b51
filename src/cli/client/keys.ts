import type { ClientId } from '../../core/ids.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { clientKeys, keyFlags } from './keys-file.ts';

export const clientReplaceKeys = defineCommand({
  name: 'client keys',
  summary: 'Replace the public keys of a client that signs.',
  details:
    'For a client of private_key_jwt. The keys that are not in the new set end at once: to change over without a gap, give both keys first, and the new one alone when the client uses it.',
  positionals: { id: { description: 'The client id: see portcullis client list.' } },
  flags: { ...keyFlags, ...dataFlags },
  examples: ['portcullis client keys hVuSMv1ESpe1cdgrSkhEIQ --jwks both.jwks.json'],
  async run({ positionals, flags, terminal }) {
    if (flags.jwks === undefined && flags['jwks-uri'] === undefined)
      throw new CommandError('usage', '--jwks is missing', 'see: portcullis client keys --help');
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { clients } = portcullis.services;
      const clientId = positionals.id as ClientId;
      const client = await clients.get(clientId);
      if (client === undefined)
        throw new CommandError('not_found', `there is no client '${clientId}'`, 'see: portcullis client list');
      const keys = clientKeys(flags, portcullis, terminal);
      if (client.tokenEndpointAuthMethod !== 'private_key_jwt' || !(await clients.replaceKeys(client, keys)))
        throw new CommandError(
          'failure',
          `client '${clientId}' does not sign: its method is ${client.tokenEndpointAuthMethod}`,
        );
      portcullis.report({ name: 'client.keys_replaced', clientId });
      const kids = keys.jwks?.keys.map(({ kid }) => kid ?? null);
      return {
        json: { clientId, keyIds: kids ?? null, jwksUri: keys.jwksUri ?? null },
        text: `Client ${displayText(client.clientName, clientId)} has new keys${kids === undefined ? ', which are fetched' : ''}.\n`,
      };
    });
  },
});
