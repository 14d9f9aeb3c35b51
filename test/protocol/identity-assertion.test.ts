import { createHmac } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { IdentityAssertionOptions } from '../../src/core/identity-assertions.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import { formPost, readAnswer, sendTo } from '../../src/testing/test-client.ts';
import { TestClientKey } from '../../src/testing/test-client-key.ts';
import { identityAssertionGrant, TestIssuer } from '../../src/testing/test-issuer.ts';
import { AssertionPeer, accessTokenOf, addApp, appId, outcome } from './assertion-peer.ts';
import { base, providers, type RunningProvider, resource } from './support.ts';

const mail = 'https://mail.example.com/mcp';
const refused = '400 invalid_grant';

describe.each(providers)('identity assertions at $name', ({ create }) => {
  async function open(issuer = new TestIssuer(), changes: Partial<IdentityAssertionOptions> = {}) {
    const running: RunningProvider = await create({
      environment: {
        scopes: { read: { tools: ['list_notes'] }, write: { implies: ['read'] }, admin: {} },
        resources: { mail: { url: mail, scopes: { 'mail:read': {}, read: {} } } },
        identityAssertions: { issuers: [issuer.trusted()], ...changes },
        clientAuthentication: { throttle: { freeFailures: 1000 } },
      },
    });
    onTestFinished(() => running.close());
    await addApp(running.provider);
    return { ...running, peer: new AssertionPeer(running.provider, issuer) };
  }

  it('a good one becomes a token of its user for its resource, and no refresh token [CASE-89, MCP-EMA-01, MCP-EMA-08, RFC7523-15, RFC7523-24]', async () => {
    const { provider, peer, events } = await open();
    const answer = await peer.present(await peer.assertion());
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'read',
    });
    const token = await provider.verifyToken(accessTokenOf(answer));
    expect(token).toMatchObject({ clientId: appId, scopes: ['read'], resource });
    expect(token?.subject).not.toBe(appId);
    const again = await peer.present(await peer.assertion());
    expect(await peer.subjectOf(again)).toBe(token?.subject);
    expect(await peer.subjectOf(await peer.attempt({ sub: 'bob' }))).not.toBe(token?.subject);
    expect(events.filter(({ name }) => name === 'assertion.accepted')).toHaveLength(3);
  });

  it('the metadata lists grant and profile where an issuer is trusted, and nowhere else [CASE-89, CASE-90]', async () => {
    const { provider } = await open();
    const metadata = provider.serverMetadata();
    expect(metadata['grant_types_supported']).toContain(identityAssertionGrant);
    expect(metadata['authorization_grant_profiles_supported']).toEqual(['urn:ietf:params:oauth:grant-profile:id-jag']);
    const plain = await create();
    onTestFinished(() => plain.close());
    expect(JSON.stringify(plain.provider.serverMetadata())).not.toMatch(/jwt-bearer|id-jag/);
    await addApp(plain.provider);
    expect(outcome(await new AssertionPeer(plain.provider, new TestIssuer()).present('x'))).toBe(
      '400 unsupported_grant_type',
    );
  });

  it('who is not a confidential client of an administrator gets nothing for a good one [CASE-90, MCP-EMA-11]', async () => {
    const { provider, peer } = await open();
    const present = async (clientId: string) => {
      const assertion = await peer.assertion({ client_id: clientId });
      return outcome(await peer.present(assertion, {}, {}, clientId));
    };
    await addApp(provider, { registeredBy: 'dynamic' }, 'registered-itself');
    await addApp(provider, { grantTypes: ['authorization_code'] }, 'other-grants');
    expect(await present('registered-itself')).toBe('400 unauthorized_client');
    expect(await present('other-grants')).toBe('400 unauthorized_client');
    await addApp(provider, { tokenEndpointAuthMethod: 'none' }, 'public');
    const parameters = { client_id: 'public', assertion: await peer.assertion({ client_id: 'public' }) };
    const request = formPost(provider.endpointUrl('token'), { grant_type: identityAssertionGrant, ...parameters });
    expect(outcome(await readAnswer(await sendTo(provider)(request)))).toBe('400 unauthorized_client');
  });

  it('nothing at all, or no JWT, is refused for what it is [CASE-90, RFC7523-15]', async () => {
    const { peer } = await open();
    expect(outcome(await peer.present(undefined))).toBe('400 invalid_request');
    for (const text of ['forged', 'a.b.c', 'e30.e30.', `${await peer.assertion()}.x`, 'x'.repeat(12_289), '..'])
      expect(outcome(await peer.present(text)), text.slice(0, 20)).toBe(refused);
  });

  it('any claim that is missing, of another type or about something else makes it worthless [CASE-90, MCP-EMA-03, MCP-EMA-04, MCP-EMA-05, MCP-EMA-07, RFC7523-16, RFC7523-17, RFC7523-18, RFC7523-23]', async () => {
    const { peer } = await open();
    for (const claims of [
      { iss: undefined },
      { iss: `${peer.issuer.issuer}/` },
      { iss: peer.issuer.issuer.toUpperCase() },
      { iss: 'https://elsewhere.example' },
      { iss: [peer.issuer.issuer] },
      { sub: undefined },
      { sub: '' },
      { sub: 7 },
      { sub: 'x'.repeat(257) },
      { sub: 'a\u0000b' },
      { aud: undefined },
      { aud: `${base}/` },
      { aud: `${base}/token` },
      { aud: [base, 'https://elsewhere.example'] },
      { aud: [base, base] },
      { aud: [] },
      { client_id: undefined },
      { client_id: 'another-app' },
      { client_id: [appId] },
      { resource: undefined },
      { resource: 'https://elsewhere.example/mcp' },
      { resource: [resource, mail] },
      { resource: 7 },
      { jti: undefined },
      { jti: '' },
      { jti: 7 },
      { jti: 'x'.repeat(257) },
      { scope: 7 },
      { scope: ['read'] },
      { scope: 'read "write"' },
      { cnf: { jkt: 'A'.repeat(43) } },
      { cnf: { 'x5t#S256': 'A'.repeat(43) } },
    ]) {
      expect(outcome(await peer.attempt(claims)), JSON.stringify(claims)).toBe(refused);
    }
    expect(outcome(await peer.attempt({ aud: [base] }))).toBe('200');
    expect(outcome(await peer.attempt({ resource: [`${resource}?x=1`] }))).toBe('200');
  });

  it('one that is too old, too long, or not good yet is refused, but for the leeway of clocks [RFC7523-19, RFC7523-20, MCP-EMA-05]', async () => {
    const { peer, clock } = await open();
    const now = Math.floor(clock.now() / 1000);
    for (const [claims, expected] of [
      [{ exp: undefined }, refused],
      [{ exp: String(now + 60) }, refused],
      [{ exp: now - 31 }, refused],
      [{ exp: now - 29 }, '200'],
      [{ exp: now + 631 }, refused],
      [{ exp: now + 629 }, '200'],
      [{ exp: 1e300 }, refused],
      [{ iat: undefined }, refused],
      [{ iat: now + 31 }, refused],
      [{ iat: now + 29 }, '200'],
      [{ iat: now - 631 }, refused],
      [{ iat: null }, refused],
      [{ nbf: now + 31 }, refused],
      [{ nbf: now - 10 }, '200'],
      [{ nbf: 'x' }, refused],
    ] as const) {
      expect(outcome(await peer.attempt(claims)), JSON.stringify(claims)).toBe(expected);
    }
  });

  it('it is told by its typ from ID tokens, access tokens and client assertions of the same issuer [MCP-EMA-02]', async () => {
    const { peer } = await open();
    for (const typ of [undefined, 'JWT', 'at+jwt', 'OAUTH-ID-JAG+JWT', 'application/oauth-id-jag+jwt', 'dpop+jwt']) {
      expect(outcome(await peer.attempt({}, { typ })), typ).toBe(refused);
    }
  });

  it.each(['EdDSA', 'ES256', 'RS256', 'PS256'])('%s signatures are verified [RFC7523-21]', async (algorithm) => {
    const issuer = new TestIssuer('https://idp.example.com', algorithm);
    const { peer } = await open(issuer);
    expect(outcome(await peer.attempt({}))).toBe('200');
    const [header, payload, signature = ''] = (await peer.assertion()).split('.');
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(outcome(await peer.present(`${header}.${payload}.${flipped}`))).toBe(refused);
    issuer.key = TestClientKey.generate(algorithm);
    expect(outcome(await peer.attempt({}))).toBe(refused);
  });

  it('no algorithm but those of the issuer is tried: none, HMAC with its public key, another key type [RFC7523-21, PITFALL-21]', async () => {
    const issuer = new TestIssuer();
    const { provider, peer } = await open(issuer);
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = encode(issuer.claims(provider, appId));
    for (const alg of ['none', 'None', 'HS256', 'RS512', 'EdDSA ', '', undefined]) {
      const header = encode({ typ: 'oauth-id-jag+jwt', kid: issuer.key.keyId, alg });
      expect(outcome(await peer.present(`${header}.${payload}.`)), alg).toBe(refused);
      for (const secret of [JSON.stringify(issuer.key.jwks.keys[0]), String(issuer.key.jwks.keys[0]?.x)]) {
        const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
        expect(outcome(await peer.present(`${header}.${payload}.${signature}`)), alg).toBe(refused);
      }
    }
    const pinned = await open(issuer, { issuers: [issuer.trusted({ algorithms: ['ES256'] })] });
    expect(outcome(await pinned.peer.attempt({}))).toBe(refused);
  });

  it('keys and addresses in the header are never looked at, and extensions are refused [RFC7523-21]', async () => {
    const issuer = new TestIssuer();
    const { peer } = await open(issuer);
    const mine = TestClientKey.generate('EdDSA', issuer.key.keyId);
    const honest = issuer.key;
    issuer.key = mine;
    for (const header of [
      { jwk: mine.jwks.keys[0] },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example/cert.pem' },
      { x5c: ['AAAA'] },
      { kid: undefined },
      { kid: '../../dev/null' },
      { kid: 7 },
    ]) {
      expect(outcome(await peer.attempt({}, header)), JSON.stringify(header)).toBe(refused);
    }
    issuer.key = honest;
    expect(outcome(await peer.attempt({}, { jku: 'https://evil.example/jwks.json', kid: undefined }))).toBe('200');
    const crit = issuer.key.sign({}, { typ: 'oauth-id-jag+jwt', crit: ['b64'], b64: true });
    expect(outcome(await peer.present(await crit))).toBe(refused);
  });

  it('one issuer cannot speak for another, whatever its kid [RFC7523-16, RFC7523-21]', async () => {
    const [one, other] = [new TestIssuer(), new TestIssuer('https://other.example')];
    const { provider, peer } = await open(one, { issuers: [one.trusted(), other.trusted()] });
    const assertion = await other.assertion(provider, appId, { iss: one.issuer });
    expect(outcome(await peer.present(assertion))).toBe(refused);
    const mine = accessTokenOf(await peer.present(await other.assertion(provider, appId)));
    const theirs = accessTokenOf(await peer.present(await one.assertion(provider, appId)));
    const subjectOf = async (token: string) => (await provider.loadAccessToken(token))?.subject;
    expect(await subjectOf(mine)).not.toBe(await subjectOf(theirs));
  });

  it('it counts once: of fifty at the same moment one wins, and a forged copy spends nothing [RFC7523-22, PITFALL-21]', async () => {
    const { peer } = await open();
    const claims = { jti: 'once' };
    const forger = new AssertionPeer(peer.provider, new TestIssuer());
    expect(outcome(await forger.attempt(claims))).toBe(refused);
    expect(outcome(await peer.attempt({ ...claims, aud: 'https://elsewhere.example' }))).toBe(refused);
    const assertion = await peer.assertion(claims);
    const outcomes = await Promise.all(Array.from({ length: 50 }, async () => outcome(await peer.present(assertion))));
    expect(outcomes.filter((each) => each === '200')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['200', refused]));
    expect(outcome(await peer.attempt(claims))).toBe(refused);
  });

  it('of scopes it gives what request, issuer, client and resource have in common, and says what there is [MCP-EMA-06, RFC7523-25]', async () => {
    const { peer } = await open();
    const scopeOf = async (asserted: string | undefined, asked?: string) => {
      const { status, body } = await peer.present(
        await peer.assertion({ scope: asserted }),
        asked === undefined ? {} : { scope: asked },
      );
      return status === 200 ? body['scope'] : body['error'];
    };
    expect(await scopeOf('read write')).toBe('read write');
    expect(await scopeOf('read write', 'write')).toBe('write');
    expect(await scopeOf('read', 'read write admin')).toBe('read');
    expect(await scopeOf('write', 'read')).toBe('read');
    expect(await scopeOf('read', 'write')).toBe('invalid_scope');
    expect(await scopeOf('admin')).toBe('invalid_scope');
    expect(await scopeOf('mail:read')).toBe('invalid_scope');
    expect(await scopeOf('read', 'mail:read')).toBe('invalid_scope');
    expect(await scopeOf('')).toBe('invalid_scope');
    expect(await scopeOf(undefined)).toBe('read');
    expect(await scopeOf(undefined, 'write')).toBe('write');
    expect(await scopeOf('read offline_access', 'read offline_access')).toBe('read');
    expect(await scopeOf('read', 'read\\')).toBe('invalid_scope');
  });

  it('its token is for its resource alone, and the request may name no other [MCP-EMA-05]', async () => {
    const { provider, peer } = await open();
    await addApp(provider, { scopes: ['read', 'mail:read'] }, 'mail-app');
    const claims = { client_id: 'mail-app', resource: mail, scope: 'read mail:read' };
    const answer = await peer.present(await peer.assertion(claims), { resource: mail }, {}, 'mail-app');
    const token = accessTokenOf(answer);
    expect(await provider.verifyToken(token)).toBeUndefined();
    expect(await provider.verifyToken(token, provider.resources.identifiedBy(mail)?.uri)).toBeDefined();
    expect(outcome(await peer.present(await peer.assertion(), { resource: mail }))).toBe('400 invalid_target');
    expect(outcome(await peer.present(await peer.assertion(), { resource }))).toBe('200');
  });

  it('an issuer may be for some clients, and its tokens shorter than others', async () => {
    const issuer = new TestIssuer();
    const { provider, peer } = await open(issuer, {
      issuers: [issuer.trusted({ clients: [appId], accessTokenLifetime: 120_000 })],
    });
    expect((await peer.attempt({})).body['expires_in']).toBe(120);
    await addApp(provider, {}, 'second');
    const assertion = await issuer.assertion(provider, 'second');
    expect(outcome(await peer.present(assertion, {}, {}, 'second'))).toBe('400 unauthorized_client');
  });

  it('an issuer that knows this server by another name is told so, and only that name counts', async () => {
    const issuer = new TestIssuer();
    const { peer } = await open(issuer, { issuers: [issuer.trusted({ audience: 'urn:notes' })] });
    expect(outcome(await peer.attempt({}))).toBe(refused);
    expect(outcome(await peer.attempt({ aud: 'urn:notes' }))).toBe('200');
  });

  it('a proof of a key binds the token to it, and an assertion that is bound to a key needs its proof', async () => {
    const { provider, peer, clock } = await open();
    const key = new DpopTestKey();
    const proof = () => ({ dpop: key.proof({ url: provider.endpointUrl('token'), now: clock.now() }) });
    const bound = await peer.present(await peer.assertion(), {}, proof());
    expect(bound.body['token_type']).toBe('DPoP');
    const claims = { cnf: { jkt: key.thumbprint } };
    expect(outcome(await peer.attempt(claims))).toBe(refused);
    const other = new DpopTestKey().proof({ url: provider.endpointUrl('token'), now: clock.now() });
    expect(outcome(await peer.present(await peer.assertion(claims), {}, { dpop: other }))).toBe(refused);
    expect(outcome(await peer.present(await peer.assertion(claims), {}, proof()))).toBe('200');
    for (const cnf of [{ ...claims.cnf, 'x5t#S256': 'A'.repeat(43) }, {}, [], key.thumbprint, null, 0])
      expect(outcome(await peer.present(await peer.assertion({ cnf }), {}, proof())), JSON.stringify(cnf)).toBe(
        refused,
      );
    for (const cnf of [{}, { jkt: undefined }, { jkt: null }, null, ''])
      expect(outcome(await peer.attempt({ cnf })), JSON.stringify(cnf)).toBe(refused);
  });

  it('the token says when and how the user signed in, as far as the issuer does', async () => {
    const issuer = new TestIssuer();
    const { provider, peer, clock } = await open(issuer, { issuers: [issuer.trusted({ acrValues: ['mfa'] })] });
    const now = Math.floor(clock.now() / 1000);
    const claimsOf = async (claims: Record<string, unknown>) =>
      (await provider.loadAccessToken(accessTokenOf(await peer.attempt(claims))))?.claims;
    expect(await claimsOf({ auth_time: now - 50, acr: 'mfa', amr: ['otp'] })).toMatchObject({
      auth_time: now - 50,
      acr: 'mfa',
      amr: ['otp'],
    });
    expect(await claimsOf({ auth_time: now + 5000, acr: 7, amr: 'otp' })).toEqual({ auth_time: now });
    expect(await claimsOf({ acr: 'our-own-word' })).toEqual({ auth_time: 0 });
    for (const auth_time of ['x', -1, 0, null, [now], String(now)])
      expect(await claimsOf({ auth_time })).toEqual({ auth_time: 0 });
    for (const amr of [[], ['otp', 7], ['otp', ''], ['x'.repeat(257)], ['a\u0000'], Array(11).fill('otp')])
      expect(await claimsOf({ amr })).toEqual({ auth_time: 0 });
    for (const amr of [['x'.repeat(256)], Array(10).fill('otp')])
      expect(await claimsOf({ amr })).toEqual({ auth_time: 0, amr });
  });

  it('what was refused is in the log with its reason, and the assertion is not', async () => {
    const { peer, events } = await open();
    const assertion = await peer.assertion({ iss: 'https://elsewhere.example' });
    await peer.present(assertion);
    expect(events).toContainEqual(
      expect.objectContaining({ name: 'assertion.refused', clientId: appId, outcome: 'invalid_grant' }),
    );
    expect(JSON.stringify(events)).toContain('identityAssertions.issuers');
    expect(JSON.stringify(events)).not.toContain(assertion.split('.')[2]);
  });
});

