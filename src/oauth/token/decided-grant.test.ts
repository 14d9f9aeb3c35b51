import { describe, expect, it } from 'vitest';
import type { ResourceUri, Subject } from '../../core/ids.ts';
import { Params } from '../../core/params.ts';
import type { ScopeDefinition } from '../../core/scopes.ts';
import { InMemoryProvider } from '../../in-memory/index.ts';
import { createTestClient } from '../../testing/test-client.ts';
import { AuthenticatedClient } from './client-authentication.ts';
import { DecidedGrant } from './decided-grant.ts';

async function start(scopes: Readonly<Record<string, ScopeDefinition>> = {}) {
  const options = { baseUrl: 'https://a.example', clientRegistration: { enabled: true } };
  const provider = new InMemoryProvider(options, { scopes });
  const registered = await createTestClient(provider);
  const params = Params.parse(`client_id=${registered.clientId}`);
  const client = await AuthenticatedClient.authenticate(new Headers(), params, provider, {});
  const decision = {
    subject: 'machine' as Subject,
    scopes: ['read'],
    resource: provider.settings.resource as ResourceUri,
    authenticatedAt: provider.clock.now(),
  };
  return { provider, client, decision };
}

describe('a grant that was decided on the spot', () => {
  it('gets one access token, alive at the resource, and no refresh token', async () => {
    const { provider, client, decision } = await start();
    const actor = { sub: 'another-server' };
    const decided = DecidedGrant.decide(client, { ...decision, acr: 'high', actor, keyThumbprint: 'jkt' }, provider);
    const tokens = await provider.issueAccessToken(client.client, decided);
    expect(tokens.toJSON()).toEqual({
      access_token: tokens.accessToken,
      token_type: 'DPoP',
      expires_in: 600,
      scope: 'read',
    });
    expect(await provider.verifyToken(tokens.accessToken)).toMatchObject({
      subject: 'machine',
      clientId: client.client.clientId,
      keyThumbprint: 'jkt',
      claims: { acr: 'high', act: actor, auth_time: Math.floor(decision.authenticatedAt / 1000) },
    });
  });

  it('of a machine client for itself says nothing of a sign-in, and opens nothing that wants a recent one [RFC9470-07]', async () => {
    const { provider, client, decision } = await start({
      wipe: { tools: ['wipe'], signIn: { maxAgeSeconds: 60 } },
    });
    const subject = client.client.clientId as string as Subject;
    const decided = DecidedGrant.decide(client, { ...decision, subject, scopes: ['wipe'] }, provider);
    const { accessToken } = await provider.issueAccessToken(client.client, decided);
    expect((await provider.verifyToken(accessToken))?.claims).not.toHaveProperty('auth_time');
    const request = new Request(provider.settings.resource, { headers: { authorization: `Bearer ${accessToken}` } });
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wipe' } };
    const { response } = await provider.authenticate(request, { body });
    expect(response?.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
  });

  it('never outlives what it was made from', async () => {
    const { provider, client, decision } = await start();
    const expiresBy = provider.clock.now() + 90_000;
    const tokens = await provider.issueAccessToken(
      client.client,
      DecidedGrant.decide(client, { ...decision, expiresBy }, provider),
    );
    expect(tokens.toJSON()['expires_in']).toBeLessThanOrEqual(90);
    expect((await provider.verifyToken(tokens.accessToken))?.expiresAt).toBe(expiresBy);
  });

  it('is made for an authenticated client only, and cannot be made up', async () => {
    const { provider, client, decision } = await start();
    const forgedClient = { client: client.client } as unknown as AuthenticatedClient;
    expect(() => DecidedGrant.decide(forgedClient, decision, provider)).toThrow('AuthenticatedClient');
    const forged = { grant: {}, scopes: ['admin'] } as unknown as DecidedGrant;
    await expect(provider.issueAccessToken(client.client, forged)).rejects.toThrow('only what a grant handler decided');
  });

  it('is not issued a token once its client is gone', async () => {
    const { provider, client, decision } = await start();
    const decided = DecidedGrant.decide(client, decision, provider);
    (provider as unknown as { store: { clients: Map<string, unknown> } }).store.clients.clear();
    await expect(provider.issueAccessToken(client.client, decided)).rejects.toThrow('invalid_grant');
  });
});
