import type { ClientId } from '../../src/core/ids.ts';
import { randomId } from '../../src/core/random.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { mintSecret } from '../../src/oauth/token/mint.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import type { OAuthProvider } from '../../src/provider.ts';

const week = 7 * 86_400_000;

/** An initial access token for so many clients, as an administrator would make one. */
export async function invitation(provider: OAuthProvider, uses = 1): Promise<string> {
  if (provider instanceof InMemoryProvider) return provider.addRegistrationToken(uses);
  if (!(provider instanceof Portcullis)) throw new Error('no way to invite clients of this provider');
  const { secret, hash } = mintSecret(provider.random);
  const now = provider.clock.now();
  await provider.services.registrationTokens.add(
    { tokenId: randomId(provider.random), usesLeft: uses, createdAt: now, expiresAt: now + week },
    hash,
  );
  return secret;
}

/** Approves a client that waits, as an administrator would. Resolves to whether it waited. */
export function approveClient(provider: OAuthProvider, clientId: string): Promise<boolean> {
  if (provider instanceof InMemoryProvider) return provider.approveClient(clientId as ClientId);
  if (!(provider instanceof Portcullis)) throw new Error('no way to approve clients of this provider');
  return provider.services.clients.approve(clientId as ClientId);
}
