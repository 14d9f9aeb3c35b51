import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/**
 * What a response says of how the client manages its registration.
 * @param token its registration access token in the clear
 * @see RFC 7592 §3
 */
export function managementMembers({ clientId }: Client, token: string, provider: OAuthProvider) {
  const url = new URL(provider.endpointUrl('manage'));
  url.searchParams.set('client_id', clientId);
  return { registration_client_uri: url.href, registration_access_token: token };
}
