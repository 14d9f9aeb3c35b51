import assert from 'node:assert/strict';
import type { ClientId } from '../../core/ids.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import { DocumentHost } from '../document-host.ts';
import type { Fixture } from '../harness.ts';
import { TestClient, tokensOf } from '../test-client.ts';
import { TestClientKey } from '../test-client-key.ts';

const clientId = 'https://app.example.com/client.json';
const serverMetadata = '/.well-known/oauth-authorization-server';
const redirectUri = 'http://localhost:9999/cb';

/** A case that passes where the provider does not say that it accepts clients by their documents. */
function documentCase(
  name: string,
  act: (run: AcceptanceRun, host: DocumentHost) => Promise<void>,
  fixture: Fixture = {},
): AcceptanceCase {
  const host = new DocumentHost();
  const whereAdvertised = async (run: AcceptanceRun) => {
    host.publish(clientId);
    host.asked.length = 0;
    if (await isAdvertised(run)) await act(run, host);
  };
  return acceptanceCase(name, whereAdvertised, { ...fixture, environment: { ...fixture.environment, egress: host } });
}

async function isAdvertised(run: AcceptanceRun): Promise<boolean> {
  const { body } = await run.send(serverMetadata);
  return body['client_id_metadata_document_supported'] === true;
}

function publishedClient(run: AcceptanceRun): TestClient {
  return new TestClient(run.provider, { clientId, authMethod: 'none', redirectUri });
}

async function connected(run: AcceptanceRun, scope = 'read write') {
  const client = publishedClient(run);
  return { client, tokens: tokensOf(await client.redeem(await run.authorize(client, { scope }))) };
}

/** Asserts that an authorization request ends with an answer to the person, and that nobody is redirected. */
async function assertRefused(run: AcceptanceRun, client: TestClient, status: number, code: string): Promise<void> {
  const answer = await run.send(client.prepareAuthorization().url.href);
  assertOAuthError(answer, status, code);
}

