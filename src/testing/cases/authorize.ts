import assert from 'node:assert/strict';
import { OAuthError } from '../../core/errors.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertRedirectedError, withMethod } from '../acceptance-run.ts';
import { type Answer, formPost, type Parameters, type TestClient, tokensOf } from '../test-client.ts';

async function ask(run: AcceptanceRun, client: TestClient, parameters: Parameters = {}): Promise<Answer> {
  return run.send(client.prepareAuthorization(parameters).url.href);
}

function assertShown(answer: Answer, mention: RegExp): void {
  assert.ok(answer.status >= 400 && answer.status < 500, `expected an error on the spot, got ${answer.status}`);
  assert.equal(answer.headers.get('location'), null);
  assert.match(answer.text, mention);
}

async function assertRedirected(run: AcceptanceRun, parameters: Parameters, code: string): Promise<URL> {
  const client = await run.client();
  const { url, state } = client.prepareAuthorization(parameters);
  return assertRedirectedError(run, await run.send(url.href), client.redirectUri, code, state);
}

/** The authorization endpoint: what is shown, what is redirected, and where to. */
export const authorizeCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a valid request ends at the client with code, state and iss [CASE-28, RFC9207-01, RFC9207-03, OAUTH21-18, OAUTH21-38]',
    async (run) => {
      const client = await run.client();
      const state = 'päth/ü?&=#+ "quoted" \\';
      const { url } = client.prepareAuthorization({ state });
      const first = await run.send(url.href);
      assert.equal(first.status, 302);
      assert.equal(first.headers.get('cache-control'), 'no-store');
      const arrived = await run.arrive(url);
      assert.ok(arrived.href.startsWith(`${client.redirectUri}?`), arrived.href);
      assert.deepEqual([...arrived.searchParams.keys()].sort(), ['code', 'iss', 'state']);
      assert.equal(arrived.searchParams.get('state'), state);
      assert.equal(arrived.searchParams.get('iss'), run.provider.settings.issuer);
      assert.ok((arrived.searchParams.get('code') ?? '').length >= 27, 'a code has at least 160 random bits');
    },
  ),

  acceptanceCase('a request by form post is answered like one by query [CASE-29]', async (run) => {
    const client = await run.client();
    const prepared = client.prepareAuthorization();
    const answer = await run.send(
      formPost(run.provider.endpointUrl('authorize'), Object.fromEntries(prepared.url.searchParams)),
    );
    assert.equal(answer.status, 302, answer.text);
    const next = new URL(answer.headers.get('location') ?? '');
    const arrived = next.href.startsWith(client.redirectUri) ? next : await run.arrive(next);
    tokensOf(await client.redeem(client.receiveCode(prepared, arrived)));
    assert.equal(arrived.searchParams.get('state'), prepared.state);
  }),

  acceptanceCase('a request without client_id is refused on the spot [CASE-30]', async (run) => {
    const client = await run.client();
    assertShown(await ask(run, client, { client_id: undefined }), /client_id/);
  }),

  acceptanceCase(
    'an unknown client is told on the spot, as a page to people and with a pointer to registration to programs [CASE-31, OAUTH21-12]',
    async (run) => {
      const { url } = (await run.client()).prepareAuthorization({ client_id: 'unknown' });
      const json = await run.send(url.href, { accept: 'application/json' });
      assertShown(json, /client_id/);
      assert.equal(json.body['error'], 'invalid_request');
      assert.equal(json.body['registration_endpoint'], run.provider.endpointUrl('register'));
      const page = await run.send(url.href, { accept: 'text/html,*/*' });
      assertShown(page, /<html/);
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    },
  ),

  acceptanceCase(
    'an unregistered redirect URI is refused on the spot [CASE-32, PITFALL-01, OAUTH21-11, RFC6749-03, MCP-SEC-11]',
    async (run) => {
      const client = await run.client();
      for (const uri of [
        'https://evil.example/cb',
        'http://localhost:9999/other',
        'http://localhost:9999/cb/',
        'http://localhost:9999/cb?x=1',
        'http://127.0.0.1:9999/cb',
      ]) {
        assertShown(await ask(run, client, { redirect_uri: uri }), /redirect_uri/);
        assertShown(await ask(run, client, { redirect_uri: uri, response_type: 'token' }), /redirect_uri/);
      }
    },
  ),

  acceptanceCase(
    'an omitted redirect URI stands for the only registered one, and may then be omitted at the token endpoint [CASE-33, OAUTH21-72]',
    async (run) => {
      const client = await run.client();
      const code = await run.authorize(client, { redirect_uri: undefined });
      assert.equal((await client.redeem(code)).status, 200);
    },
  ),

  acceptanceCase('an omitted redirect URI is refused where two are registered [CASE-34]', async (run) => {
    const client = await run.client({
      metadata: { redirect_uris: ['http://localhost:9999/cb', 'http://localhost:9999/two'] },
    });
    assertShown(await ask(run, client, { redirect_uri: undefined }), /redirect_uri/);
  }),

  acceptanceCase(
    'a loopback redirect URI works at any port, and the code goes to the port that was asked for [CASE-35, PITFALL-08, OAUTH21-34, OAUTH21-71, RFC8252-02]',
    async (run) => {
      for (const host of ['localhost', '127.0.0.1', '[::1]']) {
        for (const registered of [`http://${host}/cb`, `http://${host}:9999/cb`]) {
          const client = await run.client({ redirectUri: registered });
          const redirectUri = `http://${host}:54321/cb`;
          const prepared = client.prepareAuthorization({ redirect_uri: redirectUri });
          const arrived = await run.arrive(prepared.url);
          assert.ok(arrived.href.startsWith(redirectUri), arrived.href);
          assert.equal((await client.redeem(client.receiveCode(prepared, arrived))).status, 200);
        }
      }
    },
  ),

  acceptanceCase('a redirect URI is compared byte by byte [CASE-36, OAUTH21-33, MCP-BP-15]', async (run) => {
    const client = await run.client({ redirectUri: 'https://app.example/cb' });
    for (const uri of [
      'https://APP.example/cb',
      'https://app.example/a/../cb',
      'https://app.example:443/cb',
      'https://app.example:8443/cb',
      'https://app.example/%63b',
      'HTTPS://app.example/cb',
    ]) {
      assertShown(await ask(run, client, { redirect_uri: uri }), /redirect_uri/);
    }
  }),

  acceptanceCase(
    'another response type, or none, is reported to the client [CASE-37, CASE-38, OAUTH21-31]',
    async (run) => {
      await assertRedirected(run, { response_type: 'token' }, 'unsupported_response_type');
      await assertRedirected(run, { response_type: undefined }, 'invalid_request');
    },
  ),

  acceptanceCase(
    'a request without a sound S256 challenge is reported to the client [CASE-39, CASE-40, CASE-41, PITFALL-02, OAUTH21-39, OAUTH21-40, RFC7636-04]',
    async (run) => {
      const missing = await assertRedirected(run, { code_challenge: undefined }, 'invalid_request');
      assert.match(missing.searchParams.get('error_description') ?? '', /code_challenge/);
      await assertRedirected(run, { code_challenge_method: 'plain' }, 'invalid_request');
      await assertRedirected(run, { code_challenge_method: undefined }, 'invalid_request');
      for (const challenge of ['short', 'x'.repeat(44), `${'x'.repeat(42)}=`])
        await assertRedirected(run, { code_challenge: challenge }, 'invalid_request');
    },
  ),

  acceptanceCase('a scope that the client may not have is reported to the client [CASE-42]', async (run) => {
    await assertRedirected(run, { scope: 'read write' }, 'invalid_scope');
    await assertRedirected(run, { scope: 'read "quoted"' }, 'invalid_scope');
  }),

  acceptanceCase(
    'an absent or empty scope gets the default scopes, and a token that opens something [CASE-43, PITFALL-30, OAUTH21-02, OAUTH21-20]',
    async (run) => {
      const client = await run.client();
      for (const scope of [undefined, '']) {
        const tokens = tokensOf(await client.redeem(await run.authorize(client, { scope })));
        assert.equal(tokens.scope, 'read');
        await run.assertAlive(tokens.accessToken);
      }
    },
  ),

  acceptanceCase(
    'the resource of another server, or one that is no resource, is reported to the client [CASE-44, RFC8707-01, RFC8707-02, RFC8707-03, RFC8707-05]',
    async (run) => {
      for (const resource of [
        'https://other.example/mcp',
        'https://mcp.example.com/mcp#x',
        'https://mcp.example.com/other',
        '/mcp',
        'not a uri',
      ]) {
        await assertRedirected(run, { resource }, 'invalid_target');
      }
    },
  ),

  acceptanceCase(
    'the resource is recognised in capitals and with a query appended [PITFALL-09, MCP-AUTH-11]',
    async (run) => {
      const client = await run.client();
      for (const resource of [
        'https://mcp.example.com/mcp',
        'HTTPS://MCP.example.com/mcp',
        'https://mcp.example.com/mcp?x=1',
      ]) {
        tokensOf(await client.redeem(await run.authorize(client, { resource }), { resource }));
      }
    },
  ),

  acceptanceCase(
    "a refusal by the provider's own policy or user reaches the client [CASE-45, RFC6749-04]",
    async (run) => {
      const deny = async () => {
        throw new OAuthError('access_denied', 'not today');
      };
      await withMethod(run.provider, 'authorize', deny, async () => {
        await assertRedirected(run, {}, 'access_denied');
      });
    },
  ),

  acceptanceCase('a parameter that is sent twice is refused [CASE-46, OAUTH21-21]', async (run) => {
    const { url } = (await run.client()).prepareAuthorization();
    const answer = await run.send(`${url}&state=again`);
    assertShown(answer, /state/);
  }),

  acceptanceCase('parameters that the server does not know are ignored [OAUTH21-19]', async (run) => {
    const client = await run.client();
    tokensOf(await client.redeem(await run.authorize(client, { nonce: 'x', display: 'page' })));
  }),

  acceptanceCase('a redirect URI keeps its own query byte for byte [CASE-47, OAUTH21-06]', async (run) => {
    const redirectUri = 'https://app.example/cb?flag&x=1&y=%2f';
    const client = await run.client({ redirectUri });
    const arrived = await run.arrive(client.prepareAuthorization().url);
    assert.ok(arrived.href.startsWith(`${redirectUri}&`), arrived.href);
    for (const name of ['code', 'state', 'iss']) assert.equal(arrived.searchParams.getAll(name).length, 1);
    const { url, state } = client.prepareAuthorization({ response_type: 'token' });
    assertRedirectedError(run, await run.send(url.href), `${redirectUri}&`, 'unsupported_response_type', state);
  }),

  acceptanceCase(
    'a failure inside reaches the client as server_error without its details [CASE-48, RFC6749-05]',
    async (run) => {
      const fail = async () => {
        throw new Error('internal detail');
      };
      await withMethod(run.provider, 'authorize', fail, async () => {
        const location = await assertRedirected(run, {}, 'server_error');
        assert.doesNotMatch(location.href, /internal/);
      });
    },
  ),

  acceptanceCase('a code opens no more than the request asked for [RFC9700-11]', async (run) => {
    const client = await run.client({ scope: 'read write' });
    const tokens = tokensOf(await client.redeem(await run.authorize(client, { scope: 'read' })));
    assert.equal(tokens.scope, 'read');
    const { response } = await run.callResource(tokens.accessToken, { scopes: ['write'] });
    assert.equal(response?.status, 403);
  }),
];
