import assert from 'node:assert/strict';
import { OAuthError } from '../../core/errors.ts';
import { hashSecret } from '../../core/hash.ts';
import type { ClientId } from '../../core/ids.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError, withMethod } from '../acceptance-run.ts';
import { type Answer, formPost, jsonPost } from '../test-client.ts';

const callback = 'http://localhost:9999/cb';

function register(run: AcceptanceRun, metadata: unknown): Promise<Answer> {
  return run.send(jsonPost(run.provider.endpointUrl('register'), metadata));
}

async function assertRefused(run: AcceptanceRun, metadata: unknown, ...codes: readonly string[]): Promise<Answer> {
  const answer = await register(run, metadata);
  assertOAuthError(answer, 400, ...codes);
  return answer;
}

async function assertRegistered(run: AcceptanceRun, metadata: unknown): Promise<Answer> {
  const answer = await register(run, metadata);
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

const invalidMetadata = 'invalid_client_metadata';
const invalidRedirect = 'invalid_redirect_uri';

/** Dynamic client registration. */
export const registrationCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a client that registers gets an id, a secret with its expiry, and its metadata with the defaults filled in [CASE-10, RFC7591-03, RFC7591-07, RFC7591-10, RFC7591-11]',
    async (run) => {
      const { headers, body } = await assertRegistered(run, { client_name: 'Notes', redirect_uris: [callback] });
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.ok(typeof body['client_id'] === 'string' && body['client_id'].length >= 16);
      assert.ok(typeof body['client_secret'] === 'string' && body['client_secret'].length >= 32);
      assert.equal(body['client_secret_expires_at'], 0);
      assert.equal(body['client_id_issued_at'], Math.floor(run.clock.now() / 1000));
      assert.equal(body['client_name'], 'Notes');
      assert.deepEqual(body['redirect_uris'], [callback]);
      assert.deepEqual(body['response_types'], ['code']);
      assert.equal(body['token_endpoint_auth_method'], 'client_secret_basic');
      assert.equal(Object.values(body).includes(null), false);
    },
  ),

  acceptanceCase('a public client gets no secret [CASE-11]', async (run) => {
    const { body } = await assertRegistered(run, { redirect_uris: [callback], token_endpoint_auth_method: 'none' });
    assert.equal('client_secret' in body, false);
    assert.equal(body['token_endpoint_auth_method'], 'none');
  }),

  acceptanceCase(
    'a registered client is found again with everything that it registered, its secret as a hash [CASE-10, RFC7591-11]',
    async (run) => {
      const metadata = {
        client_name: 'Notes — „Ünïcode“ & <b>',
        redirect_uris: [callback, 'https://app.example/cb?tenant=1'],
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['authorization_code'],
        application_type: 'native',
        client_uri: 'https://app.example',
        logo_uri: 'https://app.example/logo.png',
        tos_uri: 'https://app.example/tos',
        policy_uri: 'https://app.example/policy',
        contacts: ['ops@app.example'],
        scope: 'read write',
        software_id: 'notes',
        software_version: '1.2',
      };
      const { body } = await assertRegistered(run, metadata);
      const client = await run.provider.getClient(body['client_id'] as ClientId);
      assert.ok(client);
      const { clientSecretHash, registrationTokenHash, ...rest } = client;
      const managing = body['registration_access_token'];
      assert.equal(registrationTokenHash, managing === undefined ? undefined : hashSecret(String(managing)));
      assert.equal(clientSecretHash, hashSecret(String(body['client_secret'])));
      assert.deepEqual(rest, {
        clientId: body['client_id'],
        clientName: metadata.client_name,
        redirectUris: metadata.redirect_uris,
        tokenEndpointAuthMethod: 'client_secret_post',
        grantTypes: ['authorization_code'],
        responseTypes: ['code'],
        scopes: ['read', 'write'],
        registeredBy: 'dynamic',
        issuedAt: run.clock.now(),
        applicationType: 'native',
        clientUri: metadata.client_uri,
        logoUri: metadata.logo_uri,
        tosUri: metadata.tos_uri,
        policyUri: metadata.policy_uri,
        contacts: metadata.contacts,
        softwareId: 'notes',
        softwareVersion: '1.2',
      });
    },
  ),

  acceptanceCase('two registrations never share an id or a secret [RFC7591-08, RFC7591-09]', async (run) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => assertRegistered(run, { redirect_uris: [callback] })),
    );
    for (const member of ['client_id', 'client_secret'])
      assert.equal(new Set(answers.map(({ body }) => body[member])).size, 20);
  }),

  acceptanceCase('registration without usable redirect URIs is refused [CASE-12, RFC7591-13]', async (run) => {
    for (const redirects of [
      {},
      { redirect_uris: [] },
      { redirect_uris: ['not a url'] },
      { redirect_uris: callback },
      { redirect_uris: [7] },
    ]) {
      await assertRefused(run, { client_name: 'x', ...redirects }, invalidMetadata, invalidRedirect);
    }
  }),

  acceptanceCase('registration by form or with malformed JSON is refused [CASE-13, RFC7591-05]', async (run) => {
    const url = run.provider.endpointUrl('register');
    assertOAuthError(await run.send(formPost(url, { redirect_uris: callback })), 400, invalidMetadata);
    const headers = { 'content-type': 'application/json' };
    for (const body of ['{', '', 'null', '[]', '"x"']) {
      assertOAuthError(
        await run.send(new Request(url, { method: 'POST', headers, body })),
        400,
        invalidMetadata,
        invalidRedirect,
      );
    }
  }),

  acceptanceCase('a scope that the server does not have is refused by name [CASE-14]', async (run) => {
    const { body } = await assertRefused(run, { redirect_uris: [callback], scope: 'read everything' }, invalidMetadata);
    assert.match(String(body['error_description']), /everything/);
  }),

  acceptanceCase('a client that names no scope gets the default ones [CASE-15]', async (run) => {
    assert.equal((await assertRegistered(run, { redirect_uris: [callback] })).body['scope'], 'read');
  }),

  acceptanceCase(
    'grant types and response types without the code flow are refused [CASE-16, CASE-19, RFC7591-04]',
    async (run) => {
      await assertRefused(run, { redirect_uris: [callback], grant_types: ['refresh_token'] }, invalidMetadata);
      await assertRefused(run, { redirect_uris: [callback], response_types: ['token'] }, invalidMetadata);
    },
  ),

  acceptanceCase(
    'a client registered for the code grant alone gets no refresh token and cannot refresh [CASE-17, CASE-67, PITFALL-07]',
    async (run) => {
      const { client, tokens } = await run.connect({ metadata: { grant_types: ['authorization_code'] } });
      assert.deepEqual(client.registration['grant_types'], ['authorization_code']);
      assert.equal(tokens.refreshToken, '');
      const other = await run.connect();
      assertOAuthError(await client.refresh(other.tokens.refreshToken), 400, 'unauthorized_client');
    },
  ),

  acceptanceCase(
    'a further grant type that the server does not serve is left out, and one that nobody can register for is refused [CASE-18, CASE-21]',
    async (run) => {
      const device = 'urn:ietf:params:oauth:grant-type:device_code';
      const answer = await register(run, { redirect_uris: [callback], grant_types: ['authorization_code', device] });
      assert.ok(
        answer.status === 400 || (answer.status === 201 && !(answer.body['grant_types'] as string[]).includes(device)),
      );
      await assertRefused(
        run,
        {
          redirect_uris: [callback],
          grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        },
        invalidMetadata,
      );
    },
  ),

  acceptanceCase('an authentication method that the server does not have is refused [CASE-20]', async (run) => {
    for (const method of ['client_secret_jwt', 'tls_client_auth', 'unknown', '__proto__', 'constructor']) {
      await assertRefused(run, { redirect_uris: [callback], token_endpoint_auth_method: method }, invalidMetadata);
    }
  }),

  acceptanceCase('redirect URIs with script, data or file schemes are refused [CASE-22, PITFALL-14]', async (run) => {
    for (const uri of [
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'vbscript:x',
      'JavaScript:alert(1)',
      'blob:https://a.example/x',
      'about:blank',
    ]) {
      await assertRefused(run, { redirect_uris: [callback, uri] }, invalidRedirect);
    }
  }),

  acceptanceCase(
    'redirect URIs over http off this machine, or with a fragment, are refused [CASE-23, OAUTH21-07, RFC9700-05, MCP-SEC-09]',
    async (run) => {
      for (const uri of [
        'http://evil.example/cb',
        'http://localhost.evil.example/cb',
        'https://app.example/cb#x',
        'https://app.example/cb#',
      ]) {
        await assertRefused(run, { redirect_uris: [uri] }, invalidRedirect);
      }
    },
  ),

  acceptanceCase(
    'redirect URIs with wildcards, back-slashes, white space, control characters or absurd sizes are refused [PITFALL-34]',
    async (run) => {
      const hostile = [
        'https://*.example/cb',
        'https://app.example\\@evil.example',
        'https://app.example/a b',
        'https://app.example/\u0000',
        'https://user:pw@app.example/cb',
        `https://app.example/${'x'.repeat(5000)}`,
      ];
      for (const uri of hostile) await assertRefused(run, { redirect_uris: [uri] }, invalidRedirect);
      await assertRefused(
        run,
        { redirect_uris: Array.from({ length: 1000 }, (_, index) => `https://app.example/${index}`) },
        invalidRedirect,
        invalidMetadata,
      );
      await assertRefused(run, { redirect_uris: [callback], client_name: 'x'.repeat(50_000) }, invalidMetadata);
    },
  ),

  acceptanceCase(
    'the rules for web applications hold where application_type web was sent, and only there [CASE-24, CASE-25, PITFALL-31]',
    async (run) => {
      await assertRefused(
        run,
        { redirect_uris: [callback], application_type: 'web' },
        invalidRedirect,
        invalidMetadata,
      );
      await assertRefused(
        run,
        { redirect_uris: ['com.example.app:/cb'], application_type: 'web' },
        invalidRedirect,
        invalidMetadata,
      );
      const web = await assertRegistered(run, { redirect_uris: ['https://app.example/cb'], application_type: 'web' });
      assert.equal(web.body['application_type'], 'web');
      const native = await assertRegistered(run, {
        redirect_uris: [callback, 'com.example.app:/cb'],
        application_type: 'native',
      });
      assert.equal(native.body['application_type'], 'native');
      const silent = await assertRegistered(run, { redirect_uris: [callback] });
      assert.equal('application_type' in silent.body, false);
    },
  ),

  acceptanceCase(
    'a client cannot claim what the server did not offer: unknown metadata is dropped [PITFALL-16, RFC7591-02]',
    async (run) => {
      const { body } = await assertRegistered(run, {
        redirect_uris: [callback],
        client_id: 'chosen',
        skip_consent: true,
        registeredBy: 'administrator',
        registered_by: 'administrator',
      });
      assert.notEqual(body['client_id'], 'chosen');
      assert.equal('skip_consent' in body, false);
      assert.equal((await run.provider.getClient(body['client_id'] as ClientId))?.registeredBy, 'dynamic');
    },
  ),

  acceptanceCase("the provider's own policy can refuse a client [CASE-26]", async (run) => {
    const refuse = async () => {
      throw new OAuthError('invalid_client_metadata', 'not on the list');
    };
    await withMethod(run.provider, 'registerClient', refuse, async () => {
      await assertRefused(run, { redirect_uris: [callback] }, invalidMetadata);
    });
  }),

  acceptanceCase(
    'a client secret works until it expires [RFC7591-10]',
    async (run) => {
      const { client, tokens } = await run.connect({ authMethod: 'client_secret_basic' });
      assert.equal(client.registration['client_secret_expires_at'], Math.floor(run.clock.now() / 1000) + 3600);
      run.clock.advance(3_601_000);
      assertOAuthError(await client.refresh(tokens.refreshToken), 401, 'invalid_client');
    },
    {
      options: {
        clientRegistration: { enabled: true, validScopes: ['read', 'write'], clientSecretExpirySeconds: 3600 },
      },
      lifetimes: { refreshToken: 10 * 3_600_000, refreshTokenAbsolute: 20 * 3_600_000 },
    },
  ),

  acceptanceCase(
    'registration that is not enabled does not exist and is not advertised',
    async (run) => {
      assert.equal((await register(run, { redirect_uris: [callback] })).status, 404);
      assert.equal('registration_endpoint' in (await run.send('/.well-known/oauth-authorization-server')).body, false);
    },
    { options: { clientRegistration: { enabled: false } } },
  ),
];
