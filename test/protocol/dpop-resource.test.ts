import { describe, expect, it } from 'vitest';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { challengeOf, DpopClient } from './dpop-client.ts';
import { providers, resource } from './support.ts';

describe.each(providers)('a token bound to a key, at the resource ($name)', (kind) => {
  async function bound() {
    const mine = await DpopClient.start(kind);
    return { mine, accessToken: (await mine.tokens()).access_token };
  }

  it('sent as Bearer it is refused, with or without a proof [RFC9449-23]', async () => {
    const { mine, accessToken } = await bound();
    for (const proof of [null, mine.resourceProof(accessToken)]) {
      const response = await mine.call(accessToken, proof, 'Bearer');
      expect(response?.status).toBe(401);
      expect(challengeOf(response, 'DPoP')).toMatchObject({
        error: 'invalid_token',
        resource_metadata: expect.any(String),
      });
    }
  });

  it('sent without a proof, or with one elsewhere than in the header, it is refused [RFC9449-22]', async () => {
    const { mine, accessToken } = await bound();
    const response = await mine.call(accessToken, null);
    expect([response?.status, challengeOf(response, 'DPoP')]).toEqual([
      401,
      expect.objectContaining({ error: 'invalid_dpop_proof', algs: expect.any(String), scope: 'read' }),
    ]);
    const inQuery = new Request(`${resource}?DPoP=${mine.resourceProof(accessToken)}`, {
      method: 'POST',
      headers: { authorization: `DPoP ${accessToken}` },
    });
    expect((await mine.peer.provider.authenticate(inQuery)).response?.status).toBe(401);
  });

  it('a bearer token sent as DPoP is refused [RFC9449-24]', async () => {
    const mine = await DpopClient.start(kind);
    const { access_token } = await mine.peer.tokens(mine.client);
    const response = await mine.call(access_token);
    expect([response?.status, challengeOf(response, 'DPoP')?.['error']]).toEqual([401, 'invalid_token']);
    expect(await mine.peer.mcpStatus(access_token)).toBe(200);
  });

  it('a proof is good for one request, also where the token has been seen before [RFC9449-10]', async () => {
    const { mine, accessToken } = await bound();
    const proof = mine.resourceProof(accessToken);
    expect(await mine.status(accessToken, proof)).toBe(200);
    const response = await mine.call(accessToken, proof);
    expect([response?.status, challengeOf(response, 'DPoP')?.['error']]).toEqual([401, 'invalid_dpop_proof']);
    expect(await mine.status(accessToken)).toBe(200);
  });

  it('of many requests with one proof one passes', async () => {
    const { mine, accessToken } = await bound();
    const proof = mine.resourceProof(accessToken);
    const answers = await Promise.all(Array.from({ length: 20 }, () => mine.status(accessToken, proof)));
    expect(answers.filter((status) => status === 200)).toHaveLength(1);
  });

  it.each([
    ['another method', { method: 'GET' }],
    ['another URL', { url: 'http://localhost:3000/other' }],
    ['the token endpoint', { url: 'http://localhost:3000/token' }],
    ['another host', { url: 'http://evil.example/mcp' }],
    ['another scheme', { url: 'https://localhost:3000/mcp' }],
    ['a relative URL', { url: '/mcp' }],
    ['a URL with credentials', { url: 'http://a:b@localhost:3000/mcp' }],
    ['another token', { accessToken: 'x'.repeat(40) }],
    ['no token', { claims: { ath: undefined } }],
    ['another time, earlier', { claims: { iat: 1_800_000_000 - 61 } }],
    ['another time, later', { claims: { iat: 1_800_000_000 + 61 } }],
    ['no time', { claims: { iat: undefined } }],
    ['a time that is no number', { claims: { iat: '1800000000' } }],
    ['no identifier', { claims: { jti: undefined } }],
    ['an identifier that is no text', { claims: { jti: 1 } }],
    ['an identifier without end', { claims: { jti: 'x'.repeat(257) } }],
    ['a time in which it has expired', { claims: { exp: 1_799_999_999 } }],
  ])(
    'a proof for %s is refused [RFC9449-06, RFC9449-07, RFC9449-08, RFC9449-09, RFC9449-11]',
    async (_what, changes) => {
      const { mine, accessToken } = await bound();
      const response = await mine.call(accessToken, mine.resourceProof(accessToken, changes));
      expect([response?.status, challengeOf(response, 'DPoP')?.['error']]).toEqual([401, 'invalid_dpop_proof']);
      expect(await mine.status(accessToken)).toBe(200);
    },
  );

  it('the request’s Host header does not decide what a proof is for', async () => {
    const { mine, accessToken } = await bound();
    const proof = mine.resourceProof(accessToken, { url: 'http://127.0.0.1:3000/mcp' });
    const headers = { host: '127.0.0.1:3000', authorization: `DPoP ${accessToken}`, dpop: proof };
    expect((await mine.peer.mcp(headers)).response?.status).toBe(401);
  });

  it('a URL is recognised in another spelling, and whatever its query [RFC9449-12]', async () => {
    const { mine, accessToken } = await bound();
    for (const url of [
      'HTTP://LOCALHOST:3000/mcp',
      'http://localhost:3000/%6dcp',
      `${resource}?a=b#c`,
      'http://localhost:3000/x/../mcp',
    ]) {
      expect(await mine.status(accessToken, mine.resourceProof(accessToken, { url })), url).toBe(200);
    }
  });

  it('a revoked token is refused before its proof is spent', async () => {
    const { mine, accessToken } = await bound();
    const proof = mine.resourceProof(accessToken);
    await mine.peer.revocation(mine.client, accessToken);
    const response = await mine.call(accessToken, proof);
    expect(challengeOf(response, 'DPoP')).toMatchObject({ error: 'invalid_token' });
    const told = mine.peer.running.events.filter(({ name }) => name === 'token.rejected');
    expect(told.map(({ reason }) => reason)).toEqual([expect.stringContaining('revoked')]);
  });

  it('another key is an invalid token, told before any signature is looked at [RFC9449-21]', async () => {
    const { mine, accessToken } = await bound();
    const forged = `${mine.with(new DpopTestKey()).resourceProof(accessToken).split('.').slice(0, 2).join('.')}.AAAA`;
    expect(challengeOf(await mine.call(accessToken, forged), 'DPoP')).toMatchObject({ error: 'invalid_token' });
  });

  it('a request without a token is told of both schemes, Bearer first [RFC9449-25]', async () => {
    const mine = await DpopClient.start(kind);
    const header = (await mine.peer.mcp({})).response?.headers.get('www-authenticate') ?? '';
    expect(header).toMatch(/^Bearer scope="read", resource_metadata="[^"]+", DPoP algs="ES256 [^"]+"$/);
  });

  it('a scope that is missing is asked for in the scheme of the token', async () => {
    const { mine, accessToken } = await bound();
    const headers = { authorization: `DPoP ${accessToken}`, dpop: mine.resourceProof(accessToken) };
    const { response } = await mine.peer.mcp(headers, undefined, { scopes: ['write'] });
    expect(response?.status).toBe(403);
    expect(challengeOf(response, 'DPoP')).toMatchObject({ error: 'insufficient_scope', scope: 'read write' });
  });

  it('with nonces required a proof without one is told which, with 401 [RFC9449-19, RFC9449-20]', async () => {
    const mine = await DpopClient.start(kind, { nonce: 'required', nonceLifetime: 300_000 });
    const asked = (await mine.redemption(await mine.code())).headers.get('dpop-nonce') ?? '';
    const answer = await mine.redemption(await mine.code(), mine.tokenProof({ nonce: asked }));
    const { access_token } = (await answer.json()) as { access_token: string };
    const refused = await mine.call(access_token);
    expect([refused?.status, challengeOf(refused, 'DPoP')?.['error']]).toEqual([401, 'use_dpop_nonce']);
    const nonce = refused?.headers.get('dpop-nonce') ?? '';
    expect(await mine.status(access_token, mine.resourceProof(access_token, { nonce }))).toBe(200);

    mine.peer.running.clock.advance(300_000);
    const headers = {
      authorization: `DPoP ${access_token}`,
      dpop: mine.resourceProof(access_token, { nonce }),
    };
    const { responseHeaders } = await mine.peer.mcp(headers).then((outcome) => {
      if (outcome.response !== undefined) throw new Error(`refused with ${outcome.response.status}`);
      return outcome;
    });
    expect(responseHeaders['dpop-nonce']).toMatch(/^[\w-]{43}$/);
    expect(responseHeaders['dpop-nonce']).not.toBe(nonce);
  });
});
