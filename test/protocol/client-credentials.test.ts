import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/core/records.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { machineClient, type NewMachineClient } from '../../src/oauth/client-credentials/machine-client.ts';
import { type Answer, createTestClient, TestClient, tokensOf } from '../../src/testing/test-client.ts';
import { TestClientKey } from '../../src/testing/test-client-key.ts';
import { base, expectError, type Peer, peersOf, providers, redirectUri, resource } from './support.ts';

const grant = { grant_type: 'client_credentials' } as const;

/** Puts a machine client into the store, as an administrator does, and hands out what acts as it. */
async function machine({ provider }: Peer, changes: Partial<NewMachineClient> = {}, record: Partial<Client> = {}) {
  const key = TestClientKey.generate();
  const credentials = { jwks: key.jwks } as NewMachineClient['credentials'];
  const made = machineClient({ clientName: 'Nightly report', scopes: ['read'], credentials, ...changes }, provider);
  const client = { ...made.client, ...record };
  await provider.registerClient(client);
  return new TestClient(provider, {
    clientId: client.clientId,
    authMethod: client.tokenEndpointAuthMethod,
    redirectUri,
    key,
    ...(made.secret === undefined ? {} : { clientSecret: made.secret }),
  });
}

function refusal({ status, body }: Answer): string {
  return `${status} ${String(body['error'])}`;
}

