import type { ClientId } from '../../core/ids.ts';
import type { Client } from '../../core/records.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { CommandError } from '../failures.ts';
import { definitions } from '../text.ts';

/** @throws CommandError where no client with this id waits for approval */
export async function pendingClient(id: string, { services }: Portcullis): Promise<Client> {
  const client = await services.clients.get(id as ClientId);
  if (client?.admission !== 'pending') throw notPending(id);
  return client;
}

export function notPending(id: string): CommandError {
  return new CommandError('not_found', `no client '${id}' waits for approval`, 'see: portcullis client list --pending');
}

/** What an administrator looks at before the decision: a stranger's text, each value quoted. */
export function factsOf(client: Client, columns: number | undefined): string {
  const facts: [string, string][] = [
    ['client_id', client.clientId],
    ['client_name', JSON.stringify(client.clientName ?? '')],
    ['redirect_uris', client.redirectUris.join(' ')],
    ['scope', client.scopes.join(' ')],
    ['client_uri', client.clientUri ?? ''],
    ['contacts', JSON.stringify(client.contacts ?? [])],
  ];
  return definitions(
    facts.filter(([, value]) => !['', '""', '[]'].includes(value)),
    columns,
  );
}
