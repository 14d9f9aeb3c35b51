import type { OAuthProvider } from '../../src/provider.ts';
import type { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { createTestClient, type Tokens, tokensOf } from '../../src/testing/test-client.ts';

/** Tokens that are bound to a key, of a provider that approves by itself. */
export async function obtainBoundTokens(provider: OAuthProvider, key: DpopTestKey, scope: string): Promise<Tokens> {
  const client = await createTestClient(provider);
  const prepared = client.prepareAuthorization({ scope, resource: provider.settings.resource });
  const response = await provider.handle(new Request(prepared.url));
  const code = client.receiveCode(prepared, new URL(response?.headers.get('location') ?? ''));
  const dpop = key.proof({ url: provider.endpointUrl('token'), now: provider.clock.now() });
  return tokensOf(await client.redeem(code, {}, { dpop }));
}
