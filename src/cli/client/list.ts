import type { Client } from '../../core/records.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentText, table } from '../text.ts';
import { clientJson } from './client-json.ts';

export const clientList = defineCommand({
  name: 'client list',
  summary: 'List the registered clients.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const config = configFor(flags, terminal);
    const clients = await withPortcullis(config, (portcullis) => portcullis.services.clients.list());
    const rows = clients.map(({ client, lastUsedAt }) => [
      client.clientId,
      displayText(client.clientName, '(no name)'),
      kindOf(client),
      client.registeredBy === 'administrator' ? 'by hand' : 'by itself',
      momentText(client.issuedAt),
      momentText(lastUsedAt),
    ]);
    return {
      json: { clients: clients.map(({ client, lastUsedAt }) => clientJson(client, lastUsedAt)) },
      text:
        clients.length === 0
          ? 'No client has registered yet.\n'
          : table(['CLIENT ID', 'NAME', 'KIND', 'REGISTERED', 'SINCE (UTC)', 'LAST USED (UTC)'], rows, terminal.style),
    };
  },
});

function kindOf({ tokenEndpointAuthMethod, redirectUris }: Client): string {
  if (tokenEndpointAuthMethod === 'none') return 'public';
  return redirectUris.length === 0 ? 'machine' : 'confidential';
}
