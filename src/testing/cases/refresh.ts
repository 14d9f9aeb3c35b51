import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { assertOAuthError } from '../acceptance-run.ts';
import { tokensOf } from '../test-client.ts';

const minute = 60_000;
const racers = 200;
const withoutGrace = { lifetimes: { refreshTokenGrace: 0 } };
const withGrace = { about: 'refresh-grace' } as const;

/** Refresh tokens: rotation, reuse, narrowing, expiry. */
export const refreshCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a refresh yields a new access token and a new refresh token for the same user and scope [CASE-68, MCP-SEC-06]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const before = await run.callResource(tokens.accessToken);
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      assert.notEqual(next.accessToken, tokens.accessToken);
      assert.notEqual(next.refreshToken, tokens.refreshToken);
      assert.notEqual(next.refreshToken, '');
      assert.deepEqual(next.scope.split(' ').sort(), ['read', 'write']);
      const after = await run.callResource(next.accessToken);
      assert.equal(after.token?.subject, before.token?.subject);
      assert.equal(after.token?.grantId, before.token?.grantId);
      assert.equal(after.token?.clientId, client.clientId);
      await run.assertAlive(tokens.accessToken, 'the access token from before the refresh');
      tokensOf(await client.refresh(next.refreshToken));
    },
  ),

  acceptanceCase(
    "an unknown refresh token, or another client's, is refused without harm to it [CASE-69, PITFALL-04, OAUTH21-45]",
    async (run) => {
      const { client, tokens } = await run.connect();
      const thief = await run.client({ scope: 'read write' });
      assertOAuthError(await thief.refresh(tokens.refreshToken), 400, 'invalid_grant');
      assertOAuthError(await client.refresh(`${tokens.refreshToken}x`), 400, 'invalid_grant');
      assertOAuthError(await client.refresh(tokens.accessToken), 400, 'invalid_grant');
      await run.assertAlive(tokens.accessToken);
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      assertOAuthError(await thief.refresh(tokens.refreshToken), 400, 'invalid_grant');
      await run.assertAlive(next.accessToken, 'the token after another client tried the rotated one');
      tokensOf(await client.refresh(next.refreshToken));
    },
  ),

  acceptanceCase(
    'a wider scope is refused, and the refresh token still works [CASE-70, OAUTH21-47, RFC6749-14, PITFALL-10]',
    async (run) => {
      const client = await run.client({ scope: 'read write' });
      const tokens = tokensOf(await client.redeem(await run.authorize(client, { scope: 'read' })));
      assertOAuthError(await client.refresh(tokens.refreshToken, { scope: 'read write' }), 400, 'invalid_scope');
      assertOAuthError(await client.refresh(tokens.refreshToken, { scope: 'admin' }), 400, 'invalid_scope');
      assert.equal(tokensOf(await client.refresh(tokens.refreshToken)).scope, 'read');
    },
  ),

  acceptanceCase('a narrower scope narrows that access token only, not the grant [OAUTH21-50]', async (run) => {
    const { client, tokens } = await run.connect();
    const narrow = tokensOf(await client.refresh(tokens.refreshToken, { scope: 'read' }));
    assert.equal(narrow.scope, 'read');
    assert.deepEqual((await run.callResource(narrow.accessToken)).token?.scopes, ['read']);
    assert.equal((await run.callResource(narrow.accessToken, { scopes: ['write'] })).response?.status, 403);
    const wide = tokensOf(await client.refresh(narrow.refreshToken));
    assert.deepEqual(wide.scope.split(' ').sort(), ['read', 'write']);
    assert.ok((await run.callResource(wide.accessToken, { scopes: ['write'] })).token);
  }),

  acceptanceCase(
    'a resource other than the authorized one is refused, and the refresh token still works [PITFALL-10, RFC8707-06]',
    async (run) => {
      const { client, tokens } = await run.connect();
      assertOAuthError(
        await client.refresh(tokens.refreshToken, { resource: 'https://other.example/mcp' }),
        400,
        'invalid_target',
      );
      tokensOf(await client.refresh(tokens.refreshToken, { resource: run.provider.settings.resource }));
    },
  ),

  acceptanceCase(
    'a rotated refresh token used again revokes the family [CASE-71, OAUTH21-49, RFC9700-10]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      assertOAuthError(await client.refresh(tokens.refreshToken), 400, 'invalid_grant');
      await run.assertAllDead(client, next);
      await run.assertDead(tokens.accessToken, 'the first access token of the family');
    },
    withoutGrace,
  ),

  acceptanceCase(
    'reuse revokes its own family and leaves other approvals of the same client alone [CASE-71, PITFALL-18]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const other = await run.connectAgain(client);
      await client.refresh(tokens.refreshToken);
      run.clock.advance(minute);
      assertOAuthError(await client.refresh(tokens.refreshToken), 400, 'invalid_grant');
      await run.assertDead(tokens.accessToken);
      await run.assertAlive(other.accessToken, 'the token of another approval');
      tokensOf(await client.refresh(other.refreshToken));
    },
  ),

  acceptanceCase(
    'a refresh token from before the previous one revokes the family, however soon it comes [CASE-71, PITFALL-06]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const second = tokensOf(await client.refresh(tokens.refreshToken));
      const third = tokensOf(await client.refresh(second.refreshToken));
      assertOAuthError(await client.refresh(tokens.refreshToken), 400, 'invalid_grant');
      await run.assertAllDead(client, third);
    },
  ),

  acceptanceCase(
    'the previous refresh token within the grace is a retry: it gets fresh tokens, and all of the family keeps working [PITFALL-06]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const first = tokensOf(await client.refresh(tokens.refreshToken));
      run.clock.advance(29_000);
      const retry = tokensOf(await client.refresh(tokens.refreshToken));
      assert.notEqual(retry.refreshToken, first.refreshToken);
      for (const { accessToken } of [tokens, first, retry]) await run.assertAlive(accessToken);
      const next = tokensOf(await client.refresh(retry.refreshToken));
      const sibling = tokensOf(await client.refresh(first.refreshToken));
      for (const { accessToken } of [next, sibling]) await run.assertAlive(accessToken);
    },
    withGrace,
  ),

  acceptanceCase('the previous refresh token after the grace revokes the family [CASE-71, PITFALL-06]', async (run) => {
    const { client, tokens } = await run.connect();
    const next = tokensOf(await client.refresh(tokens.refreshToken));
    run.clock.advance(31_000);
    assertOAuthError(await client.refresh(tokens.refreshToken), 400, 'invalid_grant');
    await run.assertAllDead(client, next);
  }),

  acceptanceCase(
    'presenting the previous refresh token again and again yields a bounded number of tokens and revokes nothing [PITFALL-06]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      let refused = 0;
      for (let attempt = 0; attempt < 50; attempt += 1)
        if ((await client.refresh(tokens.refreshToken)).status !== 200) refused += 1;
      assert.ok(refused >= 25, `${50 - refused} of 50 retries got tokens`);
      tokensOf(await client.refresh(next.refreshToken));
    },
    withGrace,
  ),

  acceptanceCase(
    `of ${racers} concurrent refreshes with one token and no grace exactly one wins, and the family is revoked [PITFALL-05, CASE-71]`,
    async (run) => {
      const { client, tokens } = await run.connect();
      const answers = await Promise.all(Array.from({ length: racers }, () => client.refresh(tokens.refreshToken)));
      const winners = answers.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1, `${winners.length} of ${racers} refreshes won`);
      for (const answer of answers) if (answer.status !== 200) assertOAuthError(answer, 400, 'invalid_grant');
      for (const winner of winners) await run.assertAllDead(client, tokensOf(winner));
      await run.assertDead(tokens.accessToken, 'the first access token of the family');
    },
    withoutGrace,
  ),

  acceptanceCase(
    `${racers} concurrent refreshes with one token within the grace advance the family once, and every token they get works [PITFALL-05, PITFALL-06]`,
    async (run) => {
      const { client, tokens } = await run.connect();
      const answers = await Promise.all(Array.from({ length: racers }, () => client.refresh(tokens.refreshToken)));
      for (const answer of answers) if (answer.status !== 200) assertOAuthError(answer, 400, 'invalid_grant');
      const got = answers.filter(({ status }) => status === 200).map(tokensOf);
      assert.ok(got.length >= 1, 'nobody won');
      // Were the family two generations further on, this would be reuse and end it.
      await client.refresh(tokens.refreshToken);
      for (const { accessToken } of got) await run.assertAlive(accessToken);
      const [first, ...siblings] = got;
      tokensOf(await client.refresh(first?.refreshToken ?? ''));
      const [sibling] = siblings;
      if (sibling !== undefined) tokensOf(await client.refresh(sibling.refreshToken));
      await run.assertAlive(tokens.accessToken);
    },
    withGrace,
  ),

  acceptanceCase('a refresh that races a revocation leaves nothing alive [OAUTH21-48, RFC7009-07]', async (run) => {
    const { client, tokens } = await run.connect();
    const refreshes = Array.from({ length: 10 }, (_, index) =>
      index === 5 ? client.revoke(tokens.refreshToken) : client.refresh(tokens.refreshToken),
    );
    const answers = await Promise.all(refreshes);
    const got = answers.filter(({ status, body }) => status === 200 && 'access_token' in body).map(tokensOf);
    for (const each of [tokens, ...got]) await run.assertAllDead(client, each);
  }),

  acceptanceCase(
    'a refresh token that lies unused expires, and each use gives it new life [CASE-69, OAUTH21-51, RFC9700-12]',
    async (run) => {
      const { client, tokens } = await run.connect();
      run.clock.advance(59 * minute);
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      run.clock.advance(59 * minute);
      const last = tokensOf(await client.refresh(next.refreshToken));
      await run.assertAlive(last.accessToken);
      run.clock.advance(61 * minute);
      assertOAuthError(await client.refresh(last.refreshToken), 400, 'invalid_grant');
    },
  ),

  acceptanceCase('no use carries a refresh token beyond the absolute end of its approval', async (run) => {
    const { client, tokens } = await run.connect();
    let current = tokens;
    for (let passed = 0; passed < 170; passed += 34) {
      run.clock.advance(34 * minute);
      current = tokensOf(await client.refresh(current.refreshToken));
    }
    run.clock.advance(11 * minute);
    assertOAuthError(await client.refresh(current.refreshToken), 400, 'invalid_grant');
  }),
];
