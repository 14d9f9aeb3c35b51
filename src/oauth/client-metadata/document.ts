import { OAuthError } from '../../core/errors.ts';
import type { ClientId } from '../../core/ids.ts';
import type { Client } from '../../core/records.ts';
import { parseScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import { neverRegistered, parseClientMetadata, type RegisteredMetadata } from '../register/client-metadata.ts';
import { unusable } from './unusable.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a metadata document, in this order: JSON object → its `client_id` is the id it was found under, byte for byte →
 * required members → nothing that is secret → no software statement, where these are taken → the parser of registration, which drops what it does not know. A document is
 * written for every server: scopes and grant types of others are passed over.
 * @throws OAuthError `invalid_client`, naming the member that is wrong
 * @see draft-ietf-oauth-client-id-metadata-document §4.1
 */
export function parseMetadataDocument(text: string, clientId: string, provider: OAuthProvider): RegisteredMetadata {
  const document = readMetadataDocument(text);
  if (document['client_id'] !== clientId)
    throw wrong(`its client_id must be the URL it is found at, character by character: ${clientId}`);
  // Ignored, its values would not hold; and its host vouches for a document already.
  if (document['software_statement'] !== undefined && provider.softwareStatements.areTaken)
    throw wrong('its software_statement is not supported: leave it out, the host of the document vouches for it');
  try {
    // Whether it was fetched or brought in, and may therefore do less or more, is judged where its client does it.
    return parseClientMetadata(forThisServer(document, provider), provider, 'imported_document');
  } catch (error) {
    if (error instanceof OAuthError) throw wrong(error.description);
    throw error;
  }
}

/**
 * The members of a document, after the checks that need no provider.
 * @throws OAuthError `invalid_client`
 */
export function readMetadataDocument(text: string): Members & { readonly client_id: ClientId } {
  const document = objectOf(text);
  const { client_id: clientId, client_name: name } = document;
  if (typeof clientId !== 'string') throw wrong('it has no client_id');
  // MCP client registration, "Implementation Requirements".
  if (typeof name !== 'string') throw wrong('it has no client_name');
  if (!Array.isArray(document['redirect_uris'])) throw wrong('it has no redirect_uris');
  refuseSecrets(document);
  return { ...document, client_id: clientId as ClientId };
}

function objectOf(text: string): Members {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrong('it is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw wrong('it is not a JSON object');
  return parsed as Members;
}

const secretMembers = ['client_secret', 'client_secret_expires_at'];

// Everybody can read the document, so nothing in it can be a secret that two share.
function refuseSecrets(document: Members): void {
  const secret = secretMembers.find((name) => document[name] !== undefined);
  if (secret !== undefined) throw wrong(`it must not have ${secret}: everybody can read it`);
  const { token_endpoint_auth_method: method, jwks } = document;
  if (typeof method === 'string' && method.startsWith('client_secret'))
    throw wrong(
      `token_endpoint_auth_method '${method}' needs a secret, and everybody can read the document; use none or private_key_jwt`,
    );
  for (const key of keysIn(jwks)) {
    if (key['kty'] === 'oct' || 'k' in key)
      throw wrong('jwks has a symmetric key, and everybody can read the document');
    if ('d' in key) throw wrong('jwks has a private key, and everybody can read the document: replace that key');
  }
}

function keysIn(jwks: unknown): Members[] {
  if (typeof jwks !== 'object' || jwks === null || !('keys' in jwks) || !Array.isArray(jwks.keys)) return [];
  return jwks.keys.filter((key: unknown) => typeof key === 'object' && key !== null) as Members[];
}

function forThisServer(document: Members, provider: OAuthProvider): Members {
  const { grant_types: grants, scope, token_endpoint_auth_method: method } = document;
  return {
    ...document,
    token_endpoint_auth_method: method ?? ('none' satisfies Client['tokenEndpointAuthMethod']),
    grant_types: Array.isArray(grants) ? grants.filter((grant) => !neverRegistered.includes(grant as string)) : grants,
    scope: scopesOfThisServer(scope, provider),
  };
}

// Without a scope of this server's, all that clients may register for: whoever wrote the document does not know them.
function scopesOfThisServer(scope: unknown, { settings }: OAuthProvider): unknown {
  const { validScopes } = settings.registration;
  const names = typeof scope === 'string' ? parseScope(scope) : [];
  if (validScopes === undefined || names === undefined) return scope;
  const own = names.filter((name) => validScopes.includes(name));
  return (own.length > 0 ? own : validScopes).join(' ');
}

function wrong(what: string): OAuthError {
  return unusable(`the metadata document of the client cannot be used: ${what}`);
}
