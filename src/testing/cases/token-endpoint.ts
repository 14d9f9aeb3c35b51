import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { assertOAuthError } from '../acceptance-run.ts';
import { basicCredentials, jsonPost, tokensOf } from '../test-client.ts';

/** Client authentication and grant dispatch. */
export const tokenEndpointCases: readonly AcceptanceCase[] = [
  acceptanceCase('a request that names no client, or is not a form, is refused [CASE-55]', async (run) => {
    const client = await run.client();
    const code = await run.authorize(client);
    assertOAuthError(await client.redeem(code, { client_id: undefined }), 401, 'invalid_client');
    const json = await run.send(
      jsonPost(run.provider.endpointUrl('token'), {
        grant_type: 'authorization_code',
        client_id: client.clientId,
        ...code,
      }),
    );
    assert.ok([400, 401, 415].includes(json.status), `${json.status}`);
  }),

  acceptanceCase('an unknown client is refused [CASE-56]', async (run) => {
    const client = await run.client();
    assertOAuthError(await client.redeem(await run.authorize(client), { client_id: 'unknown' }), 401, 'invalid_client');
  }),

  acceptanceCase(
    'a wrong or missing secret, or another method than registered, is refused [CASE-57, OAUTH21-05, OAUTH21-24, OAUTH21-28]',
    async (run) => {
      const post = await run.client({ authMethod: 'client_secret_post' });
      const basic = await run.client({ authMethod: 'client_secret_basic' });
      const open = await run.client();
      const secret = { post: post.clientSecret ?? '', basic: basic.clientSecret ?? '' };
      const grant = { grant_type: 'refresh_token', refresh_token: 'unknown' };
      assertOAuthError(await post.post('token', { ...grant, client_secret: 'wrong' }), 401, 'invalid_client');
      assertOAuthError(await post.post('token', { ...grant, client_secret: undefined }), 401, 'invalid_client');
      assertOAuthError(await post.post('token', { ...grant, client_secret: secret.basic }), 401, 'invalid_client');
      assertOAuthError(
        await basic.post(
          'token',
          { ...grant, client_id: basic.clientId, client_secret: secret.basic },
          { authorization: '' },
        ),
        401,
        'invalid_client',
      );
      assertOAuthError(await open.post('token', { ...grant, client_secret: 'anything' }), 401, 'invalid_client');
      for (const authorization of [
        basicCredentials(basic.clientId, 'wrong'),
        basicCredentials(post.clientId, secret.post),
      ]) {
        const answer = await basic.post('token', grant, { authorization });
        assertOAuthError(answer, 401, 'invalid_client');
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /);
      }
    },
  ),

  acceptanceCase(
    'Basic credentials work without client_id in the body and with the scheme in any case [CASE-58, RFC6749-15]',
    async (run) => {
      const { client, tokens } = await run.connect({ authMethod: 'client_secret_basic' });
      const authorization = basicCredentials(client.clientId, client.clientSecret ?? '').replace('Basic', 'bAsIc');
      tokensOf(
        await client.post(
          'token',
          { grant_type: 'refresh_token', refresh_token: tokens.refreshToken },
          { authorization },
        ),
      );
    },
  ),

  acceptanceCase('a secret in the body works for clients registered so [OAUTH21-14]', async (run) => {
    const { client, tokens } = await run.connect({ authMethod: 'client_secret_post' });
    tokensOf(await client.refresh(tokens.refreshToken));
  }),

  acceptanceCase(
    'malformed Basic credentials, or those of another client than the body names, are refused [CASE-59]',
    async (run) => {
      const client = await run.client({ authMethod: 'client_secret_basic' });
      const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
      for (const authorization of [
        'Basic %%%',
        encoded('no-colon'),
        encoded(':'),
        'Basic',
        encoded(`${client.clientId}:%zz`),
      ]) {
        assertOAuthError(
          await client.post('token', { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization }),
          401,
          'invalid_client',
        );
      }
      assertOAuthError(
        await client.post('token', { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'other' }),
        401,
        'invalid_client',
      );
    },
  ),

  acceptanceCase(
    'an unknown grant type is unsupported, a missing one invalid [CASE-66, CASE-90, RFC6749-13, RFC9700-04]',
    async (run) => {
      const client = await run.client();
      for (const grantType of [
        'password',
        'implicit',
        'urn:ietf:params:oauth:grant-type:no-such-grant',
        '__proto__',
        'constructor',
      ]) {
        assertOAuthError(await client.post('token', { grant_type: grantType }), 400, 'unsupported_grant_type');
      }
      assertOAuthError(await client.post('token', {}), 400, 'invalid_request');
    },
  ),

  acceptanceCase('a parameter that is sent twice is refused, one that is unknown ignored [OAUTH21-23]', async (run) => {
    const { client, tokens } = await run.connect();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = `grant_type=refresh_token&client_id=${client.clientId}&refresh_token=${tokens.refreshToken}`;
    const twice = new Request(run.provider.endpointUrl('token'), {
      method: 'POST',
      headers,
      body: `${body}&refresh_token=x`,
    });
    assertOAuthError(await run.send(twice), 400, 'invalid_request');
    tokensOf(await client.refresh(tokens.refreshToken, { unknown: 'x' }));
  }),

  acceptanceCase('credentials in the query are not accepted [OAUTH21-15]', async (run) => {
    const client = await run.client({ authMethod: 'client_secret_post' });
    const code = await run.authorize(client);
    const query = new URLSearchParams({ client_id: client.clientId, client_secret: client.clientSecret ?? '' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.verifier,
      redirect_uri: client.redirectUri,
    });
    assertOAuthError(
      await run.send(
        new Request(`${run.provider.endpointUrl('token')}?${query}`, {
          method: 'POST',
          headers,
          body: body.toString(),
        }),
      ),
      401,
      'invalid_client',
    );
  }),
];
