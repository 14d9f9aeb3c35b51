import { type Client, hasDocument } from '../core/records.ts';
import type { ShownClient } from '../web/client-standing.ts';

/** A client as pages show it: what it calls itself, and who says so. */
export function shownClient(
  client: Pick<Client, 'clientId' | 'clientName' | 'registeredBy' | 'admission' | 'software'>,
): ShownClient {
  const { clientId, clientName, registeredBy, admission, software } = client;
  return {
    name: clientName,
    registeredBy,
    admission,
    vouchedBy: software?.issuer,
    documentHost: hasDocument(client) ? new URL(clientId).host : undefined,
  };
}
