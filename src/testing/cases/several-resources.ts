import assert from 'node:assert/strict';
import type { Authentication } from '../../oauth/bearer/authenticate.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError, assertRedirectedError } from '../acceptance-run.ts';
import type { Fixture } from '../harness.ts';
import { type Tokens, tokensOf } from '../test-client.ts';

const notes = 'https://mcp.example.com/mcp';
const admin = 'https://mcp.example.com/admin/mcp';
const files = 'https://files.example.com/mcp';
const metadataOf = (path: string) => `/.well-known/oauth-protected-resource${path}`;
const minute = 60_000;

/** The usual server with two further resources: one beside it, which has a scope of the same name, and one elsewhere. */
const fixture: Fixture = {
  options: { clientRegistration: { enabled: true } },
  environment: {
    resources: {
      admin: {
        path: '/admin/mcp',
        name: 'Administration',
        scopes: { read: { tools: ['list_users'] }, manage: { implies: ['read'], tools: ['delete_user'] } },
        requiredScopes: ['read'],
        lifetimes: { accessToken: 2 * minute, refreshToken: 5 * minute },
      },
      files: { url: files, scopes: { fetch: {} } },
    },
  },
};

/** A case that passes where the provider was built with a single resource, whatever it was asked for. */
function severalResourcesCase(name: string, act: (run: AcceptanceRun) => Promise<void>): AcceptanceCase {
  const whereSeveral = async (run: AcceptanceRun) => {
    const { body } = await run.send('/.well-known/oauth-authorization-server');
    if (Array.isArray(body['protected_resources']) && body['protected_resources'].length > 1) await act(run);
  };
  return acceptanceCase(name, whereSeveral, fixture);
}

function tokensFor(run: AcceptanceRun, resource: string, scope?: string): Promise<Tokens> {
  return run.connect({}, { resource, scope }).then(({ tokens }) => tokens);
}

function assertRefused({ response }: Authentication, metadataUrl: string, what: string): void {
  assert.equal(response?.status, 401, what);
  const challenge = response.headers.get('www-authenticate') ?? '';
  assert.match(challenge, /error="invalid_token"/, what);
  assert.ok(challenge.includes(`resource_metadata="${metadataUrl}"`), `${what}: ${challenge}`);
}

async function callTool(run: AcceptanceRun, token: string, resource: string, name: string): Promise<number> {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } };
  return (await run.callResource(token, { resource, body })).response?.status ?? 200;
}