describe.each(providers)('client credentials at $name', (kind) => {
  const peer = peersOf(kind);

  it('are advertised, with the ways to authenticate [MCP-CC-03, MCP-CC-04]', async () => {
    const metadata = (await peer()).provider.serverMetadata() as Record<string, string[]>;
    expect(metadata['grant_types_supported']).toContain('client_credentials');
    expect(metadata['token_endpoint_auth_methods_supported']).toContain('private_key_jwt');
    expect(metadata['token_endpoint_auth_signing_alg_values_supported']).toContain('EdDSA');
  });

  it('give a machine that signs one access token for the resource, without client_id and without a refresh token [MCP-CC-02, MCP-CC-06, MCP-CC-08]', async () => {
    const server = await peer();
    const answer = await (await machine(server)).post('token', { ...grant, resource });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(answer.body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'read' });
    expect(await server.mcpStatus(tokensOf(answer).accessToken)).toBe(200);
  });

  it.each(['client_secret_basic', 'client_secret_post'] as const)(
    'give one to a machine with %s [MCP-CC-02]',
    async (credentials) => {
      const server = await peer();
      const client = await machine(server, { credentials });
      expect(await server.mcpStatus(tokensOf(await client.post('token', grant)).accessToken)).toBe(200);
      expect(
        refusal(
          await client.post(
            'token',
            { ...grant, client_id: client.clientId, client_secret: 'x' },
            { authorization: '' },
          ),
        ),
      ).toBe('401 invalid_client');
    },
  );

  it('are not given without end: a machine that never keeps a token waits, and nobody else with it [PITFALL-15]', async () => {
    const server = await peer({ environment: { machineTokens: { limit: 5, window: 60_000 } } });
    const [client, other] = [await machine(server), await machine(server)];
    const ask = () => client.post('token', grant);
    expect((await client.post('token', { ...grant, scope: 'write' })).status).toBe(400);
    const together = await Promise.all(Array.from({ length: 20 }, ask));
    const given = together.filter(({ status }) => status === 200);
    expect(given).toHaveLength(5);
    for (const answer of together) {
      if (answer.status === 200) continue;
      expect(refusal(answer)).toBe('429 temporarily_unavailable');
      expect(answer.headers.get('retry-after')).toBe('60');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    for (const answer of given) expect(await server.mcpStatus(tokensOf(answer).accessToken)).toBe(200);
    expect((await other.post('token', grant)).status).toBe(200);
    expect(server.running.events.filter(({ name }) => name === 'request.rate_limited')[0]).toMatchObject({
      clientId: client.clientId,
      reason: expect.stringContaining('clientCredentials.tokenLimit'),
    });
    server.running.clock.advance(59_999);
    expect((await ask()).headers.get('retry-after')).toBe('1');
    server.running.clock.advance(1);
    expect((await ask()).status).toBe(200);
  });

  it('are given to a thousand copies of a service that keep their tokens, by default', async () => {
    const server = await peer();
    const client = await machine(server);
    for (let copy = 0; copy < 1000; copy += 1) expect((await client.post('token', grant)).status).toBe(200);
  });

  it('the subject is the client, for the application and for the log [MCP-CC-09, RFC9700-24]', async () => {
    const server = await peer();
    const client = await machine(server);
    const { accessToken } = tokensOf(await client.post('token', grant));
    const { token } = await server.mcp({ authorization: `Bearer ${accessToken}` });
    expect(token).toMatchObject({ subject: client.clientId, clientId: client.clientId, scopes: ['read'], resource });
    expect(server.running.events.filter(({ name }) => name === 'token.issued')).toMatchObject([
      { clientId: client.clientId, subject: client.clientId },
    ]);
    if (kind.name === 'Portcullis')
      expect(decodeJwt(accessToken)).toMatchObject({ sub: client.clientId, client_id: client.clientId, aud: resource });
  });

  it('scopes are those asked for, never beyond the ceiling of the client [MCP-CC-05]', async () => {
    const server = await peer();
    const client = await machine(server, { scopes: ['read', 'write'] });
    expect((await client.post('token', { ...grant, scope: 'write' })).body['scope']).toBe('write');
    expect((await client.post('token', { ...grant, scope: 'read offline_access' })).body['scope']).toBe('read');
    const narrow = await machine(server);
    for (const scope of ['write', 'read write', 'unknown', 'read\u00e9']) {
      expect(refusal(await narrow.post('token', { ...grant, scope })), scope).toBe('400 invalid_scope');
    }
  });

  it('the resource is one that is served here [MCP-CC-05]', async () => {
    const server = await peer();
    const client = await machine(server);
    for (const other of ['https://other.example/mcp', base, `${resource}#x`]) {
      expect(refusal(await client.post('token', { ...grant, resource: other })), other).toBe('400 invalid_target');
    }
  });

  it('a public client and one that registered itself are refused, whatever a store says of them [MCP-CC-01, MCP-CC-07, PITFALL-16]', async () => {
    const server = await peer();
    for (const authMethod of ['none', 'client_secret_basic', 'private_key_jwt'] as const) {
      const client = await createTestClient(server.provider, { authMethod });
      expect(refusal(await client.post('token', grant)), authMethod).toBe('400 unauthorized_client');
    }
    for (const grant_types of [['client_credentials'], ['authorization_code', 'client_credentials']]) {
      const response = await server.registration({ redirect_uris: [redirectUri], grant_types });
      await expectError(response, 400, 'invalid_client_metadata');
    }
    const open = await machine(server, {}, { tokenEndpointAuthMethod: 'none' });
    expect(refusal(await open.post('token', grant))).toBe('400 unauthorized_client');
    const itself = await machine(server, {}, { registeredBy: 'dynamic' });
    expect(refusal(await itself.post('token', grant))).toBe('400 unauthorized_client');
  });

  it('a client that is not who it says, or has no credentials, gets nothing [MCP-CC-07]', async () => {
    const server = await peer();
    const client = await machine(server);
    const attempts = [
      { client_id: client.clientId, client_assertion: undefined, client_assertion_type: undefined },
      await client.assertion({ aud: 'https://other.example' }),
      await client.assertion({ iss: 'another', sub: 'another' }),
    ];
    for (const attempt of attempts)
      expect(refusal(await client.post('token', { ...grant, ...attempt }))).toBe('401 invalid_client');
  });

  it('a machine cannot authorize, push, redeem, refresh or exchange its way to more [MCP-CC-07, MCP-CC-08]', async () => {
    const server = await peer();
    const client = await machine(server);
    const { accessToken } = tokensOf(await client.post('token', grant));
    const page = await server.send(
      `/authorize?response_type=code&client_id=${client.clientId}&redirect_uri=${redirectUri}`,
    );
    expect(page.status).toBe(400);
    expect(page.headers.get('location')).toBeNull();
    for (const parameters of [
      { grant_type: 'authorization_code', code: 'x', code_verifier: 'v'.repeat(43) },
      { grant_type: 'refresh_token', refresh_token: accessToken },
      { grant_type: 'refresh_token', refresh_token: 'x', scope: 'read write' },
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: accessToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
    ]) {
      const answer = refusal(await client.post('token', parameters));
      expect(['400 unauthorized_client', '400 unsupported_grant_type'], parameters.grant_type).toContain(answer);
    }
  });

  it('its token is revoked by itself, and by nobody else', async () => {
    const server = await peer();
    const client = await machine(server);
    const other = await machine(server);
    const { accessToken } = tokensOf(await client.post('token', grant));
    expect((await other.revoke(accessToken)).status).toBe(200);
    expect(await server.mcpStatus(accessToken)).toBe(200);
    expect((await client.revoke(accessToken)).status).toBe(200);
    expect(await server.mcpStatus(accessToken)).toBe(401);
  });

  it('each token expires with its own time', async () => {
    const server = await peer();
    const client = await machine(server);
    const { accessToken, expiresIn } = tokensOf(await client.post('token', grant));
    server.running.clock.advance(expiresIn * 1000);
    expect(await server.mcpStatus(accessToken)).toBe(401);
  });
});

it('client credentials are not there where a provider cannot issue access tokens on the spot', async () => {
  class Without extends InMemoryProvider {}
  Object.defineProperty(Without.prototype, 'issueAccessToken', { value: undefined });
  const provider = new Without({ baseUrl: base });
  expect(provider.serverMetadata()['grant_types_supported']).not.toContain('client_credentials');
  const made = machineClient({ clientName: 'A', scopes: ['read'], credentials: 'client_secret_basic' }, provider);
  await provider.registerClient(made.client);
  const client = new TestClient(provider, {
    clientId: made.client.clientId,
    clientSecret: made.secret ?? '',
    authMethod: 'client_secret_basic',
    redirectUri,
  });
  expect(refusal(await client.post('token', grant))).toBe('400 unsupported_grant_type');
});
