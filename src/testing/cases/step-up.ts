import assert from 'node:assert/strict';
import type { Authentication } from '../../oauth/bearer/authenticate.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertRedirectedError } from '../acceptance-run.ts';
import type { Fixture } from '../harness.ts';
import { tokensOf } from '../test-client.ts';

const minute = 60_000;

/** A tool that wants a sign-in of the last five minutes, beside one that wants nothing. */
const fixture: Fixture = {
  environment: {
    scopes: {
      read: { tools: ['list_notes'] },
      write: { tools: ['add_note', 'wipe'], toolSignIn: { wipe: { maxAgeSeconds: 300 } } },
    },
  },
};

function call(run: AcceptanceRun, accessToken: string, name: string): Promise<Authentication> {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } };
  return run.callResource(accessToken, { body });
}

async function assertSignInWanted(run: AcceptanceRun, accessToken: string): Promise<void> {
  const { response } = await call(run, accessToken, 'wipe');
  assert.equal(response?.status, 401);
  const challenge = response.headers.get('www-authenticate') ?? '';
  assert.match(challenge, /^Bearer error="insufficient_user_authentication"/);
  assert.match(challenge, /max_age="300"/);
  assert.match(challenge, /scope="read write"/);
  assert.match(challenge, /resource_metadata="/);
}

async function acrValuesOf(run: AcceptanceRun): Promise<readonly string[]> {
  const { body } = await run.send('/.well-known/oauth-authorization-server');
  return Array.isArray(body['acr_values_supported']) ? body['acr_values_supported'].map(String) : [];
}

/** Tools that want a recent or a stronger sign-in. */
export const stepUpCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a tool that wants a recent sign-in is closed to a token whose user signed in longer ago, and no other tool is [RFC9470-01, RFC9470-03, RFC9470-07]',
    async (run) => {
      const { tokens } = await run.connect();
      assert.ok((await call(run, tokens.accessToken, 'wipe')).token, 'the user has just signed in');
      run.clock.advance(5 * minute + 1000);
      await assertSignInWanted(run, tokens.accessToken);
      await assertSignInWanted(run, tokens.accessToken);
      assert.ok((await call(run, tokens.accessToken, 'add_note')).token);
    },
    fixture,
  ),

  acceptanceCase(
    'a refreshed token is as old as the sign-in of its grant; a new authorization is as new as its own [RFC9470-08, RFC9470-04]',
    async (run) => {
      const { client, tokens } = await run.connect();
      run.clock.advance(6 * minute);
      const refreshed = tokensOf(await client.refresh(tokens.refreshToken));
      await assertSignInWanted(run, refreshed.accessToken);
      const again = await run.connectAgain(client, { max_age: '300' });
      assert.ok((await call(run, again.accessToken, 'wipe')).token);
    },
    fixture,
  ),

  acceptanceCase('max_age is a number of seconds or nothing [RFC9470-04]', async (run) => {
    const client = await run.client();
    for (const wrong of ['-1', 'abc', '1.5', '1e3', '0x10', ' 5', '\u0661', '9'.repeat(11)]) {
      const { url, state } = client.prepareAuthorization({ max_age: wrong });
      assertRedirectedError(run, await run.send(url.href), client.redirectUri, 'invalid_request', state);
    }
    for (const right of ['0', '1', '9999999999', ''])
      tokensOf(await client.redeem(await run.authorize(client, { max_age: right })));
  }),

  acceptanceCase(
    'a way of signing in that the server does not have is an unmet requirement [RFC9470-05, RFC9470-06]',
    async (run) => {
      const client = await run.client();
      const { url, state } = client.prepareAuthorization({ acr_values: 'urn:example:retina urn:example:gait' });
      const answer = await run.send(url.href);
      assertRedirectedError(run, answer, client.redirectUri, 'unmet_authentication_requirements', state);
    },
  ),

  acceptanceCase(
    'a way of signing in that is advertised can be had, and is named in the token [RFC9470-05, RFC9470-07, RFC9470-09]',
    async (run) => {
      const [weakest, ...stronger] = await acrValuesOf(run);
      if (weakest === undefined) return;
      const client = await run.client();
      const code = await run.authorize(client, { acr_values: `urn:example:retina ${weakest}` });
      const { accessToken } = tokensOf(await client.redeem(code));
      const { token } = await run.callResource(accessToken);
      assert.ok([weakest, ...stronger].includes(String(token?.claims['acr'])), `acr is ${token?.claims['acr']}`);
    },
  ),
];
