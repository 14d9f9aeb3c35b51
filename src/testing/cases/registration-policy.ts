import assert from 'node:assert/strict';
import { hashSecret } from '../../core/hash.ts';
import type { ClientId } from '../../core/ids.ts';
import type { RegistrationPolicy } from '../../core/settings.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AcceptanceCase } from '../acceptance-case.ts';
import { AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import { fixtureOptions } from '../harness.ts';
import { type Answer, createTestClient, jsonPost } from '../test-client.ts';

const metadata = { redirect_uris: ['http://localhost:9999/cb'], token_endpoint_auth_method: 'none', scope: 'read' };

/** A case that passes where the provider does not implement the method that the policy needs. */
function policyCase(
  name: string,
  policy: Extract<RegistrationPolicy, 'token' | 'approval'>,
  act: (run: AcceptanceRun) => Promise<void>,
): AcceptanceCase {
  const needs = { token: 'registerInvitedClient', approval: 'registerPendingClient' } as const;
  return {
    name,
    requirements: (/\[([^\]]+)\]$/.exec(name)?.[1] ?? '').split(', '),
    run: async (createHarness) => {
      const open = async (options = {}) => AcceptanceRun.open(createHarness, options);
      const probe = await open();
      const isImplemented = probe.provider[needs[policy]] !== undefined;
      await probe.close();
      if (!isImplemented) return;
      const { validScopes = [], defaultScopes = [] } = fixtureOptions.clientRegistration ?? {};
      const run = await open({ options: { clientRegistration: { policy, validScopes, defaultScopes } } });
      try {
        await act(run);
      } finally {
        await run.close();
      }
    },
  };
}

function register(run: AcceptanceRun, token?: string): Promise<Answer> {
  const request = jsonPost(run.provider.endpointUrl('register'), metadata);
  if (token !== undefined) request.headers.set('authorization', `Bearer ${token}`);
  return run.send(request);
}

function find(provider: OAuthProvider, { body }: Answer): ReturnType<OAuthProvider['getClient']> {
  return provider.getClient(body['client_id'] as ClientId);
}

/** The registration policies `token` and `approval`, where the provider implements them. */
export const registrationPolicyCases: readonly AcceptanceCase[] = [
  policyCase(
    'a client that brings no initial access token, or a wrong one, is not stored [RFC7591-19]',
    'token',
    async (run) => {
      const { provider } = run;
      assertOAuthError(await register(run), 401, 'invalid_token');
      assertOAuthError(await register(run, 'wrong'), 401, 'invalid_token');
      // Asked of the store itself, whose answer is all that stands between a stranger and the clients.
      const client = {
        clientId: 'never-invited' as ClientId,
        tokenEndpointAuthMethod: 'none',
        redirectUris: metadata.redirect_uris,
        grantTypes: ['authorization_code'],
        responseTypes: ['code'],
        scopes: ['read'],
        registeredBy: 'dynamic',
        issuedAt: provider.clock.now(),
        admission: 'invited',
      } as const;
      assert.equal(await provider.registerInvitedClient?.(client, hashSecret('wrong')), false);
      assert.equal(await provider.getClient(client.clientId), undefined, 'it was refused, and is there all the same');
    },
  ),

  policyCase(
    'of any number of clients with one initial access token, as many get in as it is good for [RFC7591-20]',
    'token',
    async (run) => {
      const token = await run.invite(3);
      if (token === undefined) return;
      const answers = await Promise.all(Array.from({ length: 20 }, () => register(run, token)));
      const stored = answers.filter(({ status }) => status === 201);
      assert.equal(stored.length, 3, 'a token for three clients should let three in');
      for (const answer of answers) if (answer.status !== 201) assertOAuthError(answer, 401, 'invalid_token');
      for (const answer of stored) assert.equal((await find(run.provider, answer))?.admission, 'invited');
    },
  ),

  policyCase(
    'a client that waits for approval is handed out as waiting, and gets nothing [RFC7591-21]',
    'approval',
    async (run) => {
      const answer = await register(run);
      assert.equal(answer.status, 201, answer.text);
      const client = await find(run.provider, answer);
      assert.equal(client?.admission, 'pending', 'getClient should hand out that the client waits');
      const authorize = new URL(run.provider.endpointUrl('authorize'));
      authorize.search = String(
        new URLSearchParams({
          response_type: 'code',
          client_id: client?.clientId ?? '',
          code_challenge: 'x'.repeat(43),
        }),
      );
      assertOAuthError(await run.send(authorize.href), 400, 'unauthorized_client');
      const { replaceRegistration } = run.provider;
      if (client === undefined || replaceRegistration === undefined) return;
      const changed = { ...client, clientName: 'Another' };
      assert.equal(
        await replaceRegistration.call(run.provider, changed, client),
        false,
        'what waits for approval should not change under the eyes of who looks at it',
      );
      assert.equal((await find(run.provider, answer))?.clientName, undefined);
    },
  ),

  policyCase('an approved client goes on like any other [RFC7591-21]', 'approval', async (run) => {
    if (!run.approvesClients) return;
    const client = await createTestClient(run.provider, { scope: 'read' });
    await run.approveClient(client.clientId);
    const { accessToken } = await run.connectAgain(client, { scope: 'read' });
    await run.assertAlive(accessToken);
  }),
];
