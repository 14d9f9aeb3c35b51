import { describe, expect, it } from 'vitest';
import { basicHeader, expectError, peersOf, providers, redirectUri, tokensOf, verifier } from './support.ts';

const code = 'authorization_code';

describe.each(providers)('client authentication at $name', (kind) => {
  const peer = peersOf(kind);

  it('a request without client_id fails to authenticate, and one in JSON is invalid [CASE-55]', async () => {
    const server = await peer();
    const client = await server.register();
    const parameters = {
      grant_type: code,
      code: await server.code(client),
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    await expectError(await server.post('/token', parameters), 401, 'invalid_client');
    const json = JSON.stringify({ ...parameters, client_id: client.client_id });
    await expectError(
      await server.post('/token', json, { 'content-type': 'application/json' }),
      400,
      'invalid_request',
    );
    await tokensOf(await server.token(client, parameters));
  });

  it('an unknown client fails to authenticate [CASE-56]', async () => {
    const server = await peer();
    const parameters = { grant_type: code, code: 'x', code_verifier: verifier };
    await expectError(await server.post('/token', { ...parameters, client_id: 'gone' }), 401, 'invalid_client');
    await expectError(await server.post('/token', { ...parameters, client_id: '__proto__' }), 401, 'invalid_client');
    const basic = await server.post('/token', parameters, { authorization: basicHeader('gone', 'x') });
    expect(basic.headers.get('www-authenticate')).toMatch(/^Basic /);
    await expectError(basic, 401, 'invalid_client');
  });

  it('a secret that is wrong, missing, or sent another way than registered fails to authenticate, with a Basic challenge where Basic was tried [CASE-57, OAUTH21-05, OAUTH21-24, OAUTH21-25, OAUTH21-28, OAUTH21-04]', async () => {
    const server = await peer();
    const post = await server.register({ token_endpoint_auth_method: 'client_secret_post' });
    const basic = await server.register({ token_endpoint_auth_method: 'client_secret_basic' });
    const none = await server.register();
    const header = (client: typeof post, secret = client.client_secret ?? '') => ({
      authorization: basicHeader(client.client_id, secret),
    });
    const attempts = [
      [{ client_id: post.client_id, client_secret: 'wrong' }, {}],
      [{ client_id: post.client_id }, {}],
      [{ client_id: post.client_id, client_secret: '' }, {}],
      [{ client_secret: post.client_secret }, {}],
      [{}, header(post)],
      [{}, header(basic, 'wrong')],
      [{}, header(basic, '')],
      [{ client_id: basic.client_id, client_secret: basic.client_secret }, {}],
      [{ client_id: basic.client_id }, {}],
      [{ client_id: none.client_id, client_secret: 'x' }, {}],
      [{}, header(none, '')],
      [{ client_id: post.client_id, client_secret: basic.client_secret }, {}],
    ] as const;
    for (const [credentials, headers] of attempts) {
      const response = await server.post(
        '/token',
        { grant_type: code, code: 'x', code_verifier: verifier, ...credentials },
        headers,
      );
      expect(response.headers.get('www-authenticate')).toEqual(
        'authorization' in headers ? expect.stringMatching(/^Basic realm="[^"]+"$/) : null,
      );
      await expectError(response, 401, 'invalid_client');
    }
  });

  it('credentials in the header and in the body at once are an invalid request [OAUTH21-30]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' });
    const response = await server.token(client, { grant_type: code, code: 'x', client_secret: client.client_secret });
    await expectError(response, 400, 'invalid_request');
  });

  it('credentials in the address of the request count for nothing [OAUTH21-15]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_post' });
    const response = await server.post(`/token?client_id=${client.client_id}&client_secret=${client.client_secret}`, {
      grant_type: code,
      code: 'x',
    });
    await expectError(response, 401, 'invalid_client');
  });

  it('percent-encoded Basic credentials suffice, without client_id in the body and whatever the case of the scheme [CASE-58, PITFALL-25, RFC6749-15]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' });
    const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
    const encoded = Buffer.from(`${percent(client.client_id)}:${percent(client.client_secret ?? '')}`).toString(
      'base64',
    );
    for (const scheme of ['Basic', 'basic', 'BASIC', 'Basic  ']) {
      const parameters = {
        grant_type: code,
        code: await server.code(client),
        redirect_uri: redirectUri,
        code_verifier: verifier,
      };
      await tokensOf(await server.post('/token', parameters, { authorization: `${scheme} ${encoded}` }));
    }
  });

  it('Basic credentials that are malformed or of another client than the body fail to authenticate [CASE-59]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' });
    const right = basicHeader(client.client_id, client.client_secret ?? '');
    const raw = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const bodies = [
      ['Basic !!!', {}],
      ['Basic', {}],
      [raw('no-colon'), {}],
      [raw(':no-id'), {}],
      [raw('%zz:x'), {}],
      [raw('\u0000:x'), {}],
      [raw('a%00b:x'), {}],
      ['Bearer x', {}],
      ['Digest username="x"', {}],
      [right, { client_id: 'other' }],
    ] as const;
    for (const [authorization, body] of bodies) {
      const response = await server.post('/token', { grant_type: code, code: 'x', ...body }, { authorization });
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic /);
      await expectError(response, 401, 'invalid_client');
    }
  });
});
