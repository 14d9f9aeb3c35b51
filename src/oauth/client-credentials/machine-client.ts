import type { ClientId } from '../../core/ids.ts';
import { randomId } from '../../core/random.ts';
import type { Client, ClientKeys } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { mintSecret } from '../token/mint.ts';
import { clientCredentialsGrant } from './grant.ts';

/** A client without a browser to be made; every member has been checked. */
export interface NewMachineClient {
  readonly clientName: string;
  /** All that it may ever have. */
  readonly scopes: readonly string[];
  /** Its public keys, or how it sends the secret that is minted for it. */
  readonly credentials: ClientKeys | 'client_secret_basic' | 'client_secret_post';
  /** How it comes by tokens. Default: for itself, by `client_credentials`. */
  readonly grantTypes?: readonly string[];
  /** `bound`: it gets only tokens that are bound to a key of its own (RFC 9449 §5.2). Default: `any`. */
  readonly tokens?: 'any' | 'bound';
}

/**
 * The record of a new client that acts for itself, or by what others assert: it redirects nobody, so it has neither redirect URIs nor refresh tokens.
 * @returns the record to store, and the secret where one was minted, in the clear this once
 */
export function machineClient(
  { clientName, scopes, credentials, grantTypes = [clientCredentialsGrant], tokens = 'any' }: NewMachineClient,
  { clock, random, settings }: OAuthProvider,
): { readonly client: Client; readonly secret?: string } {
  const now = clock.now();
  const common = {
    clientId: randomId(random) as ClientId,
    clientName,
    scopes,
    redirectUris: [],
    responseTypes: [],
    grantTypes,
    registeredBy: 'administrator',
    issuedAt: now,
    ...(tokens === 'bound' ? { dpopBoundAccessTokens: true } : {}),
  } as const;
  if (typeof credentials !== 'string')
    return { client: { ...common, ...credentials, tokenEndpointAuthMethod: 'private_key_jwt' } };
  const { secret, hash } = mintSecret(random);
  const lifetime = settings.registration.clientSecretLifetime;
  return {
    secret,
    client: {
      ...common,
      tokenEndpointAuthMethod: credentials,
      clientSecretHash: hash,
      ...(lifetime === undefined ? {} : { clientSecretExpiresAt: now + lifetime }),
    },
  };
}