describe('a subclass', () => {
  it('decides whose an assertion is, and what they may grant; a user who looks like the client is refused', async () => {
    const issuer = new TestIssuer();
    const environment = { scopes: { read: {}, write: {} }, identityAssertions: { issuers: [issuer.trusted()] } };
    const users: Record<string, { subject: string; grantableScopes?: string[] }> = {
      ada: { subject: 'u1', grantableScopes: ['read'] },
      eve: { subject: appId },
    };
    const provider = new InMemoryProvider(
      { baseUrl: base, mapAssertion: (_client, { subject }) => users[subject] },
      environment,
    );
    await addApp(provider);
    const peer = new AssertionPeer(provider, issuer);
    const answer = await peer.attempt({ scope: 'read write' });
    expect(answer.body['scope']).toBe('read');
    expect(await peer.subjectOf(answer)).toBe('u1');
    expect((await peer.attempt({ scope: 'write' })).body['error']).toBe('invalid_scope');
    expect(outcome(await peer.attempt({ sub: 'eve' }))).toBe(refused);
    expect(outcome(await peer.attempt({ sub: 'nobody' }))).toBe(refused);
    expect(decodeJwt(await peer.assertion())['iss']).toBe(issuer.issuer);
  });

  it('that does not say whose an assertion is does not advertise the grant', () => {
    class Unsure extends InMemoryProvider {}
    Object.defineProperty(Unsure.prototype, 'subjectOfAssertion', { value: undefined });
    const identityAssertions = { issuers: [new TestIssuer().trusted()] };
    const provider = new Unsure({ baseUrl: base }, { identityAssertions });
    expect(JSON.stringify(provider.serverMetadata())).not.toMatch(/jwt-bearer|id-jag/);
  });
});
