import type { Client } from '../../core/records.ts';
import { clientCredentialsGrant } from '../../oauth/client-credentials/grant.ts';
import type { ImportedDocument } from '../../oauth/client-metadata/imported-documents.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentJson, momentText, table } from '../text.ts';
import { clientJson } from './client-json.ts';

const registered = {
  open: 'by itself',
  pending: 'waits for approval',
  approved: 'approved',
  invited: 'with a token',
  vouched: 'by a statement',
};

export const clientList = defineCommand({
  name: 'client list',
  summary: 'List the clients, and where they come from.',
  flags: { pending: { description: 'Only those that an administrator has to approve.' }, ...dataFlags },
  async run({ flags, terminal }) {
    const config = configFor(flags, terminal);
    const stored = await withPortcullis(config, async ({ services }) => ({
      clients: await services.clients.list(),
      documents: await services.importedDocuments.list(),
    }));
    const clients = flags.pending
      ? stored.clients.filter(({ client }) => client.admission === 'pending')
      : stored.clients;
    const documents = flags.pending ? [] : stored.documents;
    const known = new Set(clients.map(({ client }) => client.clientId));
    const waiting = documents.filter(({ clientId }) => !known.has(clientId));
    const rows = clients.map(({ client, lastUsedAt }) => [
      client.clientId,
      displayText(client.clientName, '(no name)'),
      kindOf(client),
      originOf(client),
      momentText(client.issuedAt),
      momentText(lastUsedAt),
    ]);
    const waitingRows = waiting.map((document) => [
      document.clientId,
      displayText(nameIn(document), '(no name)'),
      '',
      bundleText(document),
      momentText(document.importedAt),
      momentText(undefined),
    ]);
    const all = [...rows, ...waitingRows];
    return {
      json: {
        clients: clients.map(({ client, lastUsedAt }) => clientJson(client, lastUsedAt)),
        importedDocuments: documents.map(documentJson),
      },
      text:
        all.length === 0
          ? flags.pending
            ? 'No client waits for approval.\n'
            : 'No client has registered yet.\n'
          : table(['CLIENT ID', 'NAME', 'KIND', 'REGISTERED', 'SINCE (UTC)', 'LAST USED (UTC)'], all, terminal.style),
    };
  },
});

function kindOf({ tokenEndpointAuthMethod, grantTypes }: Client): string {
  if (tokenEndpointAuthMethod === 'none') return 'public';
  return grantTypes.includes(clientCredentialsGrant) ? 'machine' : 'confidential';
}

function originOf({ registeredBy, admission }: Client): string {
  switch (registeredBy) {
    case 'administrator':
      return 'by hand';
    case 'dynamic':
      return registered[admission ?? 'open'];
    case 'metadata_document':
      return 'by its document';
    case 'imported_document':
      return 'by import';
  }
}

function nameIn({ text }: ImportedDocument): string | undefined {
  const { client_name: name } = JSON.parse(text) as { client_name?: unknown };
  return typeof name === 'string' ? name : undefined;
}

function bundleText({ bundle }: ImportedDocument): string {
  return bundle === undefined ? 'by import' : `by import (${bundle})`;
}

function documentJson({ clientId, bundle, importedAt, expiresAt }: ImportedDocument): Record<string, unknown> {
  return { clientId, bundle: bundle ?? null, importedAt: momentJson(importedAt), expiresAt: momentJson(expiresAt) };
}
