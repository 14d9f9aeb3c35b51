import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/clock.ts';
import { OAuthError } from '../core/errors.ts';
import type { SecurityEvent } from '../core/events.ts';
import { ConfigurationError } from '../core/urls.ts';
import {
  createTestClient,
  type ReceivedCode,
  sendTo,
  TestBrowser,
  type TestClient,
  tokensOf,
} from '../testing/index.ts';
import { InMemoryProvider, type InMemoryProviderOptions, maximumRetries } from './index.ts';

const baseUrl = 'https://mcp.example.com';
const minute = 60_000;

function open(options: Partial<InMemoryProviderOptions> = {}) {
  const clock = new ManualClock();
  const events: SecurityEvent[] = [];
  const provider = new TestedProvider(
    { baseUrl, clientRegistration: { enabled: true, validScopes: ['read', 'write'] }, ...options },
    { clock, onEvent: (event) => events.push(event) },
  );
  return { provider, clock, events };
}

class TestedProvider extends InMemoryProvider {
  get sizes(): Record<string, number> {
    const { clients, grants, codes, refreshTokens, accessTokens } = this.store;
    return {
      clients: clients.size,
      grants: grants.size,
      codes: codes.size,
      refreshTokens: refreshTokens.size,
      accessTokens: accessTokens.size,
    };
  }
}

async function authorize(provider: InMemoryProvider, client: TestClient): Promise<ReceivedCode> {
  const prepared = client.prepareAuthorization();
  const arrived = await new TestBrowser(sendTo(provider), baseUrl).visit(prepared.url);
  if (!(arrived instanceof URL)) throw new Error(arrived.html);
  return client.receiveCode(prepared, arrived);
}

async function connect(provider: InMemoryProvider) {
  const client = await createTestClient(provider);
  return { client, tokens: tokensOf(await client.redeem(await authorize(provider, client))) };
}

describe('InMemoryProvider', () => {
  it('approves everything at once as demo-user', async () => {
    const { provider, clock } = open();
    const { tokens } = await connect(provider);
    expect(await provider.verifyToken(tokens.accessToken)).toMatchObject({
      subject: 'demo-user',
      scopes: ['read', 'write'],
      issuedAt: clock.now(),
    });
  });

  it('approves what it is told to: as whom, for which of the scopes, and with which facts', async () => {
    const { provider } = open({
      approve: (client, request) => ({
        subject: `user of ${client.clientName}`,
        scopes: ['read', 'admin'],
        claims: { asked: request.scopes },
      }),
    });
    const { client, tokens } = await connect(provider);
    const approved = { subject: 'user of Test client', scopes: ['read'], claims: { asked: ['read', 'write'] } };
    expect(await provider.verifyToken(tokens.accessToken)).toMatchObject(approved);
    const next = tokensOf(await client.refresh(tokens.refreshToken));
    expect(await provider.verifyToken(next.accessToken)).toMatchObject(approved);
  });

  it('sends a refusal to the client', async () => {
    const { provider } = open({
      approve: () => {
        throw new OAuthError('access_denied', 'no');
      },
    });
    const client = await createTestClient(provider);
    const arrived = await new TestBrowser(sendTo(provider), baseUrl).visit(client.prepareAuthorization().url);
    expect(arrived instanceof URL && arrived.searchParams.get('error')).toBe('access_denied');
  });

  it('answers eight retries of the previous refresh token, refuses the ninth, and keeps the family', async () => {
    const { provider, events } = open();
    const { client, tokens } = await connect(provider);
    const next = tokensOf(await client.refresh(tokens.refreshToken));
    const answers = [];
    for (let attempt = 0; attempt <= maximumRetries; attempt += 1)
      answers.push((await client.refresh(tokens.refreshToken)).status);
    expect(answers).toEqual([...Array<number>(8).fill(200), 400]);
    expect(events.some(({ name }) => name === 'grant.revoked')).toBe(false);
    const last = tokensOf(await client.refresh(next.refreshToken));
    // A new generation may be retried anew.
    expect((await client.refresh(next.refreshToken)).status).toBe(200);
    expect((await client.refresh(last.refreshToken)).status).toBe(200);
  });

  it('reports what becomes of a grant', async () => {
    const { provider, events } = open();
    const { client, tokens } = await connect(provider);
    await client.refresh(tokens.refreshToken);
    await client.refresh(tokens.refreshToken);
    await client.revoke(tokens.accessToken);
    await client.revoke(tokens.accessToken);
    expect(events.map(({ name }) => name)).toEqual([
      'client.registered',
      'code.issued',
      'code.redeemed',
      'token.refreshed',
      'token.refresh_retried',
      'grant.revoked',
      'token.revoked',
    ]);
    const grants = new Set(events.flatMap(({ grantId }) => grantId ?? []));
    expect(grants.size).toBe(1);
  });

  it('makes room for a new client by forgetting the oldest one without a live grant', async () => {
    const { provider } = open({ maximumClients: 3 });
    const { tokens } = await connect(provider);
    const idle = await createTestClient(provider);
    await createTestClient(provider);
    const newest = await createTestClient(provider);
    expect((await idle.refresh('x')).body).toMatchObject({ error: 'invalid_client' });
    expect((await newest.refresh('x')).body).toMatchObject({ error: 'invalid_grant' });
    expect(await provider.verifyToken(tokens.accessToken)).toBeDefined();
    expect(provider.sizes['clients']).toBe(3);
  });

  it('refuses a new client where all have live grants', async () => {
    const { provider, clock } = open({ maximumClients: 1 });
    await connect(provider);
    await expect(createTestClient(provider)).rejects.toThrow(/temporarily_unavailable/);
    clock.advance(31 * 24 * 60 * minute);
    await createTestClient(provider);
  });

  it('forgets what has expired', async () => {
    const { provider, clock } = open();
    const client = await createTestClient(provider);
    for (let round = 0; round < 4; round += 1) {
      for (let index = 0; index < 300; index += 1) tokensOf(await client.redeem(await authorize(provider, client)));
      clock.advance(31 * 24 * 60 * minute);
    }
    await connect(provider);
    for (const [kind, size] of Object.entries(provider.sizes)) expect(size, kind).toBeLessThan(900);
  });

  it('forgets revoked grants with all that hung on them', async () => {
    const { provider } = open();
    const { client, tokens } = await connect(provider);
    await client.revoke(tokens.refreshToken);
    for (let index = 0; index < 501; index += 1)
      await client.revoke(tokensOf(await client.redeem(await authorize(provider, client))).accessToken);
    for (const kind of ['grants', 'codes', 'refreshTokens', 'accessTokens'])
      expect(provider.sizes[kind], kind).toBeLessThan(10);
  });

  it('checks its options like every provider', () => {
    expect(() => open({ baseUrl: 'http://mcp.example.com' })).toThrow(ConfigurationError);
    expect(() => open({ maximumClients: 0 })).toThrow(/maximumClients/);
    expect(() => open({ maximumClient: 3 } as Partial<InMemoryProviderOptions>)).toThrow(
      /unknown option 'maximumClient'/,
    );
  });
});
