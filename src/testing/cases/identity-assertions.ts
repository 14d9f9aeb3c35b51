import assert from 'node:assert/strict';
import { hashSecret } from '../../core/hash.ts';
import type { ClientId } from '../../core/ids.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import type { Answer } from '../test-client.ts';
import { identityAssertionGrant, presentAssertion, TestIssuer } from '../test-issuer.ts';

const app = { clientId: 'enterprise-app', secret: 'a secret that an administrator handed out' };

interface Issuers {
  readonly one: TestIssuer;
  readonly other: TestIssuer;
}

let made: Issuers | undefined;

/** Two issuers, with one pair of keys for the whole suite. */
function issuers(): Issuers {
  made ??= { one: new TestIssuer(), other: new TestIssuer('https://other-idp.example.com') };
  return made;
}

/** A case that passes where the provider does not advertise identity assertions. */
function assertionCase(name: string, act: (run: AcceptanceRun, issuers: Issuers) => Promise<void>): AcceptanceCase {
  const whereAdvertised = async (run: AcceptanceRun) => {
    const { body } = await run.send('/.well-known/oauth-authorization-server');
    if (body['authorization_grant_profiles_supported'] === undefined) return;
    await addApp(run);
    const { one, other } = issuers();
    for (const subject of ['ada', 'bob']) {
      await run.addIdentity(one.issuer, subject);
      await run.addIdentity(other.issuer, subject);
    }
    await act(run, { one, other });
  };
  return acceptanceCase(name, whereAdvertised, {
    environment: {
      get identityAssertions() {
        const { one, other } = issuers();
        return { issuers: [one.trusted(), other.trusted()] };
      },
      clientAuthentication: { throttle: { freeFailures: 1000 } },
    },
  });
}

/** Stores the client as an administrator would. */
async function addApp({ provider }: AcceptanceRun): Promise<void> {
  await provider.registerClient({
    clientId: app.clientId as ClientId,
    clientSecretHash: hashSecret(app.secret),
    tokenEndpointAuthMethod: 'client_secret_post',
    redirectUris: [],
    grantTypes: [identityAssertionGrant],
    responseTypes: [],
    scopes: ['read', 'write'],
    registeredBy: 'administrator',
    issuedAt: provider.clock.now(),
  });
}

async function present(run: AcceptanceRun, issuer: TestIssuer, claims: Record<string, unknown> = {}): Promise<Answer> {
  return presentAssertion(run.provider, app, await issuer.assertion(run.provider, app.clientId, claims));
}

async function subjectOf(run: AcceptanceRun, answer: Answer): Promise<string> {
  assert.equal(answer.status, 200, `an assertion of a user was refused: ${answer.text}`);
  const token = await run.provider.verifyToken(String(answer.body['access_token']));
  assert.ok(token, 'the token of an assertion should open the resource');
  return token.subject;
}

/** What identity providers assert of their users. */
export const identityAssertionCases: readonly AcceptanceCase[] = [
  assertionCase(
    'an assertion becomes an access token of its user, and never a refresh token [CASE-89, MCP-EMA-01, RFC7523-24]',
    async (run, { one }) => {
      const answer = await present(run, one);
      const subject = await subjectOf(run, answer);
      assert.equal(answer.body['scope'], 'read');
      assert.equal(answer.body['refresh_token'], undefined);
      assert.equal(answer.body['issued_token_type'], undefined);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(
        await subjectOf(run, await present(run, one)),
        subject,
        'a user should be one, however often asserted',
      );
      await run.assertNoSecretsKept();
    },
  ),

  assertionCase(
    'users are told apart by issuer and subject together, whatever else is said of them [MCP-EMA-10, RFC7523-17]',
    async (run, { one, other }) => {
      const claims = { preferred_username: 'same', email: 'same@example.com' };
      const ada = await subjectOf(run, await present(run, one, claims));
      assert.notEqual(await subjectOf(run, await present(run, one, { ...claims, sub: 'bob' })), ada);
      assert.notEqual(await subjectOf(run, await present(run, other, claims)), ada);
    },
  ),

  assertionCase(
    'of many presentations of one assertion exactly one wins [RFC7523-22, PITFALL-21]',
    async (run, { one }) => {
      const assertion = await one.assertion(run.provider, app.clientId);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => presentAssertion(run.provider, app, assertion)),
      );
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, 'an assertion should count once');
      for (const answer of answers) if (answer.status !== 200) assertOAuthError(answer, 400, 'invalid_grant');
    },
  ),

  assertionCase(
    'what is forged, missing, or about somebody else is refused [CASE-90, MCP-EMA-03, MCP-EMA-04, RFC7523-21]',
    async (run, { one, other }) => {
      assertOAuthError(await presentAssertion(run.provider, app, undefined), 400, 'invalid_request');
      assertOAuthError(await presentAssertion(run.provider, app, 'forged'), 400, 'invalid_grant');
      for (const claims of [
        { iss: other.issuer },
        { aud: 'https://elsewhere.example' },
        { client_id: 'somebody-else' },
        { resource: 'https://elsewhere.example/mcp' },
        { jti: undefined },
        { exp: 1 },
      ]) {
        assertOAuthError(await present(run, one, claims), 400, 'invalid_grant');
      }
    },
  ),
];
