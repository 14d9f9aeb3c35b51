import assert from 'node:assert/strict';
import type { ClientId } from '../../core/ids.ts';
import type { SingleUseIdentifier } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError, type MethodName, withMethod } from '../acceptance-run.ts';
import { type Answer, jsonPost, tokensOf } from '../test-client.ts';

const secretOfTheStore = 'relation "tokens" of 10.1.2.3 is gone';
const storedMethods = [
  'getClient',
  'registerClient',
  'loadAuthorizationCode',
  'exchangeAuthorizationCode',
  'loadRefreshToken',
  'exchangeRefreshToken',
  'loadAccessToken',
  'revokeToken',
  'verifyToken',
] as const satisfies readonly MethodName[];

const hostileIdentifiers = [
  "' OR 1=1 --",
  '%',
  '_',
  '*',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '\u00fc\u{1f600}',
  'x'.repeat(10_000),
  'undefined',
  'null',
  '0',
];

async function duringOutage(
  run: AcceptanceRun,
  method: (typeof storedMethods)[number],
  act: () => Promise<void>,
): Promise<void> {
  const fail = async (): Promise<never> => {
    throw new Error(secretOfTheStore);
  };
  await withMethod(run.provider, method, fail as OAuthProvider[typeof method], act);
}

function assertServerError(answer: Answer, what: string): void {
  assert.equal(answer.status, 500, `${what}: expected 500, got ${answer.status}: ${answer.text}`);
  assert.equal(answer.text.includes(secretOfTheStore), false, `${what} tells what went wrong inside`);
  assert.equal(answer.body['error'], 'server_error', what);
}

/** What the base class relies on: absence, outages, and nothing in the clear. */
export const storeCases: readonly AcceptanceCase[] = [
  acceptanceCase('what does not exist is undefined, never null and never an error [PITFALL-26]', async (run) => {
    const client = await run.provider.getClient((await run.client()).clientId as ClientId);
    assert.ok(client);
    for (const unknown of ['unknown', ...hostileIdentifiers]) {
      const lookUps: Readonly<Record<string, () => Promise<unknown>>> = {
        getClient: () => run.provider.getClient(unknown as ClientId),
        loadAuthorizationCode: () => run.provider.loadAuthorizationCode(client, unknown),
        loadRefreshToken: () => run.provider.loadRefreshToken(client, unknown),
        loadAccessToken: () => run.provider.loadAccessToken(unknown),
        verifyToken: () => run.provider.verifyToken(unknown),
      };
      for (const [method, lookUp] of Object.entries(lookUps)) {
        const found = await lookUp().catch((error: unknown) => error);
        assert.equal(found, undefined, `${method}(${JSON.stringify(unknown.slice(0, 40))}) is ${String(found)}`);
      }
    }
  }),

  acceptanceCase(
    'hostile codes, tokens and client ids are simply unknown [CASE-56, CASE-60, CASE-69, CASE-73, CASE-79]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const code = await run.authorize(client);
      for (const hostile of hostileIdentifiers) {
        assertOAuthError(await client.redeem({ ...code, code: hostile }), 400, 'invalid_grant');
        assertOAuthError(await client.refresh(hostile), 400, 'invalid_grant');
        assertOAuthError(await client.refresh('x', { client_id: hostile }), 401, 'invalid_client');
        assert.equal((await client.revoke(hostile)).status, 200);
      }
      tokensOf(await client.redeem(code));
      await run.assertAlive(tokens.accessToken);
    },
  ),

  acceptanceCase(
    'an outage of the store at any endpoint is a server_error that tells nothing, and spends nothing [CASE-48]',
    async (run) => {
      const { client, tokens } = await run.connect();
      const code = await run.authorize(client);
      const register = () =>
        run.send(jsonPost(run.provider.endpointUrl('register'), { redirect_uris: [client.redirectUri] }));
      const attempts: Readonly<Record<Exclude<(typeof storedMethods)[number], 'verifyToken'>, () => Promise<Answer>>> =
        {
          getClient: () => client.redeem(code),
          registerClient: register,
          loadAuthorizationCode: () => client.redeem(code),
          exchangeAuthorizationCode: () => client.redeem(code),
          loadRefreshToken: () => client.refresh(tokens.refreshToken),
          exchangeRefreshToken: () => client.refresh(tokens.refreshToken),
          loadAccessToken: () => client.revoke('unknown'),
          revokeToken: () => client.revoke(tokens.refreshToken),
        };
      for (const method of storedMethods) {
        if (method === 'verifyToken') continue;
        await duringOutage(run, method, async () => assertServerError(await attempts[method](), method));
      }
      await duringOutage(run, 'getClient', async () => {
        const page = await run.send(client.prepareAuthorization().url.href, { accept: 'text/html' });
        assert.equal(page.status, 500);
        assert.equal(page.text.includes(secretOfTheStore), false);
      });
      assert.ok(
        run.events.some(({ name }) => name === 'server.error'),
        'an outage is reported to the operator',
      );
      tokensOf(await client.redeem(code));
      tokensOf(await client.refresh(tokens.refreshToken));
    },
  ),

  acceptanceCase(
    'of 200 concurrent attempts to spend one identifier exactly one is the first [PITFALL-21]',
    async ({ provider, clock }) => {
      if (provider.spendIdentifier === undefined) return;
      const times = { usableFrom: clock.now(), expiresAt: clock.now() + 60_000 };
      const once = { purpose: 'proof', issuer: 'somebody', identifier: 'jti-1', ...times };
      const spend = (changes: Partial<SingleUseIdentifier> = {}) => provider.spendIdentifier?.({ ...once, ...changes });
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => spend()));
      assert.equal(outcomes.filter((isNew) => isNew === true).length, 1);
      assert.equal(await spend(), false);
      for (const other of [{ purpose: 'assertion' }, { issuer: 'another' }, { identifier: 'jti-2' }]) {
        assert.equal(await spend(other), true, JSON.stringify(other));
      }
      assert.equal(await spend({ issuer: 'x'.repeat(5000), identifier: 'y'.repeat(5000) }), true);
    },
  ),

  acceptanceCase('an outage of the store at the resource is not taken for a bad token [CASE-79]', async (run) => {
    const { tokens } = await run.connect();
    await duringOutage(run, 'verifyToken', async () => {
      const outcome = await run.callResource(tokens.accessToken).catch(() => 'rejected' as const);
      if (outcome === 'rejected') return;
      assert.equal(outcome.token, undefined);
      assert.ok((outcome.response?.status ?? 0) >= 500, 'a client that gets 401 throws a good token away');
    });
    await run.assertAlive(tokens.accessToken);
  }),

  acceptanceCase(
    'no secret is kept in the clear, in the store or in the events [PITFALL-24, MCP-SEC-04, RFC9700-08]',
    async (run) => {
      for (const authMethod of ['none', 'client_secret_basic', 'client_secret_post'] as const) {
        const { client, tokens } = await run.connect({ authMethod });
        const next = tokensOf(await client.refresh(tokens.refreshToken));
        await client.refresh(tokens.refreshToken);
        await run.authorize(client);
        const replayed = await run.authorize(client);
        await client.redeem(replayed);
        await client.redeem(replayed);
        await client.redeem(await run.authorize(client), { code_verifier: 'x'.repeat(43) });
        await client.refresh('unknown', { client_secret: authMethod === 'none' ? undefined : 'wrong' });
        await run.callResource(`${next.accessToken}x`);
        await run.assertNoSecretsKept();
        await client.revoke(next.refreshToken);
        await run.assertNoSecretsKept();
      }
    },
  ),
];
