import { describe, expect, it } from 'vitest';
import { maximumRetries } from '../../src/oauth/refresh-token/store.ts';
import { type Peer, peersOf, providers, type RegisteredClient, type Tokens, tokensOf } from '../protocol/support.ts';

const grace = 30_000;
const minutes = 60_000;

describe.each(providers)('a thief with a refresh token of $name', (kind) => {
  const peer = peersOf(kind);

  async function stolen(): Promise<{ server: Peer; client: RegisteredClient; victim: Tokens }> {
    const server = await peer();
    const client = await server.register();
    return { server, client, victim: await server.tokens(client) };
  }

  const refreshed = async (server: Peer, client: RegisteredClient, { refresh_token }: Tokens): Promise<Tokens> =>
    tokensOf(await server.refresh(client, refresh_token));

  /** Whether anything of these still works. */
  async function alive(server: Peer, client: RegisteredClient, tokens: readonly Tokens[]): Promise<number> {
    const opened = await Promise.all(tokens.map(({ access_token }) => server.mcpStatus(access_token)));
    const renewed = await Promise.all(tokens.map(({ refresh_token }) => server.refresh(client, refresh_token)));
    return opened.filter((status) => status === 200).length + renewed.filter(({ ok }) => ok).length;
  }

  it('gets a few siblings at most within the grace, and loses all of them when he or the victim goes on [RFC9700-10, PITFALL-06]', async () => {
    const { server, client, victim } = await stolen();
    const next = await refreshed(server, client, victim);
    const farmed: Tokens[] = [];
    for (;;) {
      const answer = await server.refresh(client, victim.refresh_token);
      if (!answer.ok) break;
      farmed.push(await tokensOf(answer));
    }
    expect(farmed).toHaveLength(maximumRetries);
    expect(await server.mcpStatus(next.access_token)).toBe(200);

    server.running.clock.advance(5 * minutes);
    const later = await refreshed(server, client, next);
    server.running.clock.advance(grace);
    expect((await server.refresh(client, farmed[0]?.refresh_token ?? '')).status).toBe(400);
    expect(await alive(server, client, [victim, next, later, ...farmed])).toBe(0);
  });

  it('who is faster than the victim is found out at the victim’s next refresh, whatever he farmed until then [RFC9700-10]', async () => {
    const { server, client, victim } = await stolen();
    const farmed = [victim];
    for (let round = 0; round < 5; round += 1) {
      for (const tokens of farmed.slice(-4)) {
        const answer = await server.refresh(client, tokens.refresh_token);
        if (answer.ok) farmed.push(await tokensOf(answer));
        else break;
      }
    }
    server.running.clock.advance(5 * minutes);
    expect((await server.refresh(client, victim.refresh_token)).status).toBe(400);
    expect(await alive(server, client, farmed)).toBe(0);
  });

  it('cannot make a retry wider, or longer-lived than the grant [RFC9700-11, OAUTH21-51]', async () => {
    const { server, client, victim } = await stolen();
    await refreshed(server, client, victim);
    const wider = await server.refresh(client, victim.refresh_token, { scope: 'read write' });
    expect([wider.status, await wider.json()]).toMatchObject([400, { error: 'invalid_scope' }]);
    const elsewhere = await server.refresh(client, victim.refresh_token, { resource: 'https://evil.example/mcp' });
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([400, { error: 'invalid_target' }]);
    let current = await refreshed(server, client, victim);
    const day = 24 * 60 * minutes;
    for (let days = 0; days < 175; days += 25) {
      server.running.clock.advance(25 * day);
      current = await refreshed(server, client, current);
    }
    server.running.clock.advance(6 * day);
    expect((await server.refresh(client, current.refresh_token)).status).toBe(400);
  });

  it('of another client burns nothing by presenting it, nor by revoking it [PITFALL-04, OAUTH21-59]', async () => {
    const { server, client, victim } = await stolen();
    const eve = await server.register();
    const next = await refreshed(server, client, victim);
    server.running.clock.advance(grace);
    for (const token of [victim, next]) {
      expect((await server.refresh(eve, token.refresh_token)).status).toBe(400);
      expect((await server.revocation(eve, token.refresh_token)).status).toBe(200);
      expect((await server.revocation(eve, token.access_token)).status).toBe(200);
    }
    expect((await server.refresh(client, next.refresh_token)).status).toBe(200);
  });

  it('keeps nothing of a refresh that raced with the revocation [RFC7009-07]', async () => {
    const { server, client, victim } = await stolen();
    const answers = await Promise.all([
      server.refresh(client, victim.refresh_token),
      server.refresh(client, victim.refresh_token),
      server.revocation(client, victim.access_token),
      server.refresh(client, victim.refresh_token),
    ]);
    const won = await Promise.all(
      answers.filter((answer, index) => index !== 2 && answer.ok).map((answer) => tokensOf(answer)),
    );
    expect(await alive(server, client, [victim, ...won])).toBe(0);
  });

  it('keeps nothing of a refresh that raced with the replay of its code [RFC6749-02, OAUTH21-42]', async () => {
    const server = await peer();
    const client = await server.register();
    const code = await server.code(client);
    const first = await server.redeem(client, code);
    const [refresh, replay] = await Promise.all([
      server.refresh(client, first.refresh_token),
      server.redemption(client, code),
    ]);
    expect(replay.status).toBe(400);
    const won = refresh.ok ? [await tokensOf(refresh)] : [];
    expect(await alive(server, client, [first, ...won])).toBe(0);
  });
});

describe.each(providers)('an access token of $name that was seen before', (kind) => {
  const peer = peersOf(kind);

  it('is refused from the millisecond of its expiry, however often it was let pass [RFC9068-16]', async () => {
    const server = await peer();
    const { access_token, expires_in } = await server.tokens(await server.register());
    for (let times = 0; times < 3; times += 1) expect(await server.mcpStatus(access_token)).toBe(200);
    server.running.clock.advance(expires_in * 1000 - 1000);
    expect(await server.mcpStatus(access_token)).toBe(200);
    server.running.clock.advance(1000);
    expect(await server.mcpStatus(access_token)).toBe(401);
  });

  it('is refused with one more character, in other letters, or wrapped', async () => {
    const server = await peer();
    const { access_token } = await server.tokens(await server.register());
    expect(await server.mcpStatus(access_token)).toBe(200);
    for (const altered of [
      `${access_token}=`,
      `${access_token}.`,
      `.${access_token}`,
      access_token.toUpperCase(),
      access_token.slice(0, -1),
    ])
      expect(await server.mcpStatus(altered), altered).toBe(401);
  });
});
