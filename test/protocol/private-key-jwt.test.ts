import { createHmac } from 'node:crypto';
import { describe, expect, it, type MockInstance, vi } from 'vitest';
import { randomId, systemRandom } from '../../src/core/random.ts';
import type { SingleUseIdentifier } from '../../src/core/records.ts';
import { InMemoryProvider } from '../../src/in-memory/in-memory-provider.ts';
import { createTestClient, jsonPost, sendTo, type TestClient, tokensOf } from '../../src/testing/test-client.ts';
import { assertionParameters, TestClientKey } from '../../src/testing/test-client-key.ts';
import { base, basicHeader, expectError, type Peer, peersOf, providers, redirectUri } from './support.ts';

type Members = Readonly<Record<string, unknown>>;

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
// A refresh token that nobody has: whoever is asked about it has authenticated.
const probe = { grant_type: 'refresh_token', refresh_token: 'unknown' } as const;
const authenticated = [400, 'invalid_grant'] as const;
const refused = [401, 'invalid_client'] as const;

/** How a token request with these parameters is answered, and why. */
async function answerTo(server: Peer, parameters: Members, headers: Record<string, string> = {}): Promise<string> {
  const response = await server.post('/token', { ...probe, ...parameters } as Record<string, string>, headers);
  const { error } = (await response.clone().json()) as { error: string };
  const [status, code] = error === 'invalid_grant' ? authenticated : refused;
  return expectError(response, error === 'invalid_request' ? 400 : status, error === 'invalid_request' ? error : code);
}

const isIn = (description: string) => description.includes('refresh token');

function registration(key: TestClientKey, changes: Members = {}): Members {
  return { redirect_uris: [redirectUri], token_endpoint_auth_method: 'private_key_jwt', jwks: key.jwks, ...changes };
}

