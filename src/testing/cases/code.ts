import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { assertOAuthError } from '../acceptance-run.ts';
import { pkcePair, type ReceivedCode, type TestClient, tokensOf } from '../test-client.ts';

const racers = 200;

/** Redeeming authorization codes: what binds them, and that each works once. */
export const codeCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a code is exchanged for a token response that no cache keeps [CASE-54, RFC6749-08, RFC6749-09, OAUTH21-26]',
    async (run) => {
      const client = await run.client({ scope: 'read write' });
      const answer = await client.redeem(await run.authorize(client, { scope: 'read write' }));
      const { accessToken, refreshToken, scope, expiresIn } = tokensOf(answer);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.headers.get('pragma'), 'no-cache');
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(String(answer.body['token_type']).toLowerCase(), 'bearer');
      assert.ok(refreshToken.length >= 27, 'a refresh token has at least 160 random bits');
      assert.deepEqual(scope.split(' ').sort(), ['read', 'write']);
      const { token } = await run.callResource(accessToken);
      assert.ok(token);
      assert.equal(token.clientId, client.clientId);
      assert.equal(token.resource, run.provider.settings.resource);
      assert.deepEqual([...token.scopes].sort(), ['read', 'write']);
      assert.ok(
        Math.abs(token.expiresAt - run.clock.now() - expiresIn * 1000) <= 1000,
        'expires_in agrees with the token',
      );
    },
  ),

  acceptanceCase(
    'a refresh token is issued without offline_access, and asking for it changes nothing [PITFALL-07]',
    async (run) => {
      const client = await run.client({ scope: 'read offline_access' });
      for (const scope of ['read', 'read offline_access']) {
        const tokens = tokensOf(await client.redeem(await run.authorize(client, { scope })));
        assert.notEqual(tokens.refreshToken, '');
        assert.equal(tokens.scope, 'read');
      }
    },
  ),

  acceptanceCase(
    'a code that is unknown, or of another client, is refused without harm to it [CASE-60, PITFALL-04, OAUTH21-43, RFC6749-11]',
    async (run) => {
      const owner = await run.client();
      const thief = await run.client({ redirectUri: owner.redirectUri });
      const code = await run.authorize(owner);
      assertOAuthError(await thief.redeem(code), 400, 'invalid_grant');
      assertOAuthError(await owner.redeem({ ...code, code: `${code.code}x` }), 400, 'invalid_grant');
      assertOAuthError(await owner.redeem({ ...code, code: code.code.slice(0, -1) }), 400, 'invalid_grant');
      const tokens = tokensOf(await owner.redeem(code));
      assertOAuthError(await thief.redeem(code), 400, 'invalid_grant');
      await run.assertAlive(tokens.accessToken, "the owner's token after another client tried its code");
    },
  ),

  acceptanceCase(
    'a request that fails client authentication does not burn the code [PITFALL-04, OAUTH21-25]',
    async (run) => {
      const client = await run.client({ authMethod: 'client_secret_post' });
      const code = await run.authorize(client);
      assertOAuthError(await client.redeem(code, { client_secret: 'wrong' }), 401, 'invalid_client');
      tokensOf(await client.redeem(code));
    },
  ),

  acceptanceCase(
    'a code redeemed twice revokes the tokens of its first redemption [CASE-61, PITFALL-03, OAUTH21-41, OAUTH21-42, RFC6749-02]',
    async (run) => {
      const client = await run.client();
      const code = await run.authorize(client);
      const tokens = tokensOf(await client.redeem(code));
      await run.assertAlive(tokens.accessToken);
      assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
      await run.assertAllDead(client, tokens);
    },
  ),

  acceptanceCase(
    'a code redeemed twice revokes the tokens that its first redemption was refreshed to [CASE-61, PITFALL-03]',
    async (run) => {
      const client = await run.client();
      const code = await run.authorize(client);
      const refreshed = tokensOf(await client.refresh(tokensOf(await client.redeem(code)).refreshToken));
      await run.assertAlive(refreshed.accessToken);
      assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
      await run.assertAllDead(client, refreshed);
    },
  ),

  acceptanceCase(
    'a replayed code leaves other approvals of the same client alone [CASE-61, PITFALL-18]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const code = await run.authorize(client);
      await client.redeem(code);
      assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
      await run.assertAlive(tokens.accessToken, 'the token of another approval');
    },
  ),

  acceptanceCase(
    `of ${racers} concurrent redemptions of one code exactly one wins, and its tokens are revoked [CASE-61, PITFALL-03, PITFALL-35]`,
    async (run) => {
      const client = await run.client();
      const code = await run.authorize(client);
      const answers = await Promise.all(Array.from({ length: racers }, () => client.redeem(code)));
      const winners = answers.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1, `${winners.length} of ${racers} redemptions won`);
      for (const answer of answers) if (answer.status !== 200) assertOAuthError(answer, 400, 'invalid_grant');
      for (const winner of winners) await run.assertAllDead(client, tokensOf(winner));
    },
  ),

  acceptanceCase(
    'codes that are redeemed at the same time do not get in each other’s way [PITFALL-35]',
    async (run) => {
      const clients = [await run.client({ scope: 'read write' }), await run.client({ scope: 'read write' })];
      const approvals: { client: TestClient; scope: string; code: ReceivedCode }[] = [];
      for (const scope of ['read', 'write', 'read', 'write']) {
        for (const client of clients) approvals.push({ client, scope, code: await run.authorize(client, { scope }) });
      }
      const answers = await Promise.all(approvals.map(({ client, code }) => client.redeem(code)));
      const tokens = answers.map(tokensOf);
      assert.equal(
        new Set(tokens.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])).size,
        2 * approvals.length,
      );
      for (const [index, { client, scope }] of approvals.entries()) {
        const record = await run.provider.verifyToken(tokens[index]?.accessToken ?? '');
        assert.equal(record?.clientId, client.clientId);
        assert.deepEqual(record?.scopes, [scope]);
        assert.equal(tokens[index]?.scope, scope);
      }
    },
  ),

  acceptanceCase('a wrong code_verifier burns the code [CASE-62, OAUTH21-44, RFC7636-10]', async (run) => {
    const client = await run.client();
    const code = await run.authorize(client);
    assertOAuthError(await client.redeem(code, { code_verifier: pkcePair().verifier }), 400, 'invalid_grant');
    assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  }),

  acceptanceCase('a replayed code with a wrong verifier revokes nothing [OAUTH21-59, PITFALL-04]', async (run) => {
    const client = await run.client();
    const code = await run.authorize(client);
    const tokens = tokensOf(await client.redeem(code));
    assertOAuthError(await client.redeem(code, { code_verifier: pkcePair().verifier }), 400, 'invalid_grant');
    await run.assertAlive(tokens.accessToken);
  }),

  acceptanceCase('a missing or malformed code_verifier is refused [CASE-63, OAUTH21-32, RFC7636-01]', async (run) => {
    const client = await run.client();
    for (const verifier of [undefined, 'x', 'x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(42)}!`]) {
      assertOAuthError(
        await client.redeem(await run.authorize(client), { code_verifier: verifier }),
        400,
        'invalid_request',
        'invalid_grant',
      );
    }
  }),

  acceptanceCase(
    'the redirect URI of the authorization request must come again, unchanged [CASE-64, PITFALL-01, RFC6749-07]',
    async (run) => {
      const client = await run.client({
        metadata: { redirect_uris: ['http://localhost:9999/cb', 'http://localhost:9999/two'] },
      });
      for (const uri of [undefined, 'http://localhost:9999/two', 'http://localhost:9998/cb']) {
        assertOAuthError(await client.redeem(await run.authorize(client), { redirect_uri: uri }), 400, 'invalid_grant');
      }
    },
  ),

  acceptanceCase(
    'a resource other than the authorized one is refused [CASE-65, PITFALL-10, RFC8707-06]',
    async (run) => {
      const client = await run.client();
      assertOAuthError(
        await client.redeem(await run.authorize(client), { resource: 'https://other.example/mcp' }),
        400,
        'invalid_target',
      );
      const { resource } = run.provider.settings;
      tokensOf(await client.redeem(await run.authorize(client, { resource }), { resource }));
    },
  ),

  acceptanceCase('a code is refused once its lifetime is over [CASE-60, OAUTH21-35, RFC6749-01]', async (run) => {
    const client = await run.client();
    const early = await run.authorize(client);
    const late = await run.authorize(client);
    run.clock.advance(59_000);
    tokensOf(await client.redeem(early));
    run.clock.advance(2000);
    assertOAuthError(await client.redeem(late), 400, 'invalid_grant');
  }),
];
