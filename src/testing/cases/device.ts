import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import type { TestClient, TestClientOptions } from '../test-client.ts';
import { type Answer, formPost, tokensOf } from '../test-client.ts';

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const second = 1000;

/**
 * A case that passes where the provider does not advertise device authorization though its options ask for it, or the
 * harness has nobody who decides.
 */
function deviceCase(name: string, act: (run: AcceptanceRun) => Promise<void>): AcceptanceCase {
  const whereAdvertised = async (run: AcceptanceRun) => {
    if (run.decidesOnDevices && (await isAdvertised(run))) await act(run);
  };
  return acceptanceCase(name, whereAdvertised, {
    options: { deviceAuthorization: { enabled: true, clients: 'all' } },
  });
}

async function isAdvertised(run: AcceptanceRun): Promise<boolean> {
  const { body } = await run.send('/.well-known/oauth-authorization-server');
  return body['device_authorization_endpoint'] !== undefined;
}

/** A client that may authorize by device and by redirect. */
function deviceClient(run: AcceptanceRun, options: TestClientOptions = {}): Promise<TestClient> {
  return run.client({
    scope: 'read write',
    ...options,
    metadata: { grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant], ...options.metadata },
  });
}

/** How many succeeded, and what the others were told. */
function outcomesOf(answers: readonly Answer[]): { won: number; refused: unknown[] } {
  const lost = answers.filter(({ status }) => status !== 200);
  return { won: answers.length - lost.length, refused: [...new Set(lost.map(({ body }) => body['error']))] };
}

