import type { ClientId, GrantId } from '../../src/core/ids.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import type { Services } from '../../src/portcullis/services.ts';

export type AdministrationAction = 'disable user' | 'delete user' | 'delete client' | 'revoke grant';

/** What an administrator does in another process than the server. */
export interface AdministrationTask {
  readonly config: PortcullisConfig;
  readonly action: AdministrationAction;
  /** Of the user, client or grant. */
  readonly id: string;
}

const task = JSON.parse(process.argv[2] ?? '') as AdministrationTask;
const portcullis = await Portcullis.open(task.config);
process.send?.('ready');
process.once('message', async () => {
  await act(portcullis.services);
  process.send?.('done');
  await portcullis.close();
  process.disconnect();
});

async function act({ users, clients, grants }: Services): Promise<unknown> {
  switch (task.action) {
    case 'disable user':
      return users.setStatus(task.id, 'disabled');
    case 'delete user':
      return users.delete(task.id);
    case 'delete client':
      return clients.delete(task.id as ClientId);
    case 'revoke grant':
      return grants.revoke(task.id as GrantId, 'by an administrator');
  }
}
