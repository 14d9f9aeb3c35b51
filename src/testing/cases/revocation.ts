import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { assertOAuthError } from '../acceptance-run.ts';
import { basicCredentials, tokensOf } from '../test-client.ts';

/** Token revocation. */
export const revocationCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'revoking an access token kills it with its refresh token [CASE-72, PITFALL-26, RFC7009-02, RFC7009-07]',
    async (run) => {
      const { client, tokens } = await run.connect({ authMethod: 'client_secret_post' });
      const answer = await client.revoke(tokens.accessToken);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      await run.assertAllDead(client, tokens);
    },
  ),

  acceptanceCase(
    'revoking a refresh token kills it with every access token of its grant [CASE-72, PITFALL-26, RFC7009-01, RFC7009-06]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      assert.equal((await client.revoke(next.refreshToken)).status, 200);
      await run.assertDead(tokens.accessToken, 'the access token from before the refresh');
      await run.assertAllDead(client, next);
    },
  ),

  acceptanceCase('revoking leaves other approvals of the same client alone [PITFALL-18]', async (run) => {
    const { client, tokens } = await run.connect();
    const other = await run.connectAgain(client);
    await client.revoke(tokens.refreshToken);
    await run.assertAlive(other.accessToken, 'the token of another approval');
    tokensOf(await client.refresh(other.refreshToken));
  }),

  acceptanceCase(
    'an unknown or already revoked token is answered like a live one [CASE-73, RFC7009-08]',
    async (run) => {
      const { client, tokens } = await run.connect();
      for (const token of ['unknown', tokens.accessToken, tokens.accessToken, tokens.refreshToken]) {
        const { status, text } = await client.revoke(token);
        assert.deepEqual({ status, text }, { status: 200, text: '' });
      }
    },
  ),

  acceptanceCase(
    "another client's tokens are left alone, with the same answer [CASE-74, PITFALL-21, RFC7009-04]",
    async (run) => {
      const { client, tokens } = await run.connect();
      const other = await run.client();
      for (const token of [tokens.accessToken, tokens.refreshToken]) {
        const { status, text } = await other.revoke(token);
        assert.deepEqual({ status, text }, { status: 200, text: '' });
      }
      await run.assertAlive(tokens.accessToken);
      tokensOf(await client.refresh(tokens.refreshToken));
    },
  ),

  acceptanceCase('public and Basic clients revoke without a secret in the body [CASE-75, PITFALL-25]', async (run) => {
    for (const authMethod of ['none', 'client_secret_basic'] as const) {
      const { client, tokens } = await run.connect({ authMethod });
      assert.equal((await client.revoke(tokens.accessToken)).status, 200);
      await run.assertAllDead(client, tokens);
    }
  }),

  acceptanceCase(
    'a wrong or unknown token_type_hint changes nothing [CASE-76, RFC7009-05, RFC7009-09]',
    async (run) => {
      const { client, tokens } = await run.connect();
      assert.equal((await client.revoke(tokens.refreshToken, { token_type_hint: 'access_token' })).status, 200);
      await run.assertAllDead(client, tokens);
      const again = await run.connectAgain(client);
      assert.equal((await client.revoke(again.accessToken, { token_type_hint: 'saml_assertion' })).status, 200);
      await run.assertAllDead(client, again);
    },
  ),

  acceptanceCase(
    'a client that fails authentication revokes nothing [CASE-77, RFC7009-03, RFC7009-10]',
    async (run) => {
      const { client, tokens } = await run.connect({ authMethod: 'client_secret_basic' });
      const authorization = basicCredentials(client.clientId, 'wrong');
      assertOAuthError(
        await client.post('revoke', { token: tokens.accessToken }, { authorization }),
        401,
        'invalid_client',
      );
      assertOAuthError(await client.revoke(tokens.accessToken, { token: undefined }), 400, 'invalid_request');
      await run.assertAlive(tokens.accessToken);
    },
  ),

  acceptanceCase(
    'revocation that is not enabled does not exist and is not advertised',
    async (run) => {
      const { client, tokens } = await run.connect();
      assert.equal((await client.revoke(tokens.accessToken)).status, 404);
      assert.equal('revocation_endpoint' in (await run.send('/.well-known/oauth-authorization-server')).body, false);
    },
    { options: { revocation: { enabled: false } } },
  ),
];
