import type { RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { randomId, systemRandom } from '../../src/core/random.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { formPost, jsonPost, readAnswer, sendTo } from '../../src/testing/test-client.ts';
import { assertionParameters, TestClientKey } from '../../src/testing/test-client-key.ts';
import { startOutsideHost } from '../support/outside-host.ts';

const baseUrl = 'http://localhost:3000';

/** A server with one client whose keys are at an outside host, which answers as it is told. */
async function withKeysAt(answer: () => { status?: number; body: unknown; type?: string }) {
  const listener: RequestListener = (_request, response) => {
    const { status = 200, body, type = 'application/json' } = answer();
    response.writeHead(status, { 'content-type': type, 'cache-control': 'max-age=3600' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const host = await startOutsideHost('client.example', listener);
  onTestFinished(() => host.close());
  const clock = new ManualClock();
  const provider = new InMemoryProvider(
    { baseUrl, clientRegistration: { enabled: true } },
    { clock, egress: { privateHosts: [host.exception], cache: { failureLifetime: 1000 } }, resolver: host.resolver },
  );
  const send = sendTo(provider);
  const register = async (jwks_uri: string) =>
    readAnswer(
      await send(
        jsonPost(`${baseUrl}/register`, {
          redirect_uris: ['http://localhost/cb'],
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri,
        }),
      ),
    );
  const registered = await register(`${host.origin}/jwks.json`);
  expect(registered).toMatchObject({ status: 201, body: { jwks_uri: `${host.origin}/jwks.json` } });
  const id = String(registered.body['client_id']);
  const attempt = async (key: TestClientKey) => {
    const now = Math.floor(clock.now() / 1000);
    const jwt = await key.sign({ iss: id, sub: id, aud: baseUrl, exp: now + 60, jti: randomId(systemRandom) });
    const parameters = { grant_type: 'refresh_token', refresh_token: 'x', ...assertionParameters(jwt) };
    const { status, body } = await readAnswer(await send(formPost(`${baseUrl}/token`, parameters)));
    return body['error'] === 'invalid_grant' ? 'in' : `${status} ${String(body['error'])}`;
  };
  return { attempt, clock, host, register };
}

test('keys at jwks_uri are fetched once, and anew where a signature names one that is not there', async () => {
  const [first, second] = [TestClientKey.generate('EdDSA', 'a'), TestClientKey.generate('ES256', 'b')];
  let keys = first.jwks.keys;
  const { attempt, clock, host } = await withKeysAt(() => ({ body: { keys } }));
  for (let request = 0; request < 5; request += 1) expect(await attempt(first)).toBe('in');
  expect(host.asked).toHaveLength(1);
  keys = second.jwks.keys;
  clock.advance(31_000);
  expect(await attempt(second)).toBe('in');
  expect(host.asked).toHaveLength(2);
  expect(await attempt(first)).toBe('401 invalid_client');
});

test('made-up kids do not make this server fetch more than once in half a minute', async () => {
  const key = TestClientKey.generate();
  const { attempt, clock, host } = await withKeysAt(() => ({ body: key.jwks }));
  expect(await attempt(key)).toBe('in');
  for (let kid = 0; kid < 20; kid += 1) {
    await attempt(TestClientKey.generate('EdDSA', `made up ${kid}`));
    clock.advance(1000);
  }
  expect(host.asked.length).toBeLessThanOrEqual(2);
});

test('where the keys cannot be had now the client is told to come again, and it does not count as a failure', async () => {
  const key = TestClientKey.generate();
  let status = 500;
  const { attempt, clock } = await withKeysAt(() => ({ status, body: key.jwks }));
  for (let request = 0; request < 10; request += 1) expect(await attempt(key)).toBe('503 temporarily_unavailable');
  status = 200;
  clock.advance(1000);
  expect(await attempt(key)).toBe('in');
});

test('what is not a key set, or reveals private keys, verifies nothing', async () => {
  const key = TestClientKey.generate();
  let body: unknown = key.jwks;
  const { attempt, clock } = await withKeysAt(() => ({ body }));
  const revealed = key.privateKey.export({ format: 'jwk' });
  for (body of [
    'not JSON',
    [],
    {},
    { keys: 'x' },
    { keys: [null, 7] },
    { keys: [{ ...revealed, kid: key.keyId }] },
    'null',
  ]) {
    expect(await attempt(key), JSON.stringify(body)).toBe('401 invalid_client');
    clock.advance(3_600_000);
  }
  body = { keys: [{ kty: 'oct', k: 'x' }, { kty: 'new' }, ...key.jwks.keys] };
  clock.advance(86_400_000);
  expect(await attempt(key)).toBe('in');
});

test('an address that may not be fetched is refused when it is registered [PITFALL-17]', async () => {
  const { register, host } = await withKeysAt(() => ({ body: {} }));
  for (const uri of [
    'http://client.example/jwks',
    'https://127.0.0.1/jwks',
    'https://169.254.169.254/',
    'file:///etc/passwd',
    'x',
    `${host.origin}/#x`,
  ]) {
    expect((await register(uri)).body, uri).toMatchObject({
      error: 'invalid_client_metadata',
      error_description: expect.stringContaining('jwks_uri'),
    });
  }
});
