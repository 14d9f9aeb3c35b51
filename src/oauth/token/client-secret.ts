import { OAuthError } from '../../core/errors.ts';
import { hashSecret, secretMatches } from '../../core/hash.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { ClientAuthenticationMethod, PresentedCredentials } from './client-authentication-method.ts';

const fault = 'its client_secret is another';
const challenge = 'Basic realm="token endpoint"';

/** @see RFC 6749 §2.3.1 */
export const clientSecretBasic: ClientAuthenticationMethod = {
  name: 'client_secret_basic',
  credential: 'secret',
  fault,
  challenge,
  sentIn: { header: 'authorization' },
  read: (headers, params, provider) => {
    const basic = parseBasic(headers.get('authorization') ?? '');
    if (basic === undefined) throw refused('the Authorization header is not valid Basic credentials');
    const bodyId = params.get('client_id');
    if (bodyId !== undefined && bodyId !== basic.clientId)
      throw refused('client_id in the body differs from the Authorization header');
    return secretCredentials(basic.clientId, basic.secret, provider);
  },
};

/** @see RFC 6749 §2.3.1 */
export const clientSecretPost: ClientAuthenticationMethod = {
  name: 'client_secret_post',
  credential: 'secret',
  fault,
  sentIn: { parameters: ['client_secret'] },
  read: (_headers, params, provider) => {
    const clientId = params.get('client_id');
    if (clientId === undefined) throw new OAuthError('invalid_client', 'client_secret is there without client_id');
    return secretCredentials(clientId as ClientId, params.require('client_secret'), provider);
  },
};

// What nobody's secret hashes to is compared where there is no client: the same work, and never a match.
const nobodys = 'A'.repeat(43) as SecretHash;

function secretCredentials(clientId: ClientId, secret: string, provider: OAuthProvider): PresentedCredentials {
  return {
    clientId,
    familiar: hashSecret(secret),
    verify: async (client) => {
      const isPresent = secretMatches(secret, client?.clientSecretHash ?? nobodys);
      const isPrevious = secretMatches(secret, client?.previousSecret?.hash ?? nobodys);
      if (client === undefined || !(isPresent || isPrevious)) return 'wrong client secret';
      const expiresAt = isPresent ? client.clientSecretExpiresAt : client.previousSecret?.expiresAt;
      if (expiresAt !== undefined && expiresAt <= provider.clock.now()) throw expired(isPresent, client);
      return undefined;
    },
  };
}

function expired(isPresent: boolean, { registeredBy }: Client): OAuthError {
  if (!isPresent)
    return new OAuthError('invalid_client', 'this client secret was replaced, and its time beside the new one is over');
  return new OAuthError(
    'invalid_client',
    registeredBy === 'dynamic'
      ? 'the client secret has expired; register again'
      : 'the client secret has expired; ask the administrator for a new one',
  );
}

/**
 * Reads Basic credentials, each half form-urlencoded.
 * @see RFC 6749 §2.3.1, RFC 7617 §2
 */
export function parseBasic(authorization: string): { clientId: ClientId; secret: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization);
  if (match?.[1] === undefined) return undefined;
  const bytes = Buffer.from(match[1], 'base64');
  // RFC 4648 §3.5: only the canonical spelling.
  if (bytes.toString('base64') !== match[1]) return undefined;
  const decoded = bytes.toString('utf8');
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

// RFC 6749 §5.2: a client that tried the Authorization header is told the scheme to use.
function refused(description: string): OAuthError {
  return new OAuthError('invalid_client', description, { headers: { 'www-authenticate': challenge } });
}
