import { OAuthError } from '../../core/errors.ts';
import { secretMatches } from '../../core/hash.ts';
import type { Admission, Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { parseClientMetadata, type RegisteredMetadata } from '../register/client-metadata.ts';
import { registrationResponse } from '../register/register.ts';
import { hasSecret } from '../token/client-authentication-method.ts';
import { mintSecret } from '../token/mint.ts';

// RFC 7592 §2.2: what the server alone says.
const serverMembers = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
];

export interface ChangedClient {
  readonly changed: Client;
  /** The client secret in the clear, where it is new or was sent. */
  readonly secret: string | undefined;
}

/**
 * What a client becomes by the metadata that it sends: all that it leaves out, it takes back, its software statement too.
 * @throws OAuthError `invalid_client_metadata`, `invalid_redirect_uri`, `invalid_software_statement` or
 *   `unapproved_software_statement`, as at registration
 * @see RFC 7592 §2.2
 */
export async function changedClient(client: Client, sent: unknown, provider: OAuthProvider): Promise<ChangedClient> {
  const sentSecret = checkIdentity(sent, client);
  const { metadata: stated, statement } = await provider.softwareStatements.apply(sent, client);
  const metadata = parseClientMetadata(stated, provider);
  const { secrets, secret } = secretsOf(client, metadata, provider);
  const { clientId, registeredBy, issuedAt, registrationTokenHash } = client;
  const changed: Client = {
    ...metadata,
    ...secrets,
    clientId,
    registeredBy,
    issuedAt,
    ...(registrationTokenHash === undefined ? {} : { registrationTokenHash }),
    ...(statement === undefined ? {} : { software: statement.record }),
  };
  const admission = statement?.admits === true ? vouchedNow(client) : admissionOf(client, changed, provider);
  return {
    changed: admission === undefined ? changed : { ...changed, admission },
    secret: secret ?? (changed.clientSecretHash === undefined ? undefined : sentSecret),
  };
}

/** @returns the client secret, where it was sent: it is the present one */
function checkIdentity(sent: unknown, client: Client): string | undefined {
  const members: Readonly<Record<string, unknown>> = typeof sent === 'object' && sent !== null ? { ...sent } : {};
  const own = serverMembers.find((name) => members[name] !== undefined && members[name] !== null);
  if (own !== undefined) throw invalid(`${own} is not the client's to say: leave it out`);
  if (members['client_id'] !== client.clientId)
    throw invalid('client_id must be there, and be that of the client whose registration this is');
  const secret = members['client_secret'] ?? undefined;
  if (secret === undefined) return undefined;
  const { clientSecretHash } = client;
  if (typeof secret !== 'string' || clientSecretHash === undefined || !secretMatches(secret, clientSecretHash))
    throw invalid('client_secret must be the present one, or be left out: a client cannot choose its secret');
  return secret;
}

/** A client keeps its secret; it gets one where its new method wants one, and loses it where that wants none. */
function secretsOf(client: Client, metadata: RegisteredMetadata, provider: OAuthProvider) {
  if (!hasSecret(metadata.tokenEndpointAuthMethod, provider)) return { secrets: {}, secret: undefined };
  const { clientSecretHash, clientSecretExpiresAt, previousSecret } = client;
  if (clientSecretHash !== undefined) {
    const secrets = {
      clientSecretHash,
      ...(clientSecretExpiresAt === undefined ? {} : { clientSecretExpiresAt }),
      ...(previousSecret === undefined ? {} : { previousSecret }),
    };
    return { secrets, secret: undefined };
  }
  const minted = mintSecret(provider.random);
  const lifetime = provider.settings.registration.clientSecretLifetime;
  const secrets = {
    clientSecretHash: minted.hash,
    ...(lifetime === undefined ? {} : { clientSecretExpiresAt: provider.clock.now() + lifetime }),
  };
  return { secrets, secret: minted.secret };
}

// Who was invited stays so, whatever is stated besides.
function vouchedNow({ admission }: Client): Admission {
  return admission === 'invited' ? 'invited' : 'vouched';
}

// What an administrator approved is what the client said then. An initial access token was given to whoever has it.
function admissionOf(before: Client, after: Client, provider: OAuthProvider): Admission | undefined {
  const { policy } = provider.settings.registration;
  // What let it in is gone, whatever else has stayed: else a statement that anybody has seen would let anything in.
  if (before.admission === 'vouched') {
    if (policy === 'token')
      throw new OAuthError(
        'unapproved_software_statement',
        'the client was let in by its software statement: send one that lets clients in with every update',
      );
    return policy === 'approval' ? 'pending' : undefined;
  }
  if (before.admission === 'invited' || said(before) === said(after)) return before.admission;
  return policy === 'approval' ? 'pending' : undefined;
}

function said(client: Client): string {
  return JSON.stringify(registrationResponse(client, undefined));
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description);
}
