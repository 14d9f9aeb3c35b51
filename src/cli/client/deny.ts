import type { ClientId } from '../../core/ids.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { confirm } from '../prompt.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { factsOf, notPending, pendingClient } from './pending.ts';

export const clientDeny = defineCommand({
  name: 'client deny',
  summary: 'Delete a client that waits for approval.',
  positionals: { id: { description: 'The client id: see portcullis client list --pending.' } },
  flags: { yes: { description: 'Do not ask.' }, ...dataFlags },
  async run({ positionals, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const client = await pendingClient(positionals.id, portcullis);
      const name = displayText(client.clientName, positionals.id);
      await confirm(terminal, `${factsOf(client, terminal.columns)}Deny and delete client ${name}?`, flags.yes);
      const clientId = positionals.id as ClientId;
      if (!(await portcullis.services.clients.deny(clientId))) throw notPending(clientId);
      portcullis.report({ name: 'client.deleted', clientId, reason: 'not approved' });
      return { json: { clientId, deleted: true }, text: `Client ${name} is denied and deleted.\n` };
    });
  },
});
