import { isHostName } from '../../core/egress/host-rules.ts';
import type { OAuthError } from '../../core/errors.ts';
import { unusable } from './unusable.ts';

// The id is part of the keys of tables, together with others; PostgreSQL limits their sum.
const maximumLength = 512;

/** Whether a client id is meant as the URL of a metadata document. No id that is minted here looks like one. */
export function isDocumentUrl(clientId: string): boolean {
  return /^https?:/i.test(clientId);
}

/**
 * Reads a client id that is a URL, and holds it to one spelling: two ids that parsers take for the same must not be two clients.
 * @throws OAuthError `invalid_client`, saying what is wrong with it
 * @see draft-ietf-oauth-client-id-metadata-document §3
 */
export function parseDocumentUrl(clientId: string): URL {
  if (clientId.length > maximumLength) throw wrong(`must not be longer than ${maximumLength} characters`);
  if (!URL.canParse(clientId)) throw wrong('must be an absolute URL');
  const url = new URL(clientId);
  if (url.protocol !== 'https:') throw wrong('must use https');
  if (url.username !== '' || url.password !== '') throw wrong('must not contain a user name or password');
  if (clientId.includes('#')) throw wrong('must not have a fragment');
  if (clientId.includes('?')) throw wrong('must not have a query');
  if (url.pathname === '/') throw wrong('must have a path, such as https://app.example.com/client.json');
  if (url.href !== clientId || !(url.hostname.startsWith('[') || isHostName(url.hostname)))
    throw wrong('must be written in its normal form (lower-case host, no default port, no dot segments, ASCII only)');
  return url;
}

function wrong(what: string): OAuthError {
  return unusable(`a client_id that is a URL ${what}`);
}
