import { hashSecret } from '../../src/core/hash.ts';
import type { ClientId } from '../../src/core/ids.ts';
import type { Client } from '../../src/core/records.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import type { OAuthProvider } from '../../src/provider.ts';

/** Adds the client as which an MCP server asks, as an administrator would; its secret is `secret of ID`. */
export async function addServer(
  provider: OAuthProvider,
  clientId: string,
  changes: Partial<Client> = {},
): Promise<void> {
  const client: Client = {
    clientId: clientId as ClientId,
    clientSecretHash: hashSecret(`secret of ${clientId}`),
    tokenEndpointAuthMethod: 'client_secret_post',
    redirectUris: [],
    grantTypes: [],
    responseTypes: [],
    scopes: [],
    registeredBy: 'administrator',
    issuedAt: provider.clock.now(),
    ...changes,
  };
  if (provider instanceof Portcullis) await provider.services.clients.add(client);
  else await provider.registerClient(client);
}
