import type { ClientId } from '../../core/ids.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { confirm } from '../prompt.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { factsOf, notPending, pendingClient } from './pending.ts';

export const clientApprove = defineCommand({
  name: 'client approve',
  summary: 'Let a client in that waits for approval.',
  details:
    'What the client says of itself cannot change while it waits. If it changes its registration later, it waits again.',
  positionals: { id: { description: 'The client id: see portcullis client list --pending.' } },
  flags: { yes: { description: 'Do not ask.' }, ...dataFlags },
  async run({ positionals, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const client = await pendingClient(positionals.id, portcullis);
      const name = displayText(client.clientName, positionals.id);
      const question = `${factsOf(client, terminal.columns)}Approve client ${name}?`;
      await confirm(terminal, question, flags.yes);
      const clientId = positionals.id as ClientId;
      if (!(await portcullis.services.clients.approve(clientId))) throw notPending(clientId);
      portcullis.report({ name: 'client.approved', clientId });
      return {
        json: { clientId, approved: true },
        text: `Client ${name} is approved: its users can connect it now.\n`,
      };
    });
  },
});
