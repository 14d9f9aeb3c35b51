import { defineCommand } from '../command.ts';
import { withNewPortcullis } from '../open.ts';
import { uncheckedNote } from '../scopes.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { definitions, momentText } from '../text.ts';
import { clientJson } from './client-json.ts';
import { keyFlags } from './keys-file.ts';
import { checkFlags, newClient } from './new-client.ts';

export const clientAdd = defineCommand({
  name: 'client add',
  summary: 'Register a client by hand.',
  details:
    'For clients that cannot register themselves, or where registration is off. Pages show such a client as verified. The secret of a confidential client is shown this once. A machine client acts for itself, without any user: its scopes are all that it may ever do.',
  flags: {
    name: { value: 'NAME', description: 'Name of the client, as users see it.' },
    'redirect-uri': { value: 'URI', repeatable: true, description: 'Where browsers are sent back to; at least one.' },
    machine: { description: 'A client that acts for itself (client_credentials): confidential, with no redirect URI.' },
    enterprise: {
      description: 'A client that presents what an identity provider asserts of its users (ID-JAG): confidential.',
    },
    server: {
      description:
        'An MCP server elsewhere: it asks what tokens are (introspectors), and exchanges them (tokenExchange.paths).',
    },
    device: {
      description:
        'A client on devices without a browser (RFC 8628); with --redirect-uri, one that may authorize in either way.',
    },
    'require-pushed-requests': { description: 'The client may authorize only by requests that it pushed (RFC 9126).' },
    'require-dpop': { description: 'The client gets only tokens that are bound to a key of its own (RFC 9449).' },
    public: { description: 'A client on a user’s machine, without a secret (the default).' },
    confidential: { description: 'A client on a server, with a secret.' },
    'secret-in-body': { description: 'Confidential, and sends its secret in the body (client_secret_post).' },
    ...keyFlags,
    scopes: {
      value: 'SCOPES',
      repeatable: true,
      description: 'Scopes that the client may ask for (default: all that clients may register for).',
    },
    ...dataFlags,
  },
  examples: [
    'portcullis client add --name "Team assistant" --redirect-uri https://assistant.example.com/callback --confidential',
    'portcullis client add --name Editor --redirect-uri http://127.0.0.1/callback --scopes notes:read',
    'portcullis client add --enterprise --name "Team assistant" --scopes notes:read',
    'portcullis client add --device --name "Workshop terminal" --scopes notes:read',
    'portcullis client add --machine --name "Nightly report" --scopes notes:read --jwks report.jwks.json',
  ],
  async run({ flags, terminal }) {
    checkFlags(flags);
    const config = configFor(flags, terminal);
    return withNewPortcullis(config.portcullis, async (portcullis) => {
      const { client, secret } = newClient(flags, portcullis, terminal);
      await portcullis.services.clients.add(client);
      const { clientSecretExpiresAt } = client;
      const facts: [string, string][] = [
        ['client_id', client.clientId],
        ...(secret === undefined ? [] : ([['client_secret', secret]] as [string, string][])),
        ...(client.redirectUris.length === 0
          ? []
          : ([['redirect_uris', client.redirectUris.join(' ')]] as [string, string][])),
        ...(client.scopes.length === 0 ? [] : ([['scope', client.scopes.join(' ')]] as [string, string][])),
      ];
      const expiry =
        clientSecretExpiresAt === undefined ? '' : ` It is valid until ${momentText(clientSecretExpiresAt)} UTC.`;
      const unchecked = uncheckedNote(client.scopes, portcullis).replace(/^(?=.)/, '\n');
      const note = secret === undefined ? '' : `\nThe secret is not shown again: keep it now.${expiry}\n`;
      return {
        json: { client: clientJson(client, undefined), clientSecret: secret ?? null },
        text: `Client ${client.clientName ?? client.clientId} registered.\n\n${definitions(facts, terminal.columns)}${unchecked}${note}`,
      };
    });
  },
});
