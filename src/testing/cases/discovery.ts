import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { AcceptanceRun } from '../acceptance-run.ts';
import type { Fixture } from '../harness.ts';

const serverMetadata = '/.well-known/oauth-authorization-server';
const resourceMetadata = '/.well-known/oauth-protected-resource';

/** What clients find out before they send the first request. */
export const discoveryCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'the authorization server metadata names every endpoint, method and grant, and nothing is null [CASE-01, RFC8414-02, RFC8414-08, RFC8414-09, RFC9207-04, OAUTH21-64]',
    async (run) => {
      const { status, headers, body } = await run.send(serverMetadata);
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(body['issuer'], 'https://mcp.example.com');
      for (const endpoint of [
        'authorization_endpoint',
        'token_endpoint',
        'registration_endpoint',
        'revocation_endpoint',
      ]) {
        assert.match(String(body[endpoint]), /^https:\/\/mcp\.example\.com\//, endpoint);
      }
      assert.deepEqual(body['response_types_supported'], ['code']);
      assert.deepEqual(body['code_challenge_methods_supported'], ['S256']);
      assert.equal(body['authorization_response_iss_parameter_supported'], true);
      const grants = body['grant_types_supported'] as string[];
      assert.ok(grants.includes('authorization_code') && grants.includes('refresh_token'));
      assert.ok((body['token_endpoint_auth_methods_supported'] as string[]).includes('none'));
      assert.equal(Object.values(body).includes(null), false);
    },
  ),

  acceptanceCase(
    'the issuer is repeated byte for byte, without a slash added [CASE-02, PITFALL-28, RFC8414-10, MCP-DISC-04]',
    async (run) => {
      assert.equal((await run.send(serverMetadata)).body['issuer'], 'https://mcp.example.com');
    },
  ),

  acceptanceCase(
    'the issuer is repeated byte for byte, with the slash that it was configured with [PITFALL-28, RFC8414-07]',
    async (run) => {
      assert.equal((await run.send(serverMetadata)).body['issuer'], 'https://mcp.example.com/');
      assert.deepEqual((await run.send(`${resourceMetadata}/mcp`)).body['authorization_servers'], [
        'https://mcp.example.com/',
      ]);
    },
    { options: { issuerUrl: 'https://mcp.example.com/' } },
  ),

  acceptanceCase(
    'an issuer with a path has its metadata at the well-known path followed by its own [CASE-03, RFC8414-06]',
    async (run) => {
      const { status, body } = await run.send(`${serverMetadata}/api`);
      assert.equal(status, 200);
      assert.equal(body['issuer'], 'https://mcp.example.com/api');
      assert.equal((await run.send(serverMetadata)).status, 404);
    },
    { options: { baseUrl: 'https://mcp.example.com/api' } },
  ),

  acceptanceCase(
    'a base URL with a path and an issuer at the root put every endpoint under the base URL [CASE-04]',
    async (run) => {
      const { body } = await run.send(serverMetadata);
      assert.equal(body['issuer'], 'https://mcp.example.com');
      for (const endpoint of [
        'authorization_endpoint',
        'token_endpoint',
        'registration_endpoint',
        'revocation_endpoint',
      ]) {
        assert.match(String(body[endpoint]), /^https:\/\/mcp\.example\.com\/api\//, endpoint);
      }
      const { client, tokens } = await run.connect();
      await run.assertAlive(tokens.accessToken);
      assert.equal((await client.revoke(tokens.accessToken)).status, 200);
    },
    { options: { baseUrl: 'https://mcp.example.com/api', issuerUrl: 'https://mcp.example.com' } },
  ),

  acceptanceCase('openid-configuration has the same endpoints or does not exist [CASE-05]', async (run) => {
    const { status, body } = await run.send('/.well-known/openid-configuration');
    if (status === 404) return;
    assert.equal(status, 200);
    const { body: metadata } = await run.send(serverMetadata);
    for (const member of ['authorization_endpoint', 'token_endpoint', 'code_challenge_methods_supported'])
      assert.deepEqual(body[member], metadata[member]);
  }),

  acceptanceCase(
    'the resource metadata names the resource, its authorization server and how tokens are sent [CASE-06, MCP-AUTH-04, MCP-AUTH-23, RFC9728-01, RFC9728-03, RFC9728-05]',
    async (run) => {
      const { status, headers, body } = await run.send(`${resourceMetadata}/mcp`);
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(body['resource'], 'https://mcp.example.com/mcp');
      assert.deepEqual(body['authorization_servers'], ['https://mcp.example.com']);
      assert.deepEqual(body['bearer_methods_supported'], ['header']);
      assert.deepEqual(body['scopes_supported'], ['read', 'write']);
      assert.equal(Object.values(body).includes(null), false);
    },
  ),

  acceptanceCase(
    'a nested mount has its resource metadata at the full path [CASE-07, RFC9728-07]',
    async (run) => {
      const { status, body } = await run.send(`${resourceMetadata}/a/b/mcp`);
      assert.equal(status, 200);
      assert.equal(body['resource'], 'https://mcp.example.com/a/b/mcp');
    },
    { options: { baseUrl: 'https://mcp.example.com/a/b' } },
  ),

  acceptanceCase(
    'the root resource metadata of a resource with a path does not exist, or names the full resource [CASE-08]',
    async (run) => {
      const { status, body } = await run.send(resourceMetadata);
      assert.ok(status === 404 || body['resource'] === 'https://mcp.example.com/mcp');
    },
  ),

  acceptanceCase(
    'pages of any origin may read the metadata, and anybody may cache it [CASE-09, RFC9728-11]',
    async (run) => {
      for (const path of [serverMetadata, `${resourceMetadata}/mcp`]) {
        const { status, headers } = await run.send(path, { origin: 'https://inspector.example' });
        assert.equal(status, 200);
        assert.equal(headers.get('access-control-allow-origin'), '*');
        assert.equal(headers.get('cache-control'), 'public, max-age=3600');
      }
    },
  ),

  refusedAtStart(
    'an issuer or base URL that is not https, looks like loopback, or has a query or fragment is refused at start [CASE-88, PITFALL-28, RFC8414-01]',
    [
      { issuerUrl: 'http://mcp.example.com' },
      { issuerUrl: 'http://127.0.0.1.evil.example' },
      { issuerUrl: 'https://mcp.example.com?x=1' },
      { issuerUrl: 'https://mcp.example.com#x' },
      { baseUrl: 'http://mcp.example.com' },
      { baseUrl: 'mcp.example.com' },
      { resourceBaseUrl: 'http://localhost.evil.example' },
    ],
  ),
];

function refusedAtStart(name: string, choices: readonly NonNullable<Fixture['options']>[]): AcceptanceCase {
  return {
    ...acceptanceCase(name, async () => {}),
    run: async (createHarness) => {
      for (const options of choices) {
        const opened = await AcceptanceRun.open(createHarness, { options }).catch((error: unknown) => error);
        if (!(opened instanceof AcceptanceRun)) continue;
        await opened.close();
        assert.fail(`started with ${JSON.stringify(options)}`);
      }
    },
  };
}