/** Devices without a browser. */
export const deviceCases: readonly AcceptanceCase[] = [
  deviceCase(
    'a device gets its codes, waits, and gets tokens once its user allowed it [RFC8628-01, RFC8628-02, RFC8628-04, RFC8628-05, RFC8628-10, RFC8628-15]',
    async (run) => {
      for (const authMethod of ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const) {
        const client = await deviceClient(run, { authMethod });
        assert.ok((client.registration['grant_types'] as string[]).includes(deviceCodeGrant));
        const answer = await client.post('deviceAuthorization', { scope: 'read write' });
        assert.equal(answer.status, 200, answer.text);
        const { device_code, user_code, verification_uri, verification_uri_complete, expires_in, interval } =
          answer.body;
        assert.match(String(device_code), /^[\w-]{43}$/);
        assert.match(String(user_code), /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
        assert.equal(verification_uri, run.provider.endpointUrl('device'));
        assert.equal(new URL(String(verification_uri_complete)).searchParams.get('user_code'), user_code);
        assert.deepEqual([expires_in, interval], [600, 5]);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        assert.equal(answer.headers.get('access-control-allow-origin'), '*');

        const device = await client.startDevice({ scope: 'read write' });
        assertOAuthError(await client.poll(device), 400, 'authorization_pending');
        await run.decideOnDevice(device, 'allow');
        const tokens = tokensOf(await client.poll(device));
        assert.equal(tokens.scope, 'read write');
        await run.assertAlive(tokens.accessToken);
        await run.assertAlive(tokensOf(await client.refresh(tokens.refreshToken)).accessToken);
      }
      await run.assertNoSecretsKept();
    },
  ),

  deviceCase('a device whose user says no is told so, now and later [RFC8628-12]', async (run) => {
    const client = await deviceClient(run);
    const device = await client.startDevice();
    await run.decideOnDevice(device, 'deny');
    assertOAuthError(await client.poll(device), 400, 'access_denied');
    assertOAuthError(await client.poll(device), 400, 'access_denied');
  }),

  deviceCase('a device code that has expired is good for nothing, approved or not [RFC8628-13]', async (run) => {
    const client = await deviceClient(run);
    const [waiting, approved] = [await client.startDevice(), await client.startDevice()];
    await run.decideOnDevice(approved, 'allow');
    run.clock.advance(run.provider.lifetimes.deviceCode);
    for (const device of [waiting, approved]) assertOAuthError(await client.poll(device), 400, 'expired_token');
  }),

  deviceCase(
    'each poll before the interval is over adds five seconds to it; other devices are not slowed [RFC8628-11]',
    async (run) => {
      const client = await deviceClient(run);
      const [hasty, patient] = [await client.startDevice(), await client.startDevice()];
      const expectAfter = async (seconds: number, error: string) => {
        run.clock.advance(seconds * second);
        assertOAuthError(await client.poll(hasty), 400, error);
      };
      await expectAfter(0, 'authorization_pending');
      await expectAfter(5, 'authorization_pending');
      await expectAfter(3, 'slow_down');
      await expectAfter(9, 'slow_down');
      await expectAfter(14, 'slow_down');
      await expectAfter(20, 'authorization_pending');
      await expectAfter(20, 'authorization_pending');
      assertOAuthError(await client.poll(patient), 400, 'authorization_pending');
      await expectAfter(0, 'slow_down');
      await run.decideOnDevice(hasty, 'allow');
      tokensOf(await client.poll(hasty));
    },
  ),

  deviceCase('of many polls at once one is in time, whoever sends them [RFC8628-11]', async (run) => {
    const client = await deviceClient(run);
    const device = await client.startDevice();
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.poll(device)));
    const pending = answers.filter(({ body }) => body['error'] === 'authorization_pending');
    assert.equal(pending.length, 1);
    assert.deepEqual(outcomesOf(answers).won, 0);
  }),

  deviceCase(
    'of 200 polls of an approved code at once one gets tokens, and as the others are replays these die [PITFALL-03, RFC8628-17]',
    async (run) => {
      const client = await deviceClient(run);
      const device = await client.startDevice({ scope: 'read write' });
      await run.decideOnDevice(device, 'allow');
      const answers = await Promise.all(Array.from({ length: 200 }, () => client.poll(device)));
      assert.deepEqual(outcomesOf(answers), { won: 1, refused: ['invalid_grant'] });
      const [winner] = answers.filter(({ status }) => status === 200);
      assert.ok(winner);
      await run.assertAllDead(client, tokensOf(winner));
    },
  ),

  deviceCase('a device code redeemed twice revokes the tokens of its first redemption [RFC8628-17]', async (run) => {
    const client = await deviceClient(run);
    const other = tokensOf(await redeemNew(run, client));
    const device = await client.startDevice();
    await run.decideOnDevice(device, 'allow');
    const tokens = tokensOf(await client.poll(device));
    run.clock.advance(2 * second);
    assertOAuthError(await client.poll(device), 400, 'invalid_grant');
    await run.assertAllDead(client, tokens);
    await run.assertAlive(other.accessToken, 'the token of another device');
    assert.ok(run.events.some(({ name }) => name === 'code.replayed'));
  }),

  deviceCase(
    'another client with a stolen device code gets nothing, and spoils nothing [PITFALL-04, RFC8628-09]',
    async (run) => {
      const [client, thief] = [await deviceClient(run), await deviceClient(run)];
      const device = await client.startDevice();
      for (let attempt = 0; attempt < 3; attempt += 1) assertOAuthError(await thief.poll(device), 400, 'invalid_grant');
      assertOAuthError(await client.poll(device), 400, 'authorization_pending');
      await run.decideOnDevice(device, 'allow');
      assertOAuthError(await thief.poll(device), 400, 'invalid_grant');
      const tokens = tokensOf(await client.poll(device));
      assertOAuthError(await thief.poll(device), 400, 'invalid_grant');
      await run.assertAlive(tokens.accessToken);
    },
  ),

  deviceCase('a confidential client authenticates at both endpoints [RFC8628-02, RFC8628-09]', async (run) => {
    const client = await deviceClient(run, { authMethod: 'client_secret_post' });
    const wrong = { client_secret: 'wrong' };
    assertOAuthError(await client.post('deviceAuthorization', wrong), 401, 'invalid_client');
    assertOAuthError(await client.post('deviceAuthorization', { client_secret: undefined }), 401, 'invalid_client');
    const device = await client.startDevice();
    await run.decideOnDevice(device, 'allow');
    assertOAuthError(await client.poll(device, wrong), 401, 'invalid_client');
    tokensOf(await client.poll(device));
  }),

  deviceCase('what a device may not ask for is refused at once [RFC8628-03]', async (run) => {
    const client = await deviceClient(run, { scope: 'read' });
    const [unregistered, narrow] = [await run.client(), await run.client({ scope: 'read' })];
    for (const [answer, error] of [
      [await client.post('deviceAuthorization', { scope: 'admin' }), 'invalid_scope'],
      [await client.post('deviceAuthorization', { scope: 'write' }), 'invalid_scope'],
      [await client.post('deviceAuthorization', { scope: '"' }), 'invalid_scope'],
      [await client.post('deviceAuthorization', { resource: 'https://elsewhere.example/mcp' }), 'invalid_target'],
      [await unregistered.post('deviceAuthorization', {}), 'unauthorized_client'],
      [await narrow.poll({ deviceCode: 'A'.repeat(43) }), 'unauthorized_client'],
      [await client.poll({ deviceCode: 'A'.repeat(43) }), 'invalid_grant'],
      [await client.poll({ deviceCode: '' }), 'invalid_request'],
    ] as const) {
      assertOAuthError(answer, 400, error);
    }
    const url = run.provider.endpointUrl('deviceAuthorization');
    const twice = new Request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `client_id=${client.clientId}&scope=read&scope=read`,
    });
    assertOAuthError(await run.send(twice), 400, 'invalid_request');
    assert.equal((await run.send(url)).status, 405);
    const sparse = await client.post('deviceAuthorization', { scope: '', resource: '', unknown: 'x' });
    assert.equal(sparse.status, 200, sparse.text);
  }),

  deviceCase(
    'tokens of a device are for the resource that it asked for, and for no other [RFC8628-09]',
    async (run) => {
      const client = await deviceClient(run);
      const { resource } = run.provider.settings;
      const device = await client.startDevice({ resource });
      await run.decideOnDevice(device, 'allow');
      const elsewhere = { resource: 'https://elsewhere.example/mcp' };
      assertOAuthError(await client.poll(device, elsewhere), 400, 'invalid_target');
      const { accessToken } = tokensOf(await client.poll(device, { resource }));
      assert.equal((await run.provider.verifyToken(accessToken))?.resource, resource);
    },
  ),

  deviceCase('a client that registered no refresh tokens gets none by device', async (run) => {
    const metadata = { grant_types: ['authorization_code', deviceCodeGrant] };
    const client = await deviceClient(run, { metadata });
    assert.equal(tokensOf(await redeemNew(run, client)).refreshToken, '');
  }),

  acceptanceCase('what is not advertised does not exist: devices [RFC8628-01, CASE-18]', async (run) => {
    assert.equal(await isAdvertised(run), false, 'device authorization is on without having been asked for');
    assert.equal((await run.send(formPost(run.provider.endpointUrl('deviceAuthorization'), {}))).status, 404);
    const client = await deviceClient(run);
    assert.equal((client.registration['grant_types'] as string[]).includes(deviceCodeGrant), false);
    assertOAuthError(await client.poll({ deviceCode: 'A'.repeat(43) }), 400, 'unsupported_grant_type');
  }),

  acceptanceCase(
    'where devices are for verified clients, one that registers itself is not registered for them [CASE-18, PITFALL-16]',
    async (run) => {
      if (!(await isAdvertised(run))) return;
      const client = await deviceClient(run);
      assert.equal((client.registration['grant_types'] as string[]).includes(deviceCodeGrant), false);
      assertOAuthError(await client.post('deviceAuthorization', {}), 400, 'unauthorized_client');
      assertOAuthError(await client.poll({ deviceCode: 'A'.repeat(43) }), 400, 'unauthorized_client');
    },
    { options: { deviceAuthorization: { enabled: true } } },
  ),
];

async function redeemNew(run: AcceptanceRun, client: TestClient): Promise<Answer> {
  const device = await client.startDevice();
  await run.decideOnDevice(device, 'allow');
  return client.poll(device);
}
