import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { SingleUseIdentifier } from '../../src/core/records.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { challengeOf, DpopClient } from './dpop-client.ts';
import {
  base,
  expectError,
  expectRedirectedError,
  location,
  Peer,
  providers,
  tokensOf,
  validRequest,
} from './support.ts';

describe.each(providers)('binding tokens to a key at the token endpoint ($name)', (kind) => {
  it('a code redeemed with a proof gives an access token of type DPoP, good with that key only [RFC9700-03, RFC9449-05, RFC9449-13, RFC9449-21]', async () => {
    const mine = await DpopClient.start(kind);
    const tokens = await mine.tokens();
    expect(tokens).toMatchObject({ token_type: 'DPoP' });
    expect(await mine.status(tokens.access_token)).toBe(200);
    const others = mine.with(new DpopTestKey());
    expect(await others.status(tokens.access_token)).toBe(401);
    const record = await mine.peer.provider.verifyToken(tokens.access_token);
    expect(record?.keyThumbprint).toBe(mine.key.thumbprint);
  });

  it.each(['ES256', 'EdDSA', 'RS256', 'PS256'] as const)(
    'takes proofs signed with %s, and says so in its metadata [RFC9449-18]',
    async (algorithm) => {
      const started = await DpopClient.start(kind);
      const mine = started.with(new DpopTestKey(algorithm));
      const { access_token } = await mine.tokens();
      expect(await mine.status(access_token)).toBe(200);
      const { provider } = mine.peer;
      expect(provider.serverMetadata()['dpop_signing_alg_values_supported']).toContain(algorithm);
      expect(provider.resourceMetadata()['dpop_signing_alg_values_supported']).toContain(algorithm);
    },
  );

  it('a client that sends no proof gets bearer tokens as before', async () => {
    const mine = await DpopClient.start(kind);
    const tokens = await mine.peer.tokens(mine.client);
    expect(tokens).toMatchObject({ token_type: 'Bearer' });
    expect(await mine.peer.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('a proof is good for one request: its second use is refused, and spends nothing [RFC9449-10, PITFALL-21]', async () => {
    const mine = await DpopClient.start(kind);
    const proof = mine.tokenProof();
    tokensOf(await mine.redemption(await mine.code(), proof));
    const code = await mine.code();
    expect(await expectError(await mine.redemption(code, proof), 400, 'invalid_dpop_proof')).toContain('used before');
    tokensOf(await mine.redemption(code));
  });

  it('a proof is remembered for as long as it could be presented again, at nodes whose clocks differ too [RFC9449-10]', async () => {
    const mine = await DpopClient.start(kind);
    const { provider } = mine.peer;
    const { proofLifetime } = provider.dpop;
    const spend = vi.spyOn(
      provider as { spendIdentifier: (spent: SingleUseIdentifier) => Promise<boolean> },
      'spendIdentifier',
    );
    const ahead = mine.now + proofLifetime;
    const proof = mine.key.proof({ url: provider.endpointUrl('token'), now: ahead });
    tokensOf(await mine.redemption(await mine.code(), proof));
    const expiresAt = spend.mock.calls[0]?.[0].expiresAt ?? 0;
    expect(expiresAt).toBeGreaterThan(ahead + proofLifetime);
    mine.peer.running.clock.advance(2 * proofLifetime);
    await expectError(await mine.redemption(await mine.code(), proof), 400, 'invalid_dpop_proof');
  });

  it('of many requests with one proof one is answered', async () => {
    const mine = await DpopClient.start(kind);
    const { refresh_token } = await mine.tokens();
    const proof = mine.tokenProof();
    const answers = await Promise.all(Array.from({ length: 20 }, () => mine.refresh(refresh_token, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('a public client’s refresh token is bound to the key, through every rotation [RFC9449-14]', async () => {
    const mine = await DpopClient.start(kind);
    let { refresh_token } = await mine.tokens();
    const thief = mine.with(new DpopTestKey());
    for (let round = 0; round < 2; round += 1) {
      await expectError(await thief.refresh(refresh_token), 400, 'invalid_grant');
      await expectError(await mine.refresh(refresh_token, null), 400, 'invalid_grant');
      // Refused without a trace: the family lives, and nobody was signed out by a stranger to the key.
      const next = await tokensOf(await mine.refresh(refresh_token));
      expect(await mine.status(next.access_token)).toBe(200);
      refresh_token = next.refresh_token;
    }
    const told = mine.peer.running.events.filter(({ name }) => name === 'proof.refused');
    expect(told).toHaveLength(4);
    expect(told[0]).toMatchObject({
      clientId: mine.client.client_id,
      reason: expect.stringContaining('bound to a key'),
    });
  });

  it('a retry of the previous refresh token within the grace needs the key as well', async () => {
    const mine = await DpopClient.start(kind);
    const { refresh_token } = await mine.tokens();
    tokensOf(await mine.refresh(refresh_token));
    await expectError(await mine.with(new DpopTestKey()).refresh(refresh_token), 400, 'invalid_grant');
    const sibling = await tokensOf(await mine.refresh(refresh_token));
    await expectError(await mine.with(new DpopTestKey()).refresh(sibling.refresh_token), 400, 'invalid_grant');
  });

  it('a confidential client may change its key at a refresh [RFC9449-15]', async () => {
    const mine = await DpopClient.start(kind, {}, { token_endpoint_auth_method: 'client_secret_basic' });
    const { refresh_token } = await mine.tokens();
    const changed = mine.with(new DpopTestKey());
    const next = await tokensOf(await changed.refresh(refresh_token));
    expect([await changed.status(next.access_token), await mine.status(next.access_token)]).toEqual([200, 401]);
  });

  it('a public client that begins to prove a key at a refresh binds its family from then on', async () => {
    const mine = await DpopClient.start(kind);
    const { refresh_token } = await mine.peer.tokens(mine.client);
    const bound = await tokensOf(await mine.refresh(refresh_token));
    expect(bound).toMatchObject({ token_type: 'DPoP' });
    await expectError(await mine.refresh(bound.refresh_token, null), 400, 'invalid_grant');
  });

  it('a code that dpop_jkt bound to a key is redeemed with that key only, and not spent by a stranger to it [RFC9449-17]', async () => {
    const mine = await DpopClient.start(kind);
    const code = await mine.code({ dpop_jkt: mine.key.thumbprint });
    await expectError(await mine.with(new DpopTestKey()).redemption(code), 400, 'invalid_grant');
    await expectError(await mine.peer.redemption(mine.client, code), 400, 'invalid_grant');
    const guess = await mine.peer.redemption(mine.client, code, { code_verifier: 'x'.repeat(43) });
    await expectError(guess, 400, 'invalid_grant');
    expect(await tokensOf(await mine.redemption(code))).toMatchObject({ token_type: 'DPoP' });
  });

  it('a proof that comes with a pushed request binds its code, and must be of the key that dpop_jkt names [RFC9449-32]', async () => {
    const mine = await DpopClient.start(kind);
    const { peer, client, key } = mine;
    const url = peer.provider.endpointUrl('pushedRequest');
    const push = (changes = {}, proof = key.proof({ url, now: mine.now })) =>
      peer.post('/par', validRequest(client, changes), { dpop: proof });
    await expectError(await push({ dpop_jkt: new DpopTestKey().thumbprint }), 400, 'invalid_request');
    await expectError(await push({}, mine.tokenProof()), 400, 'invalid_dpop_proof');
    for (const changes of [{}, { dpop_jkt: key.thumbprint }]) {
      const { request_uri } = (await (await push(changes)).json()) as { request_uri: string };
      const only = { client_id: client.client_id, request_uri };
      const next = await peer.send(`/authorize?${new URLSearchParams(only)}`);
      const arrived = await peer.running.approve(location(next));
      const code = arrived.searchParams.get('code') ?? '';
      await expectError(await mine.with(new DpopTestKey()).redemption(code), 400, 'invalid_grant');
      tokensOf(await mine.redemption(code));
    }
  });

  it('a malformed dpop_jkt is an error at the redirect URI', async () => {
    const mine = await DpopClient.start(kind);
    const { thumbprint } = mine.key;
    for (const dpop_jkt of ['not a thumbprint', `${thumbprint}A`, ` ${thumbprint}`, thumbprint.slice(1)]) {
      const answer = await mine.peer.authorize(mine.client, { dpop_jkt });
      expect(expectRedirectedError(answer, 'invalid_request')).toContain('dpop_jkt');
    }
  });

  it('a client that registered dpop_bound_access_tokens gets nothing without a proof [RFC9449-16]', async () => {
    const mine = await DpopClient.start(kind, {}, { dpop_bound_access_tokens: true });
    expect(mine.client).toMatchObject({ dpop_bound_access_tokens: true });
    const code = await mine.code();
    const refused = await mine.peer.redemption(mine.client, code);
    expect(await expectError(refused, 400, 'invalid_dpop_proof')).toContain('dpop_bound_access_tokens');
    const { refresh_token } = await tokensOf(await mine.redemption(code));
    await expectError(await mine.refresh(refresh_token, null), 400, 'invalid_dpop_proof');
  });

  it('where DPoP is required nobody gets tokens without a proof, and no bearer token is accepted [RFC9449-26]', async () => {
    const mine = await DpopClient.start(kind, { required: true });
    const code = await mine.code();
    await expectError(await mine.peer.redemption(mine.client, code), 400, 'invalid_dpop_proof');
    const { access_token } = await tokensOf(await mine.redemption(code));
    expect(await mine.status(access_token)).toBe(200);
    const { response } = await mine.peer.mcp({});
    expect(response?.status).toBe(401);
    expect(challengeOf(response, 'Bearer')).toBeUndefined();
    expect(challengeOf(response, 'DPoP')).toMatchObject({ algs: expect.stringContaining('ES256') });
    expect(mine.peer.provider.resourceMetadata()).toMatchObject({ dpop_bound_access_tokens_required: true });
  });

  it('where DPoP is off nothing is advertised, and tokens are bearer tokens as if it did not exist', async () => {
    const mine = await DpopClient.start(kind, { enabled: false }, { dpop_bound_access_tokens: true });
    expect(mine.client).not.toHaveProperty('dpop_bound_access_tokens');
    const { provider } = mine.peer;
    for (const document of [provider.serverMetadata(), provider.resourceMetadata()])
      expect(Object.keys(document).filter((name) => name.includes('dpop'))).toEqual([]);
    const tokens = await mine.tokens();
    expect(tokens).toMatchObject({ token_type: 'Bearer' });
    expect(await mine.status(tokens.access_token)).toBe(401);
    expect((await mine.peer.mcp({})).response?.headers.get('www-authenticate')).not.toContain('DPoP');
  });

  it('with nonces required a proof without one is told which, and one with it passes [RFC9449-19, RFC9449-20]', async () => {
    const mine = await DpopClient.start(kind, { nonce: 'required' });
    const code = await mine.code();
    const refused = await mine.redemption(code);
    const nonce = refused.headers.get('dpop-nonce') ?? '';
    await expectError(refused, 400, 'use_dpop_nonce');
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(refused.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce');
    const tokens = await tokensOf(await mine.redemption(code, mine.tokenProof({ nonce })));
    const made = mine.tokenProof({ nonce: 'of-my-own' });
    await expectError(await mine.refresh(tokens.refresh_token, made), 400, 'use_dpop_nonce');
  });

  it('the nonce before the present one still counts, the present one comes with the response; older ones are refused [RFC9449-20]', async () => {
    const mine = await DpopClient.start(kind, { nonce: 'required', nonceLifetime: 300_000 });
    const first = (await mine.redemption(await mine.code())).headers.get('dpop-nonce') ?? '';
    const { refresh_token } = await tokensOf(
      await mine.redemption(await mine.code(), mine.tokenProof({ nonce: first })),
    );
    mine.peer.running.clock.advance(300_000);
    const answer = await mine.refresh(refresh_token, mine.tokenProof({ nonce: first }));
    const second = answer.headers.get('dpop-nonce') ?? '';
    expect(second).not.toBe(first);
    const { refresh_token: next } = await tokensOf(answer);
    const upToDate = await mine.redemption(await mine.code(), mine.tokenProof({ nonce: second }));
    expect([upToDate.status, upToDate.headers.get('dpop-nonce')]).toEqual([200, null]);
    mine.peer.running.clock.advance(300_000);
    await expectError(await mine.refresh(next, mine.tokenProof({ nonce: first })), 400, 'use_dpop_nonce');
    tokensOf(await mine.refresh(next, mine.tokenProof({ nonce: second })));
  });
});

describe('DPoP at a provider that cannot spend identifiers', () => {
  class Forgetful extends InMemoryProvider {}
  Object.defineProperty(Forgetful.prototype, 'spendIdentifier', { value: undefined });
  const options = { baseUrl: base, clientRegistration: { enabled: true } };

  it('is not there: nothing is advertised, and a proof binds nothing', async () => {
    const provider = new Forgetful(options);
    expect(Object.keys(provider.serverMetadata()).filter((name) => name.includes('dpop'))).toEqual([]);
    const peer = new Peer({
      provider,
      clock: new ManualClock(),
      events: [],
      approve: async (url) => url,
      close: async () => {},
    });
    const client = new DpopClient(peer, await peer.register({ scope: undefined }));
    expect(await client.tokens({ scope: undefined })).toMatchObject({ token_type: 'Bearer' });
  });

  it('cannot be required', () => {
    expect(() => new Forgetful(options, { dpop: { required: true } })).toThrow('spendIdentifier()');
  });
});
