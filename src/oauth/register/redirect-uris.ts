import { OAuthError } from '../../core/errors.ts';
import type { ApplicationType } from '../../core/records.ts';
import { isLoopbackHost } from '../../core/urls.ts';

/** Most redirect URIs that one client may register. */
export const maximumRedirectUris = 20;
const maximumLength = 2048;

// RFC 6749 §4.1.2, §4.1.2.1 and RFC 9207 §2: what this server appends must not be there twice.
const responseParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'];

// URL parsers decode percent signs in hosts and repair missing slashes; whoever is shown the URI must see what they make of it.
const plainAuthority = /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?([/?]|$)/;

/** Private-use schemes of well-known MCP clients that, against RFC 8252 §7.1, are not reverse domain names. */
export const knownAppSchemes: readonly string[] = [
  'cursor',
  'vscode',
  'vscode-insiders',
  'windsurf',
  'zed',
  'claude',
  'warp',
  'raycast',
  'goose',
];

/**
 * Checks redirect URIs for registration: https anywhere, http on loopback only, private-use schemes by allow-list or
 * reverse domain name; never a fragment, wildcard, credentials, or anything a browser and this server might read
 * differently.
 * @param appSchemes further private-use schemes to allow, without the colon
 * @throws OAuthError `invalid_redirect_uri`
 * @see RFC 7591 §5, RFC 8252 §7, RFC 9700 §4.1.3
 */
export function checkRedirectUris(
  uris: readonly string[],
  applicationType: ApplicationType | undefined,
  appSchemes: readonly string[],
): void {
  if (uris.length > maximumRedirectUris) throw refused(`more than ${maximumRedirectUris} redirect URIs`);
  for (const uri of uris) checkRedirectUri(uri, applicationType, appSchemes);
}

function checkRedirectUri(
  uri: string,
  applicationType: ApplicationType | undefined,
  appSchemes: readonly string[],
): void {
  const shown = `redirect URI '${uri.replace(/[^\x21-\x7e]/g, '?').slice(0, 200)}'`;
  if (uri.length > maximumLength) throw refused(`${shown} is longer than ${maximumLength} characters`);
  if (!/^[\x21-\x7e]+$/.test(uri))
    throw refused(`${shown} contains white space, control or non-ASCII characters; percent-encode them`);
  if (/[\\*<>"{}|^`]/.test(uri))
    throw refused(`${shown} contains a character that redirect URIs must not have (no wildcards, no back-slashes)`);
  if (uri.includes('#')) throw refused(`${shown} has a fragment`);
  if (!URL.canParse(uri)) throw refused(`${shown} is not an absolute URI`);
  const url = new URL(uri);
  if (url.username !== '' || url.password !== '' || /^[^/?]*:\/\/[^/?]*@/.test(uri))
    throw refused(`${shown} contains a user name or password`);
  if (/\/(\.|%2e){1,2}(\/|\?|$)/i.test(uri)) throw refused(`${shown} contains dot segments`);
  for (const name of responseParameters) {
    if (url.searchParams.has(name)) throw refused(`${shown} already has the response parameter '${name}' in its query`);
  }
  const web = url.protocol === 'http:' || url.protocol === 'https:';
  if (web && !plainAuthority.test(uri))
    throw refused(
      `${shown} must have its scheme in lower case, two slashes, and a host in plain letters, digits and periods`,
    );
  if (url.protocol === 'https:') {
    if (applicationType === 'web' && isLoopbackHost(url.hostname))
      throw refused(`${shown} is a loopback address, which application_type web must not use`);
    return;
  }
  if (applicationType === 'web') throw refused(`${shown} must use https for application_type web`);
  if (url.protocol === 'http:') {
    if (!isLoopbackHost(url.hostname))
      throw refused(`${shown} uses http, which is allowed for localhost, 127.0.0.1 and [::1] only`);
    return;
  }
  const scheme = uri.slice(0, uri.indexOf(':'));
  if (!isAppScheme(scheme, appSchemes)) {
    throw refused(
      `${shown}: scheme '${scheme}' is not allowed; use https, http on loopback, or a reverse domain name such as com.example.app`,
    );
  }
}

// RFC 8252 §7.1: private-use schemes are reverse domain names. An allow-list, so that javascript:, data:, file: and what is invented next stay out.
function isAppScheme(scheme: string, appSchemes: readonly string[]): boolean {
  return (
    /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/.test(scheme) || knownAppSchemes.includes(scheme) || appSchemes.includes(scheme)
  );
}

function refused(description: string): OAuthError {
  return new OAuthError('invalid_redirect_uri', description);
}
