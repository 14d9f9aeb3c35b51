import { OAuthError } from '../../core/errors.ts';
import { secretMatches } from '../../core/hash.ts';
import type { ClientId } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import type { Client, TokenEndpointAuthMethod } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/** Parameters that authenticate a client, and are part of no request beside that. */
export const credentialParameters: readonly string[] = ['client_secret', 'client_assertion', 'client_assertion_type'];

/** Proof that a request came from this client: it presented its secret, or is public and has none. */
export class AuthenticatedClient {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Authenticates the client of a token or revocation request, in this order:
   * credentials from the header or the body, never both → client known → its registered method → secret → expiry.
   * @throws OAuthError `invalid_client` (401), with a `WWW-Authenticate: Basic` challenge where Basic was tried
   * @see RFC 6749 §2.3
   */
  static async authenticate(headers: Headers, params: Params, provider: OAuthProvider): Promise<AuthenticatedClient> {
    const presented = presentedCredentials(headers, params);
    const client = await provider.getClient(presented.clientId);
    if (client === undefined) throw refused('the client is not registered', presented.method);
    if (client.tokenEndpointAuthMethod !== presented.method) {
      throw refused(
        `the client is registered for ${client.tokenEndpointAuthMethod}, and ${presented.method} was used`,
        presented.method,
      );
    }
    if (presented.method !== 'none') {
      const stored = client.clientSecretHash;
      if (stored === undefined || presented.secret === undefined || !secretMatches(presented.secret, stored)) {
        provider.report({
          name: 'client.authentication_failed',
          clientId: client.clientId,
          reason: 'wrong client secret',
        });
        throw refused('the client secret is wrong', presented.method);
      }
      if (client.clientSecretExpiresAt !== undefined && client.clientSecretExpiresAt <= provider.clock.now()) {
        throw refused('the client secret has expired; register again', presented.method);
      }
    }
    return new AuthenticatedClient(client);
  }

  /** @throws TypeError for anything that `authenticate` did not make */
  static assert(value: AuthenticatedClient): void {
    if (!(#client in value)) throw new TypeError('not an AuthenticatedClient');
  }

  get client(): Client {
    return this.#client;
  }
}

interface PresentedCredentials {
  readonly clientId: ClientId;
  readonly method: TokenEndpointAuthMethod;
  readonly secret?: string;
}

function presentedCredentials(headers: Headers, params: Params): PresentedCredentials {
  const authorization = headers.get('authorization');
  const bodyId = params.get('client_id');
  const bodySecret = params.get('client_secret');
  if (authorization !== null) {
    const basic = parseBasic(authorization);
    if (basic === undefined)
      throw refused('the Authorization header is not valid Basic credentials', 'client_secret_basic');
    // RFC 6749 §2.3: a client MUST NOT use more than one authentication method in a request.
    if (bodySecret !== undefined)
      throw new OAuthError('invalid_request', 'credentials are in both the Authorization header and the body');
    if (bodyId !== undefined && bodyId !== basic.clientId) {
      throw refused('client_id in the body differs from the Authorization header', 'client_secret_basic');
    }
    return { clientId: basic.clientId, method: 'client_secret_basic', secret: basic.secret };
  }
  if (bodyId === undefined) throw refused('no client authentication: send client_id, or Basic credentials', 'none');
  return bodySecret === undefined
    ? { clientId: bodyId as ClientId, method: 'none' }
    : { clientId: bodyId as ClientId, method: 'client_secret_post', secret: bodySecret };
}

/**
 * Reads Basic credentials, each half form-urlencoded.
 * @see RFC 6749 §2.3.1, RFC 7617 §2
 */
export function parseBasic(authorization: string): { clientId: ClientId; secret: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization);
  if (match?.[1] === undefined) return undefined;
  const decoded = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 1) return undefined;
  const clientId = formDecode(decoded.slice(0, colon));
  const secret = formDecode(decoded.slice(colon + 1));
  return clientId === undefined || secret === undefined ? undefined : { clientId: clientId as ClientId, secret };
}

// Held to what `Params` allows in a form body, so that no store is asked for an id that it cannot hold.
function formDecode(value: string): string | undefined {
  try {
    const text = decodeURIComponent(value.replaceAll('+', ' '));
    return /[\p{Cc}\ufffd]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function refused(description: string, method: TokenEndpointAuthMethod): OAuthError {
  // RFC 6749 §5.2: a client that tried the Authorization header is told the scheme to use.
  return method === 'client_secret_basic'
    ? new OAuthError('invalid_client', description, { headers: { 'www-authenticate': 'Basic realm="token endpoint"' } })
    : new OAuthError('invalid_client', description);
}
