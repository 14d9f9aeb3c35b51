import { isLoopbackHost } from '../core/urls.ts';

/**
 * Where the browser goes after consent, as a person should read it. `text` is the host with its port (international
 * names in punycode, so that look-alikes stand out) or the scheme.
 */
export interface Destination {
  readonly kind: 'website' | 'this-computer' | 'installed-app';
  readonly text: string;
}

/**
 * Describes a redirect URI for the consent page.
 * @throws TypeError where it is not an absolute URL
 */
export function describeDestination(redirectUri: string): Destination {
  const url = new URL(redirectUri);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { kind: 'installed-app', text: url.protocol };
  return { kind: isLoopbackHost(url.hostname) ? 'this-computer' : 'website', text: url.host };
}
