import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { assertOAuthError } from '../acceptance-run.ts';
import { jsonPost } from '../test-client.ts';

const tooLong = 4 * 1024 * 1024 + 1;

/** Methods, sizes, and what pages of other origins may do. */
export const hygieneCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a method that an endpoint does not have is refused with the ones that it has [CASE-27]',
    async (run) => {
      for (const endpoint of ['register', 'token', 'revoke'] as const) {
        const answer = await run.send(run.provider.endpointUrl(endpoint));
        assert.equal(answer.status, 405, endpoint);
        assert.match(answer.headers.get('allow') ?? '', /POST/);
      }
      const { status, headers } = await run.send(new Request(run.provider.endpointUrl('authorize'), { method: 'PUT' }));
      assert.equal(status, 405);
      assert.match(headers.get('allow') ?? '', /GET/);
    },
  ),

  acceptanceCase(
    'a body that is too long is refused, and pages of other origins can read that [CASE-85]',
    async (run) => {
      for (const endpoint of ['register', 'token', 'revoke', 'authorize'] as const) {
        const type = endpoint === 'register' ? 'application/json' : 'application/x-www-form-urlencoded';
        const headers = { 'content-type': type, origin: 'https://inspector.example' };
        const answer = await run.send(
          new Request(run.provider.endpointUrl(endpoint), { method: 'POST', headers, body: 'x'.repeat(tooLong) }),
        );
        assert.equal(answer.status, 413, endpoint);
        assert.equal(
          answer.headers.get('access-control-allow-origin'),
          endpoint === 'authorize' ? null : '*',
          endpoint,
        );
      }
    },
  ),

  acceptanceCase(
    'pages of other origins may use the token endpoint, with Basic credentials too [CASE-86]',
    async (run) => {
      for (const endpoint of ['token', 'register', 'revoke'] as const) {
        const headers = {
          origin: 'https://inspector.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        };
        const preflight = await run.send(
          new Request(run.provider.endpointUrl(endpoint), { method: 'OPTIONS', headers }),
        );
        assert.ok(preflight.status === 200 || preflight.status === 204, endpoint);
        assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
        assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/i);
        assert.equal(preflight.headers.get('access-control-allow-credentials'), null);
      }
      const answer = await run.send(
        jsonPost(run.provider.endpointUrl('token'), {}, { origin: 'https://inspector.example' }),
      );
      assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    },
  ),

  acceptanceCase('the authorization endpoint has no CORS headers [CASE-87, OAUTH21-22, RFC9700-06]', async (run) => {
    const { url } = (await run.client()).prepareAuthorization();
    const origin = 'https://evil.example';
    for (const request of [
      new Request(url, { headers: { origin } }),
      new Request(url, { method: 'OPTIONS', headers: { origin } }),
    ]) {
      const { headers } = await run.send(request);
      for (const name of ['access-control-allow-origin', 'access-control-allow-credentials'])
        assert.equal(headers.get(name), null);
    }
  }),

  acceptanceCase('errors are printable ASCII, whatever was sent [OAUTH21-29, OAUTH21-68]', async (run) => {
    const client = await run.client();
    for (const hostile of ['<script>', '"\\\u00fc\ud83d\ude00', 'a\r\nset-cookie: x=1', '\u0000']) {
      const answer = await client.post('token', { grant_type: hostile });
      assertOAuthError(answer, 400, 'unsupported_grant_type', 'invalid_request');
      const { url } = client.prepareAuthorization({ client_id: hostile });
      const page = await run.send(url.href, { accept: 'text/html' });
      assert.equal(page.status, 400);
      assert.equal(page.text.includes('<script>'), false);
    }
  }),
];