describe.each(providers)('private_key_jwt at $name', (kind) => {
  const peer = peersOf(kind);

  async function signing(changes: Members = {}): Promise<{ server: Peer; client: TestClient }> {
    const server = await peer();
    const client = await createTestClient(server.provider, { authMethod: 'private_key_jwt', metadata: changes });
    return { server, client };
  }

  /** Asks with an assertion that differs from a valid one. */
  async function attempt(server: Peer, client: TestClient, claims: Members, header: Members = {}): Promise<string> {
    return answerTo(server, await client.assertion(claims, header));
  }

  describe('registration', () => {
    it('takes the public keys by value, echoes them without what is not understood, and mints no secret [CASE-20, RFC7591-11]', async () => {
      const server = await peer();
      const key = TestClientKey.generate('ES256');
      const [jwk] = key.jwks.keys;
      const jwks = { keys: [{ ...jwk, x5c: ['x'], use: 'sig', key_ops: ['verify'] }] };
      const response = await server.registration(registration(key, { jwks, token_endpoint_auth_signing_alg: 'ES256' }));
      const body = (await response.json()) as Members;
      expect(response.status).toBe(201);
      expect(body).toMatchObject({
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: key.jwks,
      });
      expect(Object.keys(body)).not.toContain('client_secret');
      expect(Object.keys(body)).not.toContain('client_secret_expires_at');
    });

    it('is refused without keys, with both kinds, and where nothing may be fetched with jwks_uri [CASE-20, RFC7523-14]', async () => {
      const server = await peer();
      const key = TestClientKey.generate();
      const jwks_uri = 'https://client.example/jwks.json';
      for (const [changes, words] of [
        [{ jwks: undefined }, /needs the public keys/],
        [{ jwks: { keys: [] } }, /no keys/],
        [{ jwks: [] }, /array 'keys'/],
        [{ jwks: 'x' }, /array 'keys'/],
        [{ jwks: { keys: Array(11).fill(key.jwks.keys[0]) } }, /more than 10/],
        [{ jwks: { keys: [key.jwks.keys[0], key.jwks.keys[0]] } }, /two keys have the kid/],
        [{ jwks_uri }, /not both/],
        [{ jwks: undefined, jwks_uri }, /fetches nothing; send jwks/],
        [{ token_endpoint_auth_signing_alg: 'HS256' }, /must be one of/],
        [{ token_endpoint_auth_signing_alg: 'none' }, /must be one of/],
        [{ token_endpoint_auth_signing_alg: 'RS256' }, /no key in jwks/],
      ] as const) {
        const response = await server.registration(registration(key, changes));
        expect(await expectError(response, 400, 'invalid_client_metadata')).toMatch(words);
      }
    });

    it('refuses keys that are private, symmetric, weak or for something else, and says which [RFC7523-07]', async () => {
      const server = await peer();
      const { privateKey, jwks } = TestClientKey.generate();
      const rsa = TestClientKey.generate('RS256').jwks.keys[0];
      const short = Buffer.alloc(128, 0xff).toString('base64url');
      for (const [jwk, words] of [
        [privateKey.export({ format: 'jwk' }), /'d' is of a private key/],
        [{ kty: 'oct', k: 'c2VjcmV0' }, /symmetric/],
        [{ ...rsa, k: 'x' }, /'k' is of a private key/],
        [{ ...rsa, n: short }, /2048 to 8192 bits, not 1024/],
        [{ ...rsa, e: 'AQ' }, /exponent/],
        [{ ...rsa, use: 'enc' }, /use 'enc'/],
        [{ ...rsa, key_ops: ['sign'] }, /key_ops/],
        [{ ...rsa, alg: 'RS512' }, /alg 'RS512'/],
        [{ ...rsa, alg: 'HS256' }, /alg 'HS256'/],
        [{ ...jwks.keys[0], crv: 'X25519' }, /Ed25519/],
        [{ ...jwks.keys[0], x: 'AAAA' }, /do not make a key/],
        [{ kty: 'EC', crv: 'P-384', x: 'AA', y: 'AA' }, /P-256/],
        [{ kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'B'.repeat(43) }, /do not make a key/],
        [{ ...jwks.keys[0], kid: 7 }, /'kid' must be a string/],
        [{ ...jwks.keys[0], kid: 'a\u0000b' }, /'kid' must be a string/],
        [null, /JSON object/],
      ] as const) {
        const response = await server.registration(registration(TestClientKey.generate(), { jwks: { keys: [jwk] } }));
        expect(await expectError(response, 400, 'invalid_client_metadata'), JSON.stringify(jwk)).toMatch(words);
      }
    });
  });

  it('a client that signs goes through the whole flow: code, refresh, revocation [OAUTH21-13, RFC7523-01, RFC7523-12, RFC9700-16]', async () => {
    const { server, client } = await signing();
    const prepared = client.prepareAuthorization();
    const answer = await server.send(`${prepared.url.pathname}${prepared.url.search}`);
    const arrived = await server.running.approve(new URL(answer.headers.get('location') ?? ''));
    const first = tokensOf(await client.redeem(client.receiveCode(prepared, arrived)));
    const second = tokensOf(await client.refresh(first.refreshToken, { client_id: client.clientId }));
    expect((await client.revoke(second.refreshToken)).status).toBe(200);
    expect((await client.refresh(second.refreshToken)).body['error']).toBe('invalid_grant');
  });

  it.each(['EdDSA', 'ES256', 'RS256', 'PS256'])(
    '%s signatures are verified [RFC7523-07, RFC7523-11]',
    async (algorithm) => {
      const server = await peer();
      const key = TestClientKey.generate(algorithm);
      const other = TestClientKey.generate(algorithm);
      const clients = await Promise.all(
        [key, other].map(async (each) => {
          const response = await server.registration(registration(each));
          return ((await response.json()) as { client_id: string }).client_id;
        }),
      );
      const now = Math.floor(server.running.clock.now() / 1000);
      const claims = { iss: clients[0], sub: clients[0], aud: base, exp: now + 60 };
      const sign = async (by: TestClientKey) =>
        assertionParameters(await by.sign({ ...claims, jti: randomId(systemRandom) }));
      expect(isIn(await answerTo(server, await sign(key)))).toBe(true);
      expect(await answerTo(server, await sign(other))).toMatch(/none of its keys verifies/);
    },
  );

  it('Ed25519 is EdDSA by its newer name, whatever the key calls it [RFC7523-07]', async () => {
    const { server, client } = await signing({ token_endpoint_auth_signing_alg: 'EdDSA' });
    expect(isIn(await attempt(server, client, {}, { alg: 'Ed25519' }))).toBe(true);
  });

  it('aud is the issuer or the token endpoint, to the byte, and nobody beside them [RFC7523-04]', async () => {
    const { server, client } = await signing();
    const token = `${base}/token`;
    for (const aud of [base, token, [base], [token], [base, token]]) {
      expect(isIn(await attempt(server, client, { aud })), JSON.stringify(aud)).toBe(true);
    }
    const foreign = 'https://evil.example';
    for (const aud of [
      undefined,
      null,
      7,
      [],
      '',
      foreign,
      `${base}/`,
      `${token}/`,
      `${base}/mcp`,
      base.toUpperCase(),
      [base, foreign],
      [foreign, base],
      [[base]],
      { 0: base },
      Array(11).fill(base),
    ]) {
      expect(await attempt(server, client, { aud }), JSON.stringify(aud)).toMatch(/^aud must be /);
    }
  });

  it('aud may be the endpoint for pushed requests, and a request is pushed with an assertion [RFC9126-18, RFC9126-02]', async () => {
    const { server, client } = await signing();
    const aud = server.provider.endpointUrl('pushedRequest');
    expect(isIn(await attempt(server, client, { aud }))).toBe(true);
    const request = Object.fromEntries(client.prepareAuthorization().url.searchParams);
    const pushed = await server.post(new URL(aud).pathname, { ...request, ...(await client.assertion({ aud })) });
    expect(pushed.status).toBe(201);
  });

  it('iss and sub are both the client, and so is client_id where it is sent [RFC7523-03, RFC7523-12]', async () => {
    const { server, client } = await signing();
    const other = await createTestClient(server.provider, { authMethod: 'private_key_jwt' });
    for (const claims of [
      { iss: undefined },
      { sub: undefined },
      { iss: undefined, sub: undefined },
      { sub: other.clientId },
      { iss: other.clientId },
      { iss: '', sub: '' },
      { iss: 7, sub: 7 },
      { iss: 'a\u0000', sub: 'a\u0000' },
      { iss: '\ud800', sub: '\ud800' },
    ]) {
      expect(await attempt(server, client, claims), JSON.stringify(claims)).toMatch(/^iss and sub /);
    }
    // The key of one client says nothing for another.
    const claims = { iss: other.clientId, sub: other.clientId };
    expect(await attempt(server, client, claims)).toMatch(/none of its keys verifies/);
    const assertion = await client.assertion();
    expect(await answerTo(server, { ...assertion, client_id: other.clientId })).toMatch(/client_id differs/);
    expect(isIn(await answerTo(server, { ...assertion, client_id: client.clientId }))).toBe(true);
  });

  it('exp, nbf and iat are held to the clock, with a leeway, and exp may not be far [RFC7523-05, RFC7523-06]', async () => {
    const { server, client } = await signing();
    const now = Math.floor(server.running.clock.now() / 1000);
    for (const claims of [
      { exp: now - 29 },
      { exp: now + 630 },
      { exp: now + 0.5 },
      { nbf: now + 30 },
      { iat: now + 30 },
      { iat: undefined },
      { iat: now - 600 },
    ]) {
      expect(isIn(await attempt(server, client, claims)), JSON.stringify(claims)).toBe(true);
    }
    for (const [claims, words] of [
      [{ exp: now - 30 }, /the assertion has expired/],
      [{ exp: undefined }, /exp is required/],
      [{ exp: String(now + 60) }, /exp must be a number/],
      [{ exp: null }, /exp must be a number/],
      [{ exp: now + 631 }, /more than 600 seconds ahead/],
      [{ exp: 1e300 }, /more than 600 seconds ahead/],
      [{ exp: -1e300 }, /the assertion has expired/],
      [{ nbf: now + 31 }, /nbf is in the future/],
      [{ nbf: 'x' }, /nbf must be a number/],
      [{ iat: now + 31 }, /iat is in the future/],
      [{ iat: now - 631 }, /iat is more than/],
    ] as const) {
      expect(await attempt(server, client, claims), JSON.stringify(claims)).toMatch(words);
    }
  });

  it('an assertion is remembered for as long as it could be presented again [RFC7523-09]', async () => {
    const { server, client } = await signing();
    const { provider, clock } = server.running;
    const spend = vi.spyOn(provider, 'spendIdentifier' as never) as MockInstance<
      (spent: SingleUseIdentifier) => unknown
    >;
    const exp = Math.floor(clock.now() / 1000) + 600;
    const assertion = await client.assertion({ exp });
    expect(isIn(await answerTo(server, assertion))).toBe(true);
    expect(spend.mock.calls[0]?.[0].expiresAt).toBeGreaterThanOrEqual((exp + 30) * 1000);
    clock.advance(629_000);
    expect(await answerTo(server, assertion)).toMatch(/used before/);
  });

  it('an assertion that is longer than any honest one is refused unread [RFC7523-02]', async () => {
    const { server, client } = await signing();
    expect(isIn(await attempt(server, client, { pad: 'x'.repeat(5000) }))).toBe(true);
    expect(await attempt(server, client, { pad: 'x'.repeat(8192) })).toMatch(/longer than 8192/);
  });

  it('both bounds are configuration [PITFALL-36]', async () => {
    const server = await peer({ environment: { clientAuthentication: { longestAssertion: 60_000, leeway: 5_000 } } });
    const client = await createTestClient(server.provider, { authMethod: 'private_key_jwt' });
    const now = Math.floor(server.running.clock.now() / 1000);
    expect(isIn(await attempt(server, client, { exp: now + 65 }))).toBe(true);
    expect(await attempt(server, client, { exp: now + 66 })).toMatch(/more than 60 seconds ahead/);
    expect(await attempt(server, client, { exp: now - 5 })).toMatch(/the assertion has expired/);
  });

  it('an assertion counts once, at whatever endpoint, and only one with a right signature spends its jti [RFC7523-09, PITFALL-04, PITFALL-21]', async () => {
    const { server, client } = await signing();
    const thief = TestClientKey.generate();
    const jti = 'a jti of the client';
    const now = Math.floor(server.running.clock.now() / 1000);
    const forged = { iss: client.clientId, sub: client.clientId, aud: base, exp: now + 60, jti };
    await answerTo(server, assertionParameters(await thief.sign(forged)));
    const assertion = await client.assertion({ jti });
    expect((await server.post('/revoke', { token: 'x', ...assertion })).status).toBe(200);
    expect(await answerTo(server, assertion)).toMatch(/used before/);
    expect(await attempt(server, client, { jti })).toMatch(/used before/);
    const other = await createTestClient(server.provider, { authMethod: 'private_key_jwt' });
    expect(isIn(await attempt(server, other, { jti }))).toBe(true);
    for (const wrong of [undefined, '', 7, null, 'x'.repeat(257)]) {
      expect(await attempt(server, client, { jti: wrong })).toMatch(/^jti must be/);
    }
  });

  it('of many requests with one assertion that arrive together one passes [RFC7523-09, PITFALL-21]', async () => {
    const { server, client } = await signing();
    const assertion = await client.assertion();
    const answers = await Promise.all(Array.from({ length: 3 }, () => answerTo(server, assertion)));
    expect(answers.filter(isIn)).toHaveLength(1);
  });

  describe('what is tried to get in without the key', () => {
    it('none, HS* keyed with what is public, and other algorithms are refused [RFC7523-07, RFC7523-08]', async () => {
      const { server, client } = await signing();
      const body = (await client.assertion()).client_assertion.split('.')[1] ?? '';
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const jwks = (client.registration['jwks'] as TestClientKey['jwks']).keys[0];
      for (const alg of [
        'none',
        'None',
        'NONE',
        '',
        'HS256',
        'HS512',
        'RS384',
        'ES512',
        'EdDSA ',
        'eddsa',
        null,
        ['EdDSA'],
      ]) {
        const input = `${encode({ alg, typ: 'JWT' })}.${body}`;
        const mac = createHmac('sha256', Buffer.from(jwks?.x ?? '', 'base64url'))
          .update(input)
          .digest('base64url');
        for (const signature of ['', mac]) {
          const answer = await answerTo(server, {
            client_assertion: `${input}.${signature}`,
            client_assertion_type: assertionType,
          });
          expect(answer, String(alg)).toMatch(/^alg must be one of/);
        }
      }
    });

    it('an algorithm of another type of key, and another than the client registered, are refused [RFC7523-07]', async () => {
      const server = await peer();
      const key = TestClientKey.generate('RS256');
      const response = await server.registration(registration(key, { token_endpoint_auth_signing_alg: 'PS256' }));
      const { client_id } = (await response.json()) as { client_id: string };
      const now = Math.floor(server.running.clock.now() / 1000);
      const claims = { iss: client_id, sub: client_id, aud: base, exp: now + 60 };
      const as = async (alg: string) =>
        assertionParameters(await key.sign({ ...claims, jti: randomId(systemRandom) }, { alg }));
      expect(await answerTo(server, await as('RS256'))).toMatch(/none of its keys verifies/);
      expect(isIn(await answerTo(server, await as('PS256')))).toBe(true);
      const [header, payload, signature] = (await as('PS256')).client_assertion.split('.');
      const relabelled = Buffer.from(header ?? '', 'base64url')
        .toString()
        .replace('PS256', 'ES256');
      const jwt = `${Buffer.from(relabelled).toString('base64url')}.${payload}.${signature}`;
      expect(await answerTo(server, assertionParameters(jwt))).toMatch(/none of its keys verifies/);
    });

    it('keys in the header, and addresses of keys, are never looked at [RFC7523-07, PITFALL-17]', async () => {
      const { server, client } = await signing();
      const thief = TestClientKey.generate();
      const jwk = thief.jwks.keys[0];
      const now = Math.floor(server.running.clock.now() / 1000);
      const claims = {
        iss: client.clientId,
        sub: client.clientId,
        aud: base,
        exp: now + 60,
        jti: randomId(systemRandom),
      };
      for (const header of [
        { jwk },
        { jku: 'https://thief.example/jwks' },
        { x5u: 'https://thief.example/x' },
        { x5c: ['AA=='] },
      ]) {
        const jwt = await thief.sign(claims, { kid: undefined, ...header });
        expect(await answerTo(server, assertionParameters(jwt))).toMatch(/none of its keys verifies/);
      }
    });

    it('kid chooses among the keys of the client, and does nothing else [RFC7523-07]', async () => {
      const server = await peer();
      const [first, second] = [TestClientKey.generate('EdDSA', 'a'), TestClientKey.generate('EdDSA', 'b')];
      const keys = [...first.jwks.keys, ...second.jwks.keys];
      const response = await server.registration(registration(first, { jwks: { keys } }));
      const { client_id } = (await response.json()) as { client_id: string };
      const now = Math.floor(server.running.clock.now() / 1000);
      const claims = { iss: client_id, sub: client_id, aud: base, exp: now + 60 };
      const signed = async (by: TestClientKey, kid: unknown) =>
        answerTo(server, assertionParameters(await by.sign({ ...claims, jti: randomId(systemRandom) }, { kid })));
      for (const [by, kid] of [
        [first, 'a'],
        [second, 'b'],
        [second, undefined],
      ] as const)
        expect(isIn(await signed(by, kid))).toBe(true);
      for (const kid of ['b', 'c', '', "' OR 1=1 --", '../../../dev/null', '__proto__']) {
        expect(await signed(first, kid)).toMatch(/none of its keys verifies/);
        server.running.clock.advance(600_000);
        Object.assign(claims, { exp: Math.floor(server.running.clock.now() / 1000) + 60 });
      }
      for (const kid of [7, ['a'], { a: 1 }, 'x'.repeat(257)])
        expect(await signed(first, kid)).toMatch(/^kid must be a string/);
    });

    it('typ, crit and what is no JWT at all are refused by name [RFC7523-02, RFC7523-08]', async () => {
      const { server, client } = await signing();
      for (const typ of [
        undefined,
        'JWT',
        'jwt',
        'client-authentication+jwt',
        'application/client-authentication+jwt',
      ]) {
        expect(isIn(await attempt(server, client, {}, { typ })), typ ?? 'absent').toBe(true);
      }
      for (const typ of ['at+jwt', 'dpop+jwt', 'oauth-id-jag+jwt', '', 'xapplication/jwt', 7]) {
        expect(await attempt(server, client, {}, { typ })).toMatch(/^typ must be/);
      }
      const { client_assertion } = await client.assertion();
      // Signed, and an extension that the library knows: it is not for this server to follow either.
      const unencoded = await client.assertion({}, { crit: ['b64'], b64: true });
      expect(await answerTo(server, unencoded)).toMatch(/^crit names extensions/);
      const crit = Buffer.from(JSON.stringify({ alg: 'EdDSA', crit: ['exp'], exp: 1 })).toString('base64url');
      for (const jwt of [
        `${crit}.${client_assertion.split('.').slice(1).join('.')}`,
        'x',
        '..',
        'e30.e30.',
        `${client_assertion}.x`,
        `${client_assertion}.x.y`,
        `${client_assertion} ${client_assertion}`,
        client_assertion.replace('.', '..'),
        '{"alg":"EdDSA"}',
        'bnVsbA.bnVsbA.AA',
        `${client_assertion}${'A'.repeat(9000)}`,
      ]) {
        await answerTo(server, { client_assertion: jwt, client_assertion_type: assertionType });
      }
      const altered = client_assertion.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
      expect(await answerTo(server, assertionParameters(altered))).toMatch(/none of its keys verifies/);
    });

    it('another assertion type, one without an assertion, and an assertion without its type are refused [RFC7523-01, RFC7523-10]', async () => {
      const { server, client } = await signing();
      const assertion = await client.assertion();
      const saml = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer';
      expect(await answerTo(server, { ...assertion, client_assertion_type: saml })).toMatch(/type is not supported/);
      const alone = [{ client_assertion_type: assertionType }, { client_assertion: assertion.client_assertion }];
      for (const parameters of alone) {
        const response = await server.post('/token', { ...probe, ...parameters, client_id: client.clientId });
        expect(await expectError(response, 400, 'invalid_request')).toMatch(/is there without/);
      }
    });

    it('an assertion together with a secret, in the header or in the body, is an invalid request [RFC7523-13, OAUTH21-30]', async () => {
      const { server, client } = await signing();
      const secret = await server.register({ token_endpoint_auth_method: 'client_secret_post' });
      const assertion = await client.assertion();
      for (const [parameters, headers] of [
        [{ client_secret: secret.client_secret }, {}],
        [{ client_secret: 'x', client_id: client.clientId }, {}],
        [{}, { authorization: basicHeader(client.clientId, 'x') }],
        [{}, { authorization: basicHeader(secret.client_id, secret.client_secret ?? '') }],
      ] as const) {
        const response = await server.post('/token', { ...probe, ...assertion, ...parameters }, headers);
        expect(await expectError(response, 400, 'invalid_request')).toMatch(/of one method/);
      }
    });

    it('a client is let in by the method that it registered, and no other [CASE-57]', async () => {
      const { server, client } = await signing();
      expect(await answerTo(server, { client_id: client.clientId })).toMatch(/no public client/);
      expect(await answerTo(server, { client_id: client.clientId, client_secret: 'x' })).toMatch(/client_secret_post/);
      const key = TestClientKey.generate();
      for (const method of ['none', 'client_secret_post', 'client_secret_basic']) {
        const { client_id } = await server.register({ token_endpoint_auth_method: method, jwks: key.jwks });
        const now = Math.floor(server.running.clock.now() / 1000);
        const jwt = await key.sign({
          iss: client_id,
          sub: client_id,
          aud: base,
          exp: now + 60,
          jti: randomId(systemRandom),
        });
        expect(await answerTo(server, assertionParameters(jwt))).toMatch(/private_key_jwt/);
      }
    });

    it('a stranger cannot tell a client that is not there from one whose key is another [PITFALL-24]', async () => {
      const { server, client } = await signing();
      const secret = await server.register({ token_endpoint_auth_method: 'client_secret_basic' });
      const thief = TestClientKey.generate();
      const now = Math.floor(server.running.clock.now() / 1000);
      const forged = async (id: string) =>
        answerTo(
          server,
          assertionParameters(await thief.sign({ iss: id, sub: id, aud: base, exp: now + 60, jti: 'x' })),
        );
      expect(await forged(client.clientId)).toBe(await forged('nobody'));
      const guessed = (id: string) => answerTo(server, {}, { authorization: basicHeader(id, 'guess') });
      expect(await guessed(secret.client_id)).toBe(await guessed('nobody'));
      expect(await guessed(client.clientId)).toBe(await guessed('nobody'));
      expect(server.running.events.filter(({ name }) => name === 'client.authentication_failed')).toHaveLength(6);
    });
  });
});

