import { publicJson } from '../../core/http.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';

// A new key must be known everywhere before it signs, and a removed one forgotten soon.
const cacheSeconds = 600;

/** The public halves of the signing keys, for providers whose access tokens are JWTs. */
export const jwks: OAuthCapability = {
  name: 'signing keys (JWKS)',
  specifications: ['RFC 7517 §5', 'RFC 8414 §2', 'RFC 9068 §4'],
  isEnabled: (provider) => provider.publicKeys !== undefined,
  routes: [{ path: (provider) => provider.settings.paths.jwks, methods: { GET: jwksEndpoint }, cors: 'any' }],
  serverMetadata: (provider) => ({ jwks_uri: provider.endpointUrl('jwks') }),
};

async function jwksEndpoint(_request: Request, provider: OAuthProvider): Promise<Response> {
  const keys = (await provider.publicKeys?.()) ?? [];
  return publicJson({ keys: keys.map(publicHalf) }, cacheSeconds);
}

// RFC 7518 §6: whatever a provider hands over by mistake, no private member leaves the server.
function publicHalf(jwk: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const privateMembers = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);
  return Object.fromEntries(Object.entries(jwk).filter(([member]) => !privateMembers.has(member)));
}
