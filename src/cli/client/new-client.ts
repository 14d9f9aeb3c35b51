import type { ClientId } from '../../core/ids.ts';
import { randomId } from '../../core/random.ts';
import type { Client } from '../../core/records.ts';
import { machineClient } from '../../oauth/client-credentials/machine-client.ts';
import { identityAssertionGrant } from '../../oauth/identity-assertion/grant.ts';
import { parseClientMetadata } from '../../oauth/register/client-metadata.ts';
import { hasSecret } from '../../oauth/token/client-authentication-method.ts';
import { deviceCodeGrant, takesDevices } from '../../oauth/token/device-clients.ts';
import { mintSecret } from '../../oauth/token/mint.ts';
import { tokenExchangeGrant } from '../../oauth/token-exchange/exchange.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { CommandError } from '../failures.ts';
import { scopesFrom } from '../scopes.ts';
import type { Terminal } from '../terminal.ts';
import { clientKeys, keyMetadata } from './keys-file.ts';

/** What was typed of a client that is to be added. */
export interface NewClientFlags {
  readonly name?: string | undefined;
  readonly 'redirect-uri'?: readonly string[] | undefined;
  readonly 'require-pushed-requests'?: true | undefined;
  readonly 'require-dpop'?: true | undefined;
  readonly machine?: true | undefined;
  readonly enterprise?: true | undefined;
  readonly server?: true | undefined;
  readonly device?: true | undefined;
  readonly public?: true | undefined;
  readonly confidential?: true | undefined;
  readonly 'secret-in-body'?: true | undefined;
  readonly jwks?: string | undefined;
  readonly 'jwks-uri'?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** A client with its secret, in the clear this once, where it has one. */
export interface NewClient {
  readonly client: Client;
  readonly secret?: string;
}

const seeHelp = 'see: portcullis client add --help';

/** @throws CommandError where flags are missing or contradict each other */
export function checkFlags(flags: NewClientFlags): void {
  const hasKeys = flags.jwks !== undefined || flags['jwks-uri'] !== undefined;
  if (flags.name === undefined) throw new CommandError('usage', '--name is missing', seeHelp);
  if (
    flags.public &&
    (flags.confidential || !asksUsersHere(flags) || flags.enterprise || hasKeys || flags['secret-in-body'])
  )
    throw new CommandError('usage', 'a client is either --public or --confidential', seeHelp);
  if (hasKeys && flags['secret-in-body'])
    throw new CommandError('usage', 'a client with keys of its own has no secret to send', seeHelp);
  if (flags.machine && flags.enterprise)
    throw new CommandError('usage', 'a client acts either for itself (--machine) or for users (--enterprise)', seeHelp);
  if (flags.machine && flags.device)
    throw new CommandError('usage', 'a --machine client has no user who could allow a --device', seeHelp);
  if (
    flags.server &&
    (flags.machine || flags.enterprise || flags.device || flags['redirect-uri'] !== undefined || flags.scopes)
  )
    throw new CommandError(
      'usage',
      'a --server asks what tokens are, and exchanges them: it has nothing else',
      seeHelp,
    );
  if (!flags.machine && !flags.enterprise && !flags.server && !flags.device && flags['redirect-uri'] === undefined)
    throw new CommandError('usage', '--redirect-uri is missing', seeHelp);
  if (flags.machine && (flags['redirect-uri'] !== undefined || flags['require-pushed-requests']))
    throw new CommandError('usage', 'a --machine client sends no browser anywhere', seeHelp);
  if (!asksUsersHere(flags) && !flags.server && flags.scopes === undefined)
    throw new CommandError('usage', '--scopes is missing: all that the client may ever do', seeHelp);
}

// One that presents what an identity provider asserts may let users sign in here as well.
function asksUsersHere(flags: NewClientFlags): boolean {
  if (flags.machine || flags.server) return false;
  return !flags.enterprise || flags.device === true || flags['redirect-uri'] !== undefined;
}

/** @throws OAuthError or CommandError where it cannot be such a client */
export function newClient(flags: NewClientFlags, portcullis: Portcullis, terminal: Terminal): NewClient {
  const scopes = scopesFrom(flags.scopes ?? [], portcullis);
  if (flags['require-dpop'] && portcullis.senderConstraint === undefined)
    throw new CommandError('usage', 'this configuration has no DPoP', 'set dpop.enabled to true');
  if (flags.enterprise && !portcullis.grantHandlers.has(identityAssertionGrant))
    throw new CommandError(
      'usage',
      'this configuration trusts no identity provider',
      'list one in identityAssertions.issuers',
    );
  return asksUsersHere(flags)
    ? newApp(flags, scopes, portcullis, terminal)
    : newMachine(flags, scopes, portcullis, terminal);
}

function newMachine(flags: NewClientFlags, scopes: readonly string[], portcullis: Portcullis, terminal: Terminal) {
  if (scopes.length === 0 && !flags.server) throw new CommandError('usage', '--scopes names none', seeHelp);
  if (!/^[^\p{Cc}\ufffd]{1,200}$/u.test(flags.name ?? ''))
    throw new CommandError('usage', '--name must be 1 to 200 characters, without control characters');
  const hasKeys = flags.jwks !== undefined || flags['jwks-uri'] !== undefined;
  const secret = flags['secret-in-body'] ? 'client_secret_post' : 'client_secret_basic';
  const credentials = hasKeys ? clientKeys(flags, portcullis, terminal) : secret;
  const tokens = flags['require-dpop'] ? 'bound' : 'any';
  return machineClient({ clientName: flags.name ?? '', scopes, credentials, tokens, ...grantsOf(flags) }, portcullis);
}

function grantsOf({ enterprise, server }: NewClientFlags): { readonly grantTypes?: readonly string[] } {
  if (server) return { grantTypes: [tokenExchangeGrant] };
  return enterprise ? { grantTypes: [identityAssertionGrant] } : {};
}

function newApp(
  flags: NewClientFlags,
  scopes: readonly string[],
  portcullis: Portcullis,
  terminal: Terminal,
): NewClient {
  const { clock, random, settings } = portcullis;
  if (scopes.length === 0 && settings.registration.defaultScopes.length === 0) {
    throw new CommandError(
      'usage',
      'this configuration declares no scopes',
      'name those that the client may ask for: --scopes notes:read,notes:write',
    );
  }
  if (flags['require-pushed-requests'] && !portcullis.takesPushedRequests)
    throw new CommandError('usage', 'this configuration has no pushed requests', 'set pushedRequests.enabled to true');
  if (flags.device && !takesDevices(portcullis))
    throw new CommandError(
      'usage',
      'this configuration has no device authorization',
      'set deviceAuthorization.enabled to true',
    );
  const redirectUris = flags['redirect-uri'];
  if (redirectUris === undefined && flags['require-pushed-requests'])
    throw new CommandError('usage', 'a client without --redirect-uri pushes no requests', seeHelp);
  const metadata = parseClientMetadata(
    {
      client_name: flags.name,
      redirect_uris: redirectUris ?? [noRedirect],
      grant_types: ['authorization_code', 'refresh_token', ...(flags.device ? [deviceCodeGrant] : [])],
      require_pushed_authorization_requests: flags['require-pushed-requests'] === true,
      dpop_bound_access_tokens: flags['require-dpop'] === true,
      token_endpoint_auth_method: methodOf(flags),
      ...keyMetadata(flags, terminal),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    },
    portcullis,
    'administrator',
  );
  const grantTypes = [...metadata.grantTypes, ...(flags.enterprise ? [identityAssertionGrant] : [])];
  const now = clock.now();
  const minted = hasSecret(metadata.tokenEndpointAuthMethod, portcullis) ? mintSecret(random) : undefined;
  const lifetime = settings.registration.clientSecretLifetime;
  const client: Client = {
    ...metadata,
    grantTypes,
    ...(redirectUris === undefined ? withoutRedirects(grantTypes) : {}),
    clientId: randomId(random) as ClientId,
    registeredBy: 'administrator',
    issuedAt: now,
    ...(minted === undefined ? {} : { clientSecretHash: minted.hash }),
    ...(minted === undefined || lifetime === undefined ? {} : { clientSecretExpiresAt: now + lifetime }),
  };
  return { client, ...(minted === undefined ? {} : { secret: minted.secret }) };
}

/** Stands in for the redirect URI that a client for devices alone does not have: all else of it is checked as of others. */
const noRedirect = 'http://127.0.0.1/';

function withoutRedirects(grantTypes: readonly string[]) {
  return {
    redirectUris: [],
    responseTypes: [],
    grantTypes: grantTypes.filter((grant) => grant !== 'authorization_code'),
  };
}

function methodOf(flags: NewClientFlags): Client['tokenEndpointAuthMethod'] {
  if (flags.jwks !== undefined || flags['jwks-uri'] !== undefined) return 'private_key_jwt';
  if (flags['secret-in-body']) return 'client_secret_post';
  return flags.confidential || flags.enterprise ? 'client_secret_basic' : 'none';
}
