import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError, assertRedirectedError } from '../acceptance-run.ts';
import type { Fixture } from '../harness.ts';
import { type Answer, formPost, tokensOf } from '../test-client.ts';

const requestUri = /^urn:ietf:params:oauth:request_uri:[\w-]{43}$/;

/** A case that passes where the provider does not advertise pushed requests. */
function pushedCase(name: string, act: (run: AcceptanceRun) => Promise<void>, fixture: Fixture = {}): AcceptanceCase {
  const whereAdvertised = async (run: AcceptanceRun) => {
    if (await isAdvertised(run)) await act(run);
  };
  return acceptanceCase(name, whereAdvertised, fixture);
}

async function isAdvertised(run: AcceptanceRun): Promise<boolean> {
  const { body } = await run.send('/.well-known/oauth-authorization-server');
  return body['pushed_authorization_request_endpoint'] !== undefined;
}

function assertShown(answer: Answer, mention: RegExp): void {
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.headers.get('location'), null);
  assert.match(answer.text, mention);
}

/** Authorization requests that clients send ahead. */
export const pushedRequestCases: readonly AcceptanceCase[] = [
  pushedCase(
    'a pushed request becomes a code, whatever the client authenticates with [RFC9126-01, RFC9126-02, RFC9126-05]',
    async (run) => {
      for (const authMethod of ['none', 'client_secret_basic', 'client_secret_post'] as const) {
        const client = await run.client({ authMethod });
        const answer = await client.push(client.prepareAuthorization());
        assert.equal(answer.status, 201, answer.text);
        assert.match(String(answer.body['request_uri']), requestUri);
        assert.equal(answer.body['expires_in'], 60);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        assert.equal(answer.headers.get('access-control-allow-origin'), '*');
        const prepared = await client.preparePushedAuthorization();
        const arrived = await run.arrive(prepared.url);
        assert.equal(arrived.searchParams.get('state'), prepared.state);
        tokensOf(await client.redeem(client.receiveCode(prepared, arrived)));
      }
      await run.assertNoSecretsKept();
    },
  ),

  pushedCase('a wrong client is refused before anything else is looked at [RFC9126-02]', async (run) => {
    const client = await run.client({ authMethod: 'client_secret_post' });
    const { url } = client.prepareAuthorization();
    assertOAuthError(await client.push({ url }, { client_secret: 'wrong' }), 401, 'invalid_client');
    assertOAuthError(await client.push({ url }, { client_secret: undefined, scope: 'x' }), 401, 'invalid_client');
    assertOAuthError(await client.push({ url }, { client_id: 'unknown' }), 401, 'invalid_client');
  }),

  pushedCase(
    'whatever the authorization endpoint refuses is refused in a push, on the spot [RFC9126-03, RFC9126-04, RFC9126-08, RFC9126-15, RFC9126-17]',
    async (run) => {
      const client = await run.client();
      const other = await run.client({ redirectUri: 'https://other.example/cb' });
      for (const [parameters, code] of [
        [{ redirect_uri: 'https://evil.example/cb' }, 'invalid_request'],
        [{ redirect_uri: other.redirectUri }, 'invalid_request'],
        [{ response_type: 'token' }, 'unsupported_response_type'],
        [{ response_type: undefined }, 'invalid_request'],
        [{ code_challenge: undefined }, 'invalid_request'],
        [{ code_challenge_method: 'plain' }, 'invalid_request'],
        [{ scope: 'admin' }, 'invalid_scope'],
        [{ resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
        [{ prompt: 'none login' }, 'invalid_request'],
        [{ state: 'x'.repeat(5000) }, 'invalid_request'],
        [{ request: 'e30.e30.' }, 'request_not_supported'],
        [{ request_uri: 'https://client.example/request' }, 'invalid_request'],
        [{ request_uri: `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}` }, 'invalid_request'],
      ] as const) {
        assertOAuthError(await client.push(client.prepareAuthorization(), parameters), 400, code);
      }
    },
  ),

  pushedCase('anything but a form by POST is refused [RFC9126-01, RFC9126-08]', async (run) => {
    const endpoint = run.provider.endpointUrl('pushedRequest');
    const got = await run.send(endpoint);
    assert.equal(got.status, 405);
    assert.match(got.headers.get('allow') ?? '', /\bPOST\b/);
    const json = await run.send(
      new Request(endpoint, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    );
    assertOAuthError(json, 400, 'invalid_request');
    const client = await run.client();
    const large = await client.push(client.prepareAuthorization(), { padding: 'x'.repeat(16 * 1024) });
    assert.equal(large.status, 413);
    assert.equal(large.headers.get('access-control-allow-origin'), '*');
  }),

  pushedCase('a request_uri is good once, of any number of browsers at the same time [RFC9126-09]', async (run) => {
    const client = await run.client();
    const { url } = await client.preparePushedAuthorization();
    const answers = await Promise.all(Array.from({ length: 20 }, () => run.send(url.href)));
    assert.equal(answers.filter(({ status }) => status === 302).length, 1);
    for (const answer of answers) if (answer.status !== 302) assertShown(answer, /request_uri/);
    assertShown(await run.send(url.href), /invalid_request_uri/);
  }),

  pushedCase(
    'a request_uri of another client is refused, and not spent by that [RFC9126-07, PITFALL-04]',
    async (run) => {
      const client = await run.client();
      const stranger = await run.client();
      const prepared = await client.preparePushedAuthorization();
      const stolen = new URL(prepared.url);
      stolen.searchParams.set('client_id', stranger.clientId);
      assertShown(await run.send(stolen.href), /invalid_request_uri/);
      tokensOf(await client.redeem(client.receiveCode(prepared, await run.arrive(prepared.url))));
    },
  ),

  pushedCase(
    'a request_uri that is expired or was never given out is refused, and leads nowhere [RFC9126-06, RFC9126-10]',
    async (run) => {
      const client = await run.client();
      const { url } = await client.preparePushedAuthorization();
      run.clock.advance(60_000);
      assertShown(await run.send(url.href), /invalid_request_uri/);
      const prefix = 'urn:ietf:params:oauth:request_uri:';
      for (const guess of [
        prefix,
        `${prefix}${'A'.repeat(43)}`,
        `${prefix}' OR 1=1 --`,
        `${prefix}${'x'.repeat(9000)}`,
      ]) {
        url.searchParams.set('request_uri', guess);
        url.searchParams.set('redirect_uri', client.redirectUri);
        assertShown(await run.send(url.href), /invalid_request_uri/);
      }
    },
  ),

  pushedCase('what is sent beside a request_uri does not count [RFC9126-12]', async (run) => {
    const client = await run.client({ scope: 'read write' });
    const prepared = await client.preparePushedAuthorization({ scope: 'read' });
    const { url } = client.prepareAuthorization({
      scope: 'read write',
      state: 'smuggled',
      redirect_uri: 'https://evil.example/cb',
      resource: 'https://evil.example/mcp',
      prompt: 'none',
      response_type: 'token',
    });
    url.searchParams.set('request_uri', prepared.url.searchParams.get('request_uri') ?? '');
    const arrived = await run.arrive(url);
    assert.ok(arrived.href.startsWith(client.redirectUri), arrived.href);
    assert.equal(arrived.searchParams.get('state'), prepared.state);
    assert.equal(tokensOf(await client.redeem(client.receiveCode(prepared, arrived))).scope, 'read');
  }),

  pushedCase('a request_uri by form post is answered like one by query [CASE-29, RFC9126-09]', async (run) => {
    const client = await run.client();
    const { url } = await client.preparePushedAuthorization();
    const form = formPost(run.provider.endpointUrl('authorize'), Object.fromEntries(url.searchParams));
    assert.equal((await run.send(form)).status, 302);
    assertShown(await run.send(url.href), /invalid_request_uri/);
  }),

  pushedCase('a request object, and a request_uri from elsewhere, are refused by name [RFC9126-17]', async (run) => {
    const client = await run.client();
    for (const [parameters, code] of [
      [{ request: 'e30.e30.' }, 'request_not_supported'],
      [{ request_uri: 'https://127.0.0.1:1/request' }, 'request_uri_not_supported'],
      [{ request_uri: 'http://169.254.169.254/latest' }, 'request_uri_not_supported'],
      [{ request_uri: 'file:///etc/passwd' }, 'request_uri_not_supported'],
    ] as const) {
      const { url, state } = client.prepareAuthorization(parameters);
      assertRedirectedError(run, await run.send(url.href), client.redirectUri, code, state);
    }
    const { url } = await client.preparePushedAuthorization();
    assertShown(await run.send(`${url}&request=e30.e30.`), /request_not_supported/);
    assert.equal((await run.send(url.href)).status, 302, 'the request_uri was spent by a request that was refused');
  }),

  pushedCase('a client that registered to push its requests cannot do without [RFC9126-14]', async (run) => {
    const client = await run.client({ metadata: { require_pushed_authorization_requests: true } });
    assert.equal(client.registration['require_pushed_authorization_requests'], true);
    const { url, state } = client.prepareAuthorization();
    assertRedirectedError(run, await run.send(url.href), client.redirectUri, 'invalid_request', state);
    const form = formPost(run.provider.endpointUrl('authorize'), Object.fromEntries(url.searchParams));
    assertRedirectedError(run, await run.send(form), client.redirectUri, 'invalid_request', state);
    const prepared = await client.preparePushedAuthorization();
    tokensOf(await client.redeem(client.receiveCode(prepared, await run.arrive(prepared.url))));
  }),

  acceptanceCase('what is not advertised does not exist: pushed requests [RFC9126-01, RFC9126-17]', async (run) => {
    if (await isAdvertised(run)) return;
    assert.equal((await run.send(formPost(run.provider.endpointUrl('pushedRequest'), {}))).status, 404);
    const client = await run.client({ metadata: { require_pushed_authorization_requests: true } });
    assert.equal(client.registration['require_pushed_authorization_requests'], undefined);
    const uri = `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`;
    const { url, state } = client.prepareAuthorization({ request_uri: uri });
    assertRedirectedError(run, await run.send(url.href), client.redirectUri, 'request_uri_not_supported', state);
  }),
];