/** What a provider that accepts clients by their metadata documents must keep. */
export const metadataDocumentCases: readonly AcceptanceCase[] = [
  documentCase(
    'a client comes with the URL of its document, authorizes, refreshes and revokes without registering [CIMD-07, CIMD-19, CIMD-21, MCP-AUTH-03, MCP-REG-01, MCP-REG-03]',
    async (run, host) => {
      const { client, tokens } = await connected(run);
      assert.equal(tokens.scope, 'read write');
      await run.assertAlive(tokens.accessToken);
      const asked = host.asked.length;
      const next = tokensOf(await client.refresh(tokens.refreshToken));
      assert.equal((await client.revoke(next.refreshToken)).status, 200);
      await run.assertAllDead(client, next);
      assert.equal(host.asked.length, asked, 'the document is not needed for tokens');
    },
  ),

  documentCase(
    'a client id that is a URL is unknown at the token and revocation endpoints before an authorization, and nothing is fetched for it',
    async (run, host) => {
      const client = publishedClient(run);
      assertOAuthError(await client.refresh('x'), 401, 'invalid_client');
      assertOAuthError(await client.redeem({ code: 'x', verifier: 'v'.repeat(43) }), 401, 'invalid_client');
      assertOAuthError(await client.revoke('x'), 401, 'invalid_client');
      assert.deepEqual(host.asked, []);
    },
  ),

  documentCase(
    'a document that is for another URL, malformed, or with a shared secret makes no client [CIMD-10, CIMD-11, CIMD-12, MCP-REG-04, MCP-REG-07]',
    async (run, host) => {
      const client = publishedClient(run);
      for (const members of [
        { client_id: 'https://app.example.com/other.json' },
        { client_id: `${clientId}/` },
        { client_id: undefined },
        { client_name: undefined },
        { redirect_uris: undefined },
        { redirect_uris: ['javascript:alert(1)'] },
        { client_secret: 'x' },
        { client_secret_expires_at: 0 },
        { token_endpoint_auth_method: 'client_secret_basic' },
        { token_endpoint_auth_method: 'client_secret_post' },
        { token_endpoint_auth_method: 'client_secret_jwt' },
        { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
      ]) {
        host.publish(clientId, members);
        await assertRefused(run, client, 400, 'invalid_client');
      }
      for (const text of ['', 'null', '[]', '"x"', '{', '<html>']) {
        host.publishText(clientId, text);
        await assertRefused(run, client, 400, 'invalid_client');
      }
      assert.equal(await run.provider.getClient(clientId as ClientId), undefined, 'none of these may be stored');
    },
  ),

  documentCase(
    'the redirect URI is one of those in the document, and nobody is sent elsewhere [CIMD-18, MCP-REG-06]',
    async (run) => {
      const client = publishedClient(run);
      const { url } = client.prepareAuthorization({ redirect_uri: 'https://evil.example/cb' });
      assertOAuthError(await run.send(url.href), 400, 'invalid_request');
      const loopback = client.prepareAuthorization({ redirect_uri: 'http://localhost:51234/cb' });
      assert.ok((await run.arrive(loopback.url)).href.startsWith('http://localhost:51234/cb?'));
    },
  ),

  documentCase('a document that changed counts as it is now, and what was granted goes on', async (run, host) => {
    const { client, tokens } = await connected(run);
    host.publish(clientId, { client_name: 'Renamed', redirect_uris: ['https://app.example.com/cb'] });
    assertOAuthError(await run.send(client.prepareAuthorization().url.href), 400, 'invalid_request');
    await run.arrive(client.prepareAuthorization({ redirect_uri: 'https://app.example.com/cb' }).url);
    assert.equal((await run.provider.getClient(clientId as ClientId))?.clientName, 'Renamed');
    await run.assertAlive(tokens.accessToken);
    tokensOf(await client.refresh(tokens.refreshToken));
  }),

  documentCase('a document that is gone begins nothing new, and ends nothing [CIMD-14]', async (run, host) => {
    const { client, tokens } = await connected(run);
    host.withdraw(clientId);
    await assertRefused(run, client, 400, 'invalid_client');
    await run.assertAlive(tokens.accessToken);
    tokensOf(await client.refresh(tokens.refreshToken));
  }),

  documentCase(
    'two installs share the client id, and one that is revoked leaves the other alone [PITFALL-18]',
    async (run) => {
      const [one, other] = [await connected(run), await connected(run)];
      assert.equal((await one.client.revoke(one.tokens.refreshToken)).status, 200);
      await run.assertAllDead(one.client, one.tokens);
      await run.assertAlive(other.tokens.accessToken);
      tokensOf(await other.client.refresh(other.tokens.refreshToken));
    },
  ),

  documentCase(
    'a client whose document has keys authenticates with them, and with those of the day [CIMD-20]',
    async (run, host) => {
      const { body: metadata } = await run.send(serverMetadata);
      if (!(metadata['token_endpoint_auth_methods_supported'] as string[]).includes('private_key_jwt')) return;
      const [old, fresh] = [TestClientKey.generate('EdDSA', 'old'), TestClientKey.generate('ES256', 'fresh')];
      const withKey = (key: TestClientKey) =>
        new TestClient(run.provider, { clientId, authMethod: 'private_key_jwt', redirectUri, key });
      const method = { token_endpoint_auth_method: 'private_key_jwt' };
      host.publish(clientId, { ...method, jwks: old.jwks });
      const code = await run.authorize(withKey(old), { scope: 'read' });
      assertOAuthError(await publishedClient(run).redeem(code), 401, 'invalid_client');
      assertOAuthError(await withKey(fresh).redeem(code), 401, 'invalid_client');
      const tokens = tokensOf(await withKey(old).redeem(code));
      host.publish(clientId, { ...method, jwks: fresh.jwks });
      assertOAuthError(await withKey(old).refresh(tokens.refreshToken), 401, 'invalid_client');
      const next = tokensOf(await withKey(fresh).refresh(tokens.refreshToken));
      host.withdraw(clientId);
      tokensOf(await withKey(fresh).refresh(next.refreshToken));
    },
  ),

  documentCase(
    'a document claims nothing that registration would not give [PITFALL-16]',
    async (run, host) => {
      host.publish(clientId, {
        scope: 'read admin openid',
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', 'urn:example:other'],
        registeredBy: 'administrator',
        registered_by: 'administrator',
        skip_consent: true,
        scopes: ['admin'],
      });
      await connected(run, 'read');
      const stored = await run.provider.getClient(clientId as ClientId);
      assert.deepEqual(stored?.scopes, ['read']);
      assert.deepEqual(stored?.grantTypes, ['authorization_code', 'refresh_token']);
      assert.equal(stored?.registeredBy, 'metadata_document');
      assert.equal('skip_consent' in stored, false);
    },
    { options: { clientRegistration: { enabled: true, validScopes: ['read', 'write'], defaultScopes: ['read'] } } },
  ),

  acceptanceCase(
    'metadata documents are not advertised where none can be had, and their clients are refused [PITFALL-19]',
    async (run) => {
      assert.equal(await isAdvertised(run), false);
      const answer = await run.send(publishedClient(run).prepareAuthorization().url.href);
      assertOAuthError(answer, 400, 'invalid_client', 'invalid_request');
    },
  ),
];
