import type { ClientId } from '../../core/ids.ts';
import { isDocumentUrl } from '../../oauth/client-metadata/document-url.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { confirm } from '../prompt.ts';
import { configFor, dataFlags } from '../settings-flags.ts';

export const clientDelete = defineCommand({
  name: 'client delete',
  summary: 'Delete a client, with grants and tokens.',
  positionals: { id: { description: 'The client id: see portcullis client list.' } },
  flags: { yes: { description: 'Do not ask.' }, ...dataFlags },
  async run({ positionals, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { clients, importedDocuments } = portcullis.services;
      const clientId = positionals.id as ClientId;
      const client = await clients.get(clientId);
      const isImported = (await importedDocuments.find(clientId)) !== undefined;
      if (client === undefined && !isImported)
        throw new CommandError('not_found', `there is no client '${clientId}'`, 'see: portcullis client list');
      const name = displayText(client?.clientName, clientId);
      await confirm(terminal, `Delete client ${name} for good?`, flags.yes);
      await importedDocuments.remove(clientId);
      await clients.delete(clientId);
      portcullis.report({ name: 'client.deleted', clientId });
      return {
        json: { clientId, deleted: true },
        text: `Client ${name} is deleted: its grants and tokens have ended.\n${comesBack(clientId, portcullis)}`,
      };
    });
  },
});

// Nobody registers such a client, so nobody is asked when it comes again.
function comesBack(clientId: ClientId, { egress, metadataDocuments }: Portcullis): string {
  if (!isDocumentUrl(clientId) || egress === undefined || !metadataDocuments.areAvailable) return '';
  const { hostname } = new URL(clientId);
  return `It may come again by its document. To keep it away, add ${hostname} to clientMetadata.deniedHosts.\n`;
}