/** What a provider with more than one resource must keep apart. */
export const severalResourcesCases: readonly AcceptanceCase[] = [
  severalResourcesCase(
    'each resource that is served here has its own metadata, and the authorization server lists all [RFC9728-03, RFC9728-07, RFC9728-02, RFC9068-18]',
    async (run) => {
      const { body: server } = await run.send('/.well-known/oauth-authorization-server');
      assert.deepEqual(server['protected_resources'], [notes, admin, files]);
      assert.deepEqual(server['scopes_supported'], ['read', 'write', 'manage', 'fetch', 'offline_access']);
      const { body: own } = await run.send(metadataOf('/mcp'));
      assert.deepEqual([own['resource'], own['scopes_supported']], [notes, ['read', 'write']]);
      const { body: other } = await run.send(metadataOf('/admin/mcp'));
      assert.deepEqual([other['resource'], other['scopes_supported']], [admin, ['read', 'manage']]);
      assert.equal(other['resource_name'], 'Administration');
      assert.deepEqual(other['authorization_servers'], ['https://mcp.example.com']);
    },
  ),

  severalResourcesCase(
    'a token for one resource is nothing at another, whichever saw it first [CASE-82, PITFALL-10, MCP-AUTH-16, MCP-AUTH-19, MCP-SEC-21, RFC8707-04, RFC9068-14, RFC9068-18, RFC9728-08]',
    async (run) => {
      const own = await tokensFor(run, notes, 'read');
      const other = await tokensFor(run, admin, 'read');
      const elsewhere = await tokensFor(run, files);
      for (let turn = 0; turn < 2; turn += 1) {
        assert.ok((await run.callResource(own.accessToken, { resource: 'default' })).token);
        assertRefused(
          await run.callResource(own.accessToken, { resource: 'admin' }),
          metadataUrl(admin),
          'own at admin',
        );
        assert.ok((await run.callResource(other.accessToken, { resource: 'admin' })).token);
        assertRefused(
          await run.callResource(other.accessToken, { resource: 'default' }),
          metadataUrl(notes),
          'admin at own',
        );
        for (const resource of ['default', 'admin'])
          assert.equal((await run.callResource(elsewhere.accessToken, { resource })).response?.status, 401, resource);
      }
      assert.equal(
        await run.provider.verifyToken(other.accessToken),
        undefined,
        'verifyToken means the default resource',
      );
    },
  ),

  severalResourcesCase(
    'the path, the Host and the query of a request do not decide whose tokens are good [MCP-AUTH-19, MCP-HTTP-02]',
    async (run) => {
      const { accessToken } = await tokensFor(run, notes, 'read');
      const headers = { authorization: `Bearer ${accessToken}` };
      for (const url of [notes, `${notes}?resource=${notes}`, 'https://files.example.com/mcp', admin])
        assert.ok(
          (await run.provider.authenticate(new Request(url, { headers }), { resource: 'admin' })).response,
          url,
        );
      await assert.rejects(run.provider.authenticate(new Request(notes, { headers })), /several resources are served/);
    },
  ),

  severalResourcesCase(
    'a scope of the same name at two resources is two scopes [RFC9068-08, MCP-AUTH-26, MCP-AUTH-30]',
    async (run) => {
      const reader = await tokensFor(run, notes, 'read');
      assert.equal(await callTool(run, reader.accessToken, 'default', 'list_notes'), 200);
      assert.equal(await callTool(run, reader.accessToken, 'default', 'list_users'), 403);
      const manager = await tokensFor(run, admin, 'manage');
      assert.equal(await callTool(run, manager.accessToken, 'admin', 'list_users'), 200, 'manage implies read there');
      assert.equal(await callTool(run, manager.accessToken, 'admin', 'list_notes'), 403);
    },
  ),

  severalResourcesCase(
    'a scope of another resource is an invalid_scope, and scopes of two resources together too [RFC8707-07, RFC9068-08, RFC9068-20, RFC8707-05]',
    async (run) => {
      const client = await run.client();
      for (const [resource, scope] of [
        [admin, 'write'],
        [notes, 'manage'],
        [files, 'read'],
        [undefined, 'read fetch'],
      ]) {
        const { url, state } = client.prepareAuthorization({ resource, scope });
        const target = assertRedirectedError(run, await run.send(url.href), client.redirectUri, 'invalid_scope', state);
        assert.match(target.searchParams.get('error_description') ?? '', /^resource https:\/\/\S+ has no scope/);
      }
    },
  ),

  severalResourcesCase(
    'a request that names no resource is for the default one, and one that names no scope gets what its resource requires [RFC9068-10, PITFALL-30]',
    async (run) => {
      const { tokens } = await run.connect({}, { scope: undefined });
      assert.equal(tokens.scope, 'read');
      await run.assertAlive(tokens.accessToken);
      assert.equal((await tokensFor(run, admin)).scope, 'read');
      assert.equal((await tokensFor(run, files)).scope, 'fetch');
    },
  ),

  severalResourcesCase(
    'a code for one resource is not redeemed for another; without a resource it is for its own [CASE-65, PITFALL-10, RFC8707-06, RFC8707-08]',
    async (run) => {
      const client = await run.client();
      const code = await run.authorize(client, { resource: admin, scope: 'read' });
      for (const resource of [notes, files]) {
        assertOAuthError(await client.redeem(code, { resource }), 400, 'invalid_target');
      }
      const { accessToken } = tokensOf(await client.redeem(code));
      assert.ok((await run.callResource(accessToken, { resource: 'admin' })).token);
      await run.assertDead(accessToken);
    },
  ),

  severalResourcesCase(
    'a refresh token for one resource is not used for another; without a resource it is for its own [PITFALL-10, RFC8707-06, RFC8707-08]',
    async (run) => {
      const { client, tokens } = await run.connect({}, { resource: admin, scope: 'read manage' });
      for (const resource of [notes, files]) {
        assertOAuthError(await client.refresh(tokens.refreshToken, { resource }), 400, 'invalid_target');
      }
      const refreshed = tokensOf(await client.refresh(tokens.refreshToken, { scope: 'read' }));
      assert.ok((await run.callResource(refreshed.accessToken, { resource: 'admin' })).token);
      await run.assertDead(refreshed.accessToken);
      assertOAuthError(await client.refresh(refreshed.refreshToken, { scope: 'write' }), 400, 'invalid_scope');
    },
  ),

  severalResourcesCase('each resource has its own lifetimes [OAUTH21-52]', async (run) => {
    const own = await tokensFor(run, notes, 'read');
    const { client, tokens } = await run.connect({}, { resource: admin, scope: 'read' });
    assert.deepEqual([own.expiresIn, tokens.expiresIn], [600, 120]);
    run.clock.advance(2 * minute + 1000);
    assert.equal((await run.callResource(tokens.accessToken, { resource: 'admin' })).response?.status, 401);
    await run.assertAlive(own.accessToken);
    const refreshed = tokensOf(await client.refresh(tokens.refreshToken));
    assert.equal(refreshed.expiresIn, 120);
    run.clock.advance(5 * minute + 1000);
    assertOAuthError(await client.refresh(refreshed.refreshToken), 400, 'invalid_grant');
  }),

  severalResourcesCase(
    'revoking the tokens of one resource leaves those of the other alive [PITFALL-18]',
    async (run) => {
      const client = await run.client();
      const own = await run.connectAgain(client, { resource: notes, scope: 'read' });
      const other = await run.connectAgain(client, { resource: admin, scope: 'read' });
      assert.equal((await client.revoke(other.refreshToken)).status, 200);
      assert.equal((await run.callResource(other.accessToken, { resource: 'admin' })).response?.status, 401);
      await run.assertAlive(own.accessToken);
    },
  ),
];

function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${metadataOf(pathname)}`;
}