describe('private_key_jwt at a provider that cannot spend identifiers', () => {
  class Forgetful extends InMemoryProvider {}
  Object.defineProperty(Forgetful.prototype, 'spendIdentifier', { value: undefined });
  const provider = new Forgetful({ baseUrl: base, clientRegistration: { enabled: true } });
  const methods = ['none', 'client_secret_basic', 'client_secret_post'];

  it('is neither advertised nor registered nor accepted [CASE-20, RFC7523-09]', async () => {
    const metadata = provider.serverMetadata();
    expect(metadata).toMatchObject({ token_endpoint_auth_methods_supported: methods });
    expect(Object.keys(metadata).filter((name) => name.includes('signing_alg'))).toEqual([]);
    const send = sendTo(provider);
    const response = await send(jsonPost(`${base}/register`, registration(TestClientKey.generate())));
    expect(await expectError(response, 400, 'invalid_client_metadata')).toContain(methods.join(', '));
  });

  it('an assertion beside the id of a public client is not passed over [OAUTH21-25]', async () => {
    const client = await createTestClient(provider);
    const answer = await client.post('token', { ...probe, ...assertionParameters('a.b.c') });
    expect(answer.body).toMatchObject({
      error: 'invalid_client',
      error_description: expect.stringContaining('not supported'),
    });
  });
});
