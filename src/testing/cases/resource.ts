import assert from 'node:assert/strict';
import type { ResourceUri } from '../../core/ids.ts';
import type { AccessToken } from '../../core/records.ts';
import type { Authentication } from '../../oauth/bearer/authenticate.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, withMethod } from '../acceptance-run.ts';

const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';

function challengeOf(
  { response }: Authentication,
  status: number,
): { readonly text: string; readonly parameters: ReadonlyMap<string, string> } {
  assert.equal(response?.status, status);
  const text = response.headers.get('www-authenticate') ?? '';
  assert.match(text, /^Bearer /);
  const parameters = [...text.matchAll(/([a-z_]+)="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  assert.equal(new Set(parameters.map(([name]) => name)).size, parameters.length, 'a parameter appears twice');
  return { text, parameters: new Map(parameters) };
}

function assertInvalidToken(authentication: Authentication): void {
  const { parameters } = challengeOf(authentication, 401);
  assert.equal(parameters.get('error'), 'invalid_token');
  assert.equal(parameters.get('resource_metadata'), metadataUrl);
}

async function callTool(run: AcceptanceRun, accessToken: string, name: string): Promise<Authentication> {
  return run.callResource(accessToken, { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } } });
}

/** What `authenticate` lets through to the MCP endpoint. */
export const resourceCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a request without a token is told where to get one, and no error [CASE-78, MCP-AUTH-07, MCP-DISC-01, RFC6750-04, RFC6750-12, RFC9728-09]',
    async (run) => {
      const { parameters } = challengeOf(await run.callResource(undefined), 401);
      assert.equal(parameters.get('resource_metadata'), metadataUrl);
      assert.equal(parameters.get('scope'), 'read');
      assert.equal(parameters.has('error'), false);
    },
  ),

  acceptanceCase(
    'an unknown or altered token is refused [CASE-79, MCP-AUTH-18, RFC6750-10, RFC6750-13]',
    async (run) => {
      const { tokens } = await run.connect();
      const altered = `${tokens.accessToken.slice(0, -4)}${tokens.accessToken.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
      for (const token of ['unknown', altered, `${tokens.accessToken}x`, tokens.refreshToken])
        assertInvalidToken(await run.callResource(token));
    },
  ),

  acceptanceCase('a revoked token is refused [CASE-79, RFC7009-07]', async (run) => {
    const { client, tokens } = await run.connect();
    await run.assertAlive(tokens.accessToken);
    await client.revoke(tokens.accessToken);
    assertInvalidToken(await run.callResource(tokens.accessToken));
  }),

  acceptanceCase(
    'an access token works until its lifetime is over, and not longer [CASE-79, OAUTH21-52]',
    async (run) => {
      const { tokens } = await run.connect();
      assert.ok(tokens.expiresIn > 0 && tokens.expiresIn <= 600);
      run.clock.advance(599_000);
      await run.assertAlive(tokens.accessToken);
      run.clock.advance(2000);
      assertInvalidToken(await run.callResource(tokens.accessToken));
      assert.equal(await run.provider.verifyToken(tokens.accessToken), undefined);
    },
  ),

  acceptanceCase('the scheme and the header are read in any case [CASE-80, OAUTH21-54]', async (run) => {
    const { tokens } = await run.connect();
    for (const [name, scheme] of [
      ['authorization', 'bearer'],
      ['AUTHORIZATION', 'BEARER'],
      ['Authorization', 'BeArEr'],
    ] as const) {
      assert.ok(
        (await run.callResource(undefined, {}, { [name]: `${scheme} ${tokens.accessToken}` })).token,
        `${name}: ${scheme}`,
      );
    }
  }),

  acceptanceCase(
    'a token that lacks a required scope is told all that it needs [CASE-81, MCP-AUTH-25, MCP-AUTH-27, RFC6750-11]',
    async (run) => {
      const client = await run.client({ scope: 'read write' });
      const tokens = await run.connectAgain(client, { scope: 'write' });
      const { parameters } = challengeOf(await run.callResource(tokens.accessToken), 403);
      assert.equal(parameters.get('error'), 'insufficient_scope');
      assert.equal(parameters.get('scope'), 'read');
      assert.equal(parameters.get('resource_metadata'), metadataUrl);
      const more = challengeOf(await run.callResource(tokens.accessToken, { scopes: ['delete'] }), 403);
      assert.equal(more.parameters.get('scope'), 'read delete');
    },
  ),

  acceptanceCase('a tool call needs a scope that unlocks the tool [CASE-81, MCP-AUTH-26]', async (run) => {
    const client = await run.client({ scope: 'read write' });
    const reader = await run.connectAgain(client, { scope: 'read' });
    const writer = await run.connectAgain(client);
    assert.ok((await callTool(run, reader.accessToken, 'list_notes')).token);
    const { parameters } = challengeOf(await callTool(run, reader.accessToken, 'add_note'), 403);
    assert.equal(parameters.get('scope'), 'read write');
    assert.ok((await callTool(run, writer.accessToken, 'add_note')).token);
    const locked = await callTool(run, writer.accessToken, 'no_such_tool');
    assert.equal(locked.response?.status, 403);
    assert.equal(locked.response?.headers.get('www-authenticate'), null, 'no scope would help, so none is asked for');
  }),

  acceptanceCase(
    'a scope that implies others satisfies what they are needed for [MCP-AUTH-30]',
    async (run) => {
      const { tokens } = await run.connect({ scope: 'admin' }, { scope: 'admin' });
      for (const tool of ['list_notes', 'erase'])
        assert.ok((await callTool(run, tokens.accessToken, tool)).token, tool);
    },
    {
      options: { clientRegistration: { enabled: true } },
      environment: { scopes: { read: { tools: ['list_notes'] }, admin: { implies: ['read'], tools: ['erase'] } } },
    },
  ),

  acceptanceCase(
    'a token for another resource is refused, and so is an expired one, whatever verifyToken says [CASE-82, PITFALL-09, MCP-AUTH-16, RFC8707-04]',
    async (run) => {
      const { tokens } = await run.connect();
      const record = await run.provider.verifyToken(tokens.accessToken);
      assert.ok(record);
      assert.equal(record.resource, run.provider.settings.resource);
      const wrong: AccessToken[] = [
        { ...record, resource: 'https://other.example/mcp' as ResourceUri },
        { ...record, expiresAt: run.clock.now() },
      ];
      for (const each of wrong) {
        await withMethod(
          run.provider,
          'verifyToken',
          async () => each,
          async () => {
            assertInvalidToken(await run.callResource(tokens.accessToken));
          },
        );
      }
    },
  ),

  acceptanceCase(
    'a token anywhere but in the Authorization header counts as absent [CASE-83, MCP-AUTH-14, OAUTH21-53, RFC6750-02, RFC6750-03]',
    async (run) => {
      const { tokens } = await run.connect();
      const { resource } = run.provider.settings;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const requests = [
        new Request(`${resource}?access_token=${tokens.accessToken}`),
        new Request(resource, { headers: { cookie: `access_token=${tokens.accessToken}` } }),
        new Request(resource, { method: 'POST', headers, body: `access_token=${tokens.accessToken}` }),
      ];
      for (const request of requests) {
        const { parameters } = challengeOf(await run.provider.authenticate(request), 401);
        assert.equal(parameters.has('error'), false);
      }
    },
  ),

  acceptanceCase(
    'a request with a foreign Origin or Host is refused before its token is looked at [PITFALL-33, MCP-HTTP-01, MCP-HTTP-02]',
    async (run) => {
      const { tokens } = await run.connect();
      for (const headers of [{ origin: 'https://evil.example' }, { host: 'evil.example' }, { origin: 'null' }]) {
        assert.equal(
          (await run.callResource(tokens.accessToken, {}, headers)).response?.status,
          403,
          JSON.stringify(headers),
        );
      }
      for (const headers of [{ origin: 'https://mcp.example.com' }, { host: 'mcp.example.com' }]) {
        assert.ok((await run.callResource(tokens.accessToken, {}, headers)).token, JSON.stringify(headers));
      }
    },
  ),

  acceptanceCase(
    'headers that tell another story than the body are refused [MCP-HTTP-04, MCP-HTTP-05]',
    async (run) => {
      const { tokens } = await run.connect();
      const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'add_note' } };
      for (const headers of [{ 'mcp-method': 'tools/list' }, { 'mcp-name': 'list_notes' }]) {
        const { response } = await run.callResource(tokens.accessToken, { body }, headers);
        assert.equal(response?.status, 400, JSON.stringify(headers));
        assert.match(await response.text(), /-32020/);
      }
    },
  ),
];
