import type { ClientId } from '../../core/ids.ts';
import { randomId } from '../../core/random.ts';
import type { Client } from '../../core/records.ts';
import { parseClientMetadata } from '../../oauth/register/client-metadata.ts';
import { mintSecret } from '../../oauth/token/mint.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withNewPortcullis } from '../open.ts';
import { scopesFrom, uncheckedNote } from '../scopes.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { definitions, momentText } from '../text.ts';
import { clientJson } from './client-json.ts';

export const clientAdd = defineCommand({
  name: 'client add',
  summary: 'Register a client by hand.',
  details:
    'For clients that cannot register themselves, or where registration is off. Pages show such a client as verified. The secret of a confidential client is shown this once.',
  flags: {
    name: { value: 'NAME', description: 'Name of the client, as users see it.' },
    'redirect-uri': { value: 'URI', repeatable: true, description: 'Where browsers are sent back to; at least one.' },
    'require-pushed-requests': { description: 'The client may authorize only by requests that it pushed (RFC 9126).' },
    'require-dpop': { description: 'The client gets only tokens that are bound to a key of its own (RFC 9449).' },
    public: { description: 'A client on a user’s machine, without a secret (the default).' },
    confidential: { description: 'A client on a server, with a secret.' },
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
  ],
  async run({ flags, terminal }) {
    const { name, 'redirect-uri': redirectUris } = flags;
    if (name === undefined) throw new CommandError('usage', '--name is missing', 'see: portcullis client add --help');
    if (redirectUris === undefined)
      throw new CommandError('usage', '--redirect-uri is missing', 'see: portcullis client add --help');
    if (flags.public && flags.confidential)
      throw new CommandError('usage', 'a client is either --public or --confidential');
    const config = configFor(flags, terminal);
    return withNewPortcullis(config.portcullis, async (portcullis) => {
      const { client, secret } = clientFrom(
        {
          name,
          redirectUris,
          scopes: flags.scopes ?? [],
          kind: flags.confidential ? 'confidential' : 'public',
          requests: flags['require-pushed-requests'] ? 'pushed' : 'any',
          tokens: flags['require-dpop'] ? 'bound' : 'any',
        },
        portcullis,
      );
      await portcullis.services.clients.add(client);
      const { clientSecretExpiresAt } = client;
      const facts: [string, string][] = [
        ['client_id', client.clientId],
        ...(secret === undefined ? [] : ([['client_secret', secret]] as [string, string][])),
        ['redirect_uris', client.redirectUris.join(' ')],
        ['scope', client.scopes.join(' ')],
      ];
      const expiry =
        clientSecretExpiresAt === undefined ? '' : ` It is valid until ${momentText(clientSecretExpiresAt)} UTC.`;
      const unchecked = uncheckedNote(client.scopes, portcullis).replace(/^(?=.)/, '\n');
      const note = secret === undefined ? '' : `\nThe secret is not shown again: keep it now.${expiry}\n`;
      return {
        json: { client: clientJson(client, undefined), clientSecret: secret ?? null },
        text: `Client ${name} registered.\n\n${definitions(facts, terminal.columns)}${unchecked}${note}`,
      };
    });
  },
});

interface NewClient {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly kind: 'public' | 'confidential';
  readonly requests: 'any' | 'pushed';
  readonly tokens: 'any' | 'bound';
}

/** @throws OAuthError where the registration endpoint would refuse it too */
function clientFrom(
  { name, redirectUris, scopes, kind, requests, tokens }: NewClient,
  portcullis: Portcullis,
): { readonly client: Client; readonly secret: string | undefined } {
  const { clock, random, settings } = portcullis;
  const asked = scopesFrom(scopes, portcullis);
  if (asked.length === 0 && settings.registration.defaultScopes.length === 0) {
    throw new CommandError(
      'usage',
      'this configuration declares no scopes',
      'name those that the client may ask for: --scopes notes:read,notes:write',
    );
  }
  if (requests === 'pushed' && !portcullis.takesPushedRequests)
    throw new CommandError('usage', 'this configuration has no pushed requests', 'set pushedRequests.enabled to true');
  if (tokens === 'bound' && portcullis.senderConstraint === undefined)
    throw new CommandError('usage', 'this configuration has no DPoP', 'set dpop.enabled to true');
  const metadata = parseClientMetadata(
    {
      client_name: name,
      redirect_uris: redirectUris,
      require_pushed_authorization_requests: requests === 'pushed',
      dpop_bound_access_tokens: tokens === 'bound',
      token_endpoint_auth_method: kind === 'public' ? 'none' : 'client_secret_basic',
      ...(asked.length === 0 ? {} : { scope: asked.join(' ') }),
    },
    portcullis,
  );
  const now = clock.now();
  const minted = kind === 'public' ? undefined : mintSecret(random);
  const lifetime = settings.registration.clientSecretLifetime;
  const client: Client = {
    ...metadata,
    clientId: randomId(random) as ClientId,
    registeredBy: 'administrator',
    issuedAt: now,
    ...(minted === undefined ? {} : { clientSecretHash: minted.hash }),
    ...(minted === undefined || lifetime === undefined ? {} : { clientSecretExpiresAt: now + lifetime }),
  };
  return { client, secret: minted?.secret };
}
