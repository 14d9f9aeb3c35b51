import assert from 'node:assert/strict';
import { machineClient } from '../../oauth/client-credentials/machine-client.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import { TestClient, tokensOf } from '../test-client.ts';

const probe = { grant_type: 'refresh_token', refresh_token: 'unknown' } as const;
const machineGrant = { grant_type: 'client_credentials' } as const;

function offers({ provider }: AcceptanceRun, member: string, value: string): boolean {
  const offered = provider.serverMetadata()[member];
  return Array.isArray(offered) && offered.includes(value);
}

/** How clients prove who they are, and machines that act for themselves; each where the metadata offers it. */
export const clientAuthenticationCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a client that signs with its own key gets its tokens, and no assertion counts twice [CASE-20, OAUTH21-13, RFC7523-09]',
    async (run) => {
      if (!offers(run, 'token_endpoint_auth_methods_supported', 'private_key_jwt')) return;
      const { client, tokens } = await run.connect({ authMethod: 'private_key_jwt' });
      assert.equal(client.clientSecret, undefined);
      tokensOf(await client.refresh(tokens.refreshToken));
      const assertion = await client.assertion();
      assertOAuthError(await client.post('token', { ...probe, ...assertion }), 400, 'invalid_grant');
      assertOAuthError(await client.post('token', { ...probe, ...assertion }), 401, 'invalid_client');
      const stranger = await run.client({ authMethod: 'private_key_jwt' });
      const claims = { iss: client.clientId, sub: client.clientId };
      assertOAuthError(
        await client.post('token', { ...probe, ...(await stranger.assertion(claims)) }),
        401,
        'invalid_client',
      );
    },
  ),

  acceptanceCase(
    'guessing a client secret is slowed down, and the right one passes afterwards [OAUTH21-16]',
    async (run) => {
      const { client, tokens } = await run.connect({ authMethod: 'client_secret_basic' });
      const guess = { ...probe, client_id: client.clientId, client_secret: 'guess' };
      const attempt = () => client.post('token', guess, { authorization: '' });
      for (let failure = 0; failure < 4; failure += 1) assertOAuthError(await attempt(), 401, 'invalid_client');
      const delayed = await attempt();
      assertOAuthError(delayed, 429, 'temporarily_unavailable');
      assert.match(delayed.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      run.clock.advance(Number(delayed.headers.get('retry-after')) * 1000);
      tokensOf(await client.refresh(tokens.refreshToken));
    },
  ),

  acceptanceCase(
    'a machine gets an access token for itself, within its scopes, and never a refresh token [MCP-CC-02, MCP-CC-08, MCP-CC-09]',
    async (run) => {
      if (!offers(run, 'grant_types_supported', 'client_credentials')) return;
      const { client, secret = '' } = machineClient(
        { clientName: 'Machine', scopes: ['read'], credentials: 'client_secret_basic' },
        run.provider,
      );
      await run.provider.registerClient(client);
      const { clientId } = client;
      const machine = new TestClient(run.provider, {
        clientId,
        clientSecret: secret,
        authMethod: 'client_secret_basic',
        redirectUri: '',
      });
      const answer = await machine.post('token', machineGrant);
      const tokens = tokensOf(answer);
      assert.equal(tokens.refreshToken, '');
      await run.assertAlive(tokens.accessToken);
      const { token } = await run.callResource(tokens.accessToken);
      assert.equal(token?.subject, clientId);
      assertOAuthError(await machine.post('token', { ...machineGrant, scope: 'read write' }), 400, 'invalid_scope');
      const person = await run.client({ authMethod: 'client_secret_basic' });
      assertOAuthError(await person.post('token', machineGrant), 400, 'unauthorized_client');
    },
  ),
];
