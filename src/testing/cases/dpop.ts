import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import { DpopTestKey } from '../dpop-key.ts';
import type { Fixture } from '../harness.ts';
import { type TestClient, type Tokens, tokensOf } from '../test-client.ts';

/** A case that passes where the provider does not advertise DPoP. */
function dpopCase(name: string, act: (run: AcceptanceRun) => Promise<void>, fixture: Fixture = {}): AcceptanceCase {
  const whereAdvertised = async (run: AcceptanceRun) => {
    const { body } = await run.send('/.well-known/oauth-authorization-server');
    if (body['dpop_signing_alg_values_supported'] !== undefined) await act(run);
  };
  return acceptanceCase(name, whereAdvertised, fixture);
}

function tokenProof(run: AcceptanceRun, key: DpopTestKey, claims = {}): { readonly dpop: string } {
  return { dpop: key.proof({ url: run.provider.endpointUrl('token'), now: run.clock.now(), claims }) };
}

async function boundTokens(run: AcceptanceRun, client: TestClient, key: DpopTestKey): Promise<Tokens> {
  const code = await run.authorize(client);
  return tokensOf(await client.redeem(code, {}, tokenProof(run, key)));
}

/** Whether a request with this token and a proof of this key may pass. */
async function isHonoured(run: AcceptanceRun, accessToken: string, key: DpopTestKey, claims = {}): Promise<boolean> {
  const url = run.provider.settings.resource;
  const dpop = key.proof({ method: 'GET', url, now: run.clock.now(), accessToken, claims });
  const { token } = await run.callResource(undefined, {}, { authorization: `DPoP ${accessToken}`, dpop });
  return token !== undefined;
}

/** Tokens that are bound to a key of their client. */
export const dpopCases: readonly AcceptanceCase[] = [
  dpopCase(
    'an access token that is bound to a key opens the resource with that key only [RFC9449-05, RFC9449-21, RFC9449-23]',
    async (run) => {
      const [mine, others] = [new DpopTestKey(), new DpopTestKey()];
      const client = await run.client();
      const answer = await client.redeem(await run.authorize(client), {}, tokenProof(run, mine));
      assert.equal(answer.body['token_type'], 'DPoP');
      const { accessToken } = tokensOf(answer);
      assert.equal(await isHonoured(run, accessToken, mine), true, 'the holder of the key should get in');
      assert.equal(await isHonoured(run, accessToken, others), false, 'another key should not open it');
      await run.assertDead(accessToken, 'a bound token sent as Bearer');
      await run.assertNoSecretsKept();
    },
  ),

  dpopCase('of many requests with one proof exactly one passes [RFC9449-10, PITFALL-21]', async (run) => {
    const [mine, others] = [new DpopTestKey(), new DpopTestKey()];
    const client = await run.client();
    const { accessToken } = await boundTokens(run, client, mine);
    const claims = { jti: 'the only one' };
    const passed = await Promise.all(Array.from({ length: 20 }, () => isHonoured(run, accessToken, mine, claims)));
    assert.equal(passed.filter((admitted) => admitted).length, 1, 'a proof should count once');
    const { accessToken: another } = await boundTokens(run, client, others);
    assert.equal(await isHonoured(run, another, others, claims), true, 'identifiers of different keys should not meet');
  }),

  dpopCase(
    'the refresh tokens of a public client are bound to its key, through every rotation [RFC9449-14]',
    async (run) => {
      const [mine, others] = [new DpopTestKey(), new DpopTestKey()];
      const client = await run.client();
      let { refreshToken } = await boundTokens(run, client, mine);
      for (let round = 0; round < 2; round += 1) {
        assertOAuthError(await client.refresh(refreshToken), 400, 'invalid_grant');
        assertOAuthError(await client.refresh(refreshToken, {}, tokenProof(run, others)), 400, 'invalid_grant');
        const next = tokensOf(await client.refresh(refreshToken, {}, tokenProof(run, mine)));
        assert.equal(await isHonoured(run, next.accessToken, mine), true);
        refreshToken = next.refreshToken;
      }
    },
  ),

  dpopCase('a confidential client may change its key when it refreshes [RFC9449-15]', async (run) => {
    const [first, second] = [new DpopTestKey(), new DpopTestKey()];
    const client = await run.client({ authMethod: 'client_secret_basic' });
    const { refreshToken } = await boundTokens(run, client, first);
    const { accessToken } = tokensOf(await client.refresh(refreshToken, {}, tokenProof(run, second)));
    assert.equal(await isHonoured(run, accessToken, second), true);
    assert.equal(await isHonoured(run, accessToken, first), false);
  }),

  dpopCase('a code that was asked for with dpop_jkt is redeemed with that key only [RFC9449-17]', async (run) => {
    const [mine, others] = [new DpopTestKey(), new DpopTestKey()];
    const client = await run.client();
    const code = await run.authorize(client, { dpop_jkt: mine.thumbprint });
    assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
    assertOAuthError(await client.redeem(code, {}, tokenProof(run, others)), 400, 'invalid_grant');
    tokensOf(await client.redeem(code, {}, tokenProof(run, mine)));
  }),

  dpopCase(
    'a client that registered dpop_bound_access_tokens gets nothing without a proof [RFC9449-16]',
    async (run) => {
      const client = await run.client({ metadata: { dpop_bound_access_tokens: true } });
      assert.equal(client.registration['dpop_bound_access_tokens'], true);
      const code = await run.authorize(client);
      assertOAuthError(await client.redeem(code), 400, 'invalid_dpop_proof');
      tokensOf(await client.redeem(code, {}, tokenProof(run, new DpopTestKey())));
    },
  ),

  dpopCase(
    'where nonces are required a proof is told which it needs [RFC9449-19, RFC9449-20]',
    async (run) => {
      const key = new DpopTestKey();
      const client = await run.client();
      const code = await run.authorize(client);
      const refused = await client.redeem(code, {}, tokenProof(run, key));
      assertOAuthError(refused, 400, 'use_dpop_nonce');
      const nonce = refused.headers.get('dpop-nonce');
      assert.ok(nonce, 'there is no DPoP-Nonce');
      tokensOf(await client.redeem(code, {}, tokenProof(run, key, { nonce })));
    },
    { environment: { dpop: { nonce: 'required' } } },
  ),
];
