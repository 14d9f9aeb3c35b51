import { describe, expect, it } from 'vitest';
import type { AuthorizationCode } from '../../src/core/records.ts';
import type { TokenSet } from '../../src/oauth/token/token-set.ts';
import {
  base,
  expectError,
  peersOf,
  providers,
  redirectUri,
  resource,
  type Tokens,
  tokensOf,
  verifier,
} from './support.ts';

const code = 'authorization_code';

describe.each(providers)('the code grant at $name', (kind) => {
  const peer = peersOf(kind);

  it('a valid exchange yields both tokens, which nothing caches, and the access token opens the server [CASE-54, OAUTH21-26, OAUTH21-01, RFC6749-08, RFC6749-09, MCP-AUTH-01]', async () => {
    const server = await peer();
    const client = await server.register();
    const response = await server.redemption(client, await server.code(client, { scope: 'read write' }));
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('pragma')).toBe('no-cache');
    expect(response.headers.get('content-type')).toBe('application/json');
    const tokens = await tokensOf(response);
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9._-]{43,}$/),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'read write',
      refresh_token: expect.stringMatching(/^[A-Za-z0-9_-]{43,}$/),
    });
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('a code that is unknown, expired or another client’s is an invalid grant, with status 400 and one answer for all [CASE-60, PITFALL-25, OAUTH21-43, OAUTH21-35, RFC6749-01, RFC6749-10, RFC6749-11]', async () => {
    const server = await peer();
    const [client, other] = [await server.register(), await server.register()];
    const answers = [await expectError(await server.redemption(client, 'unknown'), 400, 'invalid_grant')];
    const issued = await server.code(client);
    answers.push(await expectError(await server.redemption(other, issued), 400, 'invalid_grant'));
    server.running.clock.advance(60_000);
    answers.push(await expectError(await server.redemption(client, issued), 400, 'invalid_grant'));
    expect(new Set(answers).size).toBe(1);
  });

  it('a code is alive until its last millisecond', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    server.running.clock.advance(59_999);
    await server.redeem(client, issued);
  });

  it('another client can neither use a code nor burn it, nor revoke what it opened [PITFALL-04, OAUTH21-59]', async () => {
    const server = await peer();
    const [client, other] = [
      await server.register(),
      await server.register({ token_endpoint_auth_method: 'client_secret_post' }),
    ];
    const issued = await server.code(client);
    await expectError(await server.redemption(other, issued), 400, 'invalid_grant');
    await expectError(await server.redemption(other, issued, { code_verifier: 'w'.repeat(43) }), 400, 'invalid_grant');
    await expectError(await server.redemption(client, issued.slice(0, -1)), 400, 'invalid_grant');
    const tokens = await server.redeem(client, issued);
    await expectError(await server.redemption(other, issued), 400, 'invalid_grant');
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('a code used twice is refused the second time, and the tokens of the first are revoked [CASE-61, OAUTH21-41, OAUTH21-42, RFC6749-02]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    const tokens = await server.redeem(client, issued);
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
    await expectError(await server.redemption(client, issued), 400, 'invalid_grant');
    expect(await server.mcpStatus(tokens.access_token)).toBe(401);
    await expectError(await server.refresh(client, tokens.refresh_token), 400, 'invalid_grant');
    expect(server.running.events).toContainEqual(
      expect.objectContaining({ name: 'code.replayed', clientId: client.client_id }),
    );
  });

  it('a code that comes back long after it expired is a replay all the same [CASE-61, OAUTH21-41]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    const tokens = await server.redeem(client, issued);
    server.running.clock.advance(5 * 60_000);
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
    await expectError(await server.redemption(client, issued), 400, 'invalid_grant');
    expect(await server.mcpStatus(tokens.access_token)).toBe(401);
  });

  it('a replay revokes its own grant only [PITFALL-18]', async () => {
    const server = await peer();
    const client = await server.register();
    const elsewhere = await server.tokens(client);
    const issued = await server.code(client);
    await server.redeem(client, issued);
    await server.redemption(client, issued);
    expect(await server.mcpStatus(elsewhere.access_token)).toBe(200);
  });

  it('a replay with a wrong verifier is refused and revokes nothing [OAUTH21-59, PITFALL-04]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    const tokens = await server.redeem(client, issued);
    await expectError(await server.redemption(client, issued, { code_verifier: 'w'.repeat(43) }), 400, 'invalid_grant');
    expect(await server.mcpStatus(tokens.access_token)).toBe(200);
  });

  it('a wrong verifier is an invalid grant and burns the code [CASE-62, OAUTH21-44, RFC7636-10]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    await expectError(await server.redemption(client, issued, { code_verifier: 'w'.repeat(43) }), 400, 'invalid_grant');
    expect(server.running.events).toContainEqual(
      expect.objectContaining({ name: 'code.verifier_mismatch', clientId: client.client_id }),
    );
    expect(server.running.events.map(({ name }) => name)).not.toContain('proof.refused');
    await expectError(await server.redemption(client, issued), 400, 'invalid_grant');
  });

  it('a verifier that is missing, too short, too long or the challenge itself is refused [CASE-63, RFC7636-01, PITFALL-02, OAUTH21-32]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    for (const code_verifier of [undefined, ''])
      await expectError(await server.redemption(client, issued, { code_verifier }), 400, 'invalid_request');
    for (const code_verifier of ['x', 'x'.repeat(42), 'x'.repeat(129), ` ${verifier}`, `${verifier}é`]) {
      await expectError(await server.redemption(client, issued, { code_verifier }), 400, 'invalid_grant');
    }
    await server.redeem(client, issued);
  });

  it('a record that lost its challenge opens nothing [PITFALL-02]', async () => {
    const server = await peer();
    const client = await server.register();
    const load = server.provider.loadAuthorizationCode.bind(server.provider);
    for (const codeChallenge of ['', verifier]) {
      const issued = await server.code(client);
      server.provider.loadAuthorizationCode = async (...lookup) => {
        const record = await load(...lookup);
        return record === undefined ? undefined : ({ ...record, codeChallenge } satisfies AuthorizationCode);
      };
      await expectError(await server.redemption(client, issued), 400, 'invalid_grant');
    }
  });

  it('a redirect URI that differs, or is left out though it was sent before, is an invalid grant [CASE-64, OAUTH21-72, RFC6749-07, PITFALL-01]', async () => {
    const server = await peer();
    const client = await server.register({ redirect_uris: [redirectUri, 'https://a.example/cb'] });
    const issued = await server.code(client);
    for (const other of ['https://a.example/cb', 'http://localhost:9998/cb', `${redirectUri}/`, undefined]) {
      await expectError(await server.redemption(client, issued, { redirect_uri: other }), 400, 'invalid_grant');
    }
    await server.redeem(client, issued);
  });

  it('a redirect URI that was not sent to /authorize may be left out or repeated [CASE-64]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const repeated of [undefined, redirectUri]) {
      await server.redeem(client, await server.code(client, { redirect_uri: undefined }), { redirect_uri: repeated });
    }
    const issued = await server.code(client, { redirect_uri: undefined });
    await expectError(
      await server.redemption(client, issued, { redirect_uri: 'http://localhost:1/cb' }),
      400,
      'invalid_grant',
    );
  });

  it('another resource than the authorized one is an invalid target, and the code lives on [CASE-65, RFC8707-06, PITFALL-10]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    for (const other of ['https://evil.example/mcp', `${base}/other`, base, 'x']) {
      await expectError(await server.redemption(client, issued, { resource: other }), 400, 'invalid_target');
    }
    await server.redeem(client, issued, { resource });
  });

  it('the audience of a token is the authorized resource, whether the token request names it or not [PITFALL-10, PITFALL-09, RFC8707-04, RFC9068-09]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const named of [undefined, resource, `${resource}?x=1`]) {
      const { access_token } = await server.redeem(client, await server.code(client), { resource: named });
      expect((await server.provider.verifyToken(access_token))?.resource).toBe(resource);
    }
  });

  it('a grant type that is unknown is unsupported, and a missing one makes the request invalid [CASE-66, RFC6749-13, RFC9700-04]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const grant_type of ['password', 'implicit', '__proto__', 'toString', 'AUTHORIZATION_CODE']) {
      await expectError(await server.token(client, { grant_type }), 400, 'unsupported_grant_type');
    }
    await expectError(await server.token(client, { code: 'x' }), 400, 'invalid_request');
  });

  it('a grant that the client did not register is refused to it [CASE-67, RFC6749-12]', async () => {
    const server = await peer();
    const client = await server.register({ grant_types: ['authorization_code'] });
    await expectError(await server.refresh(client, 'x'), 400, 'unauthorized_client');
  });

  it('identity assertions are not enabled, and not taken [CASE-90]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_post' });
    for (const assertion of ['forged', undefined]) {
      await expectError(
        await server.token(client, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
        400,
        'unsupported_grant_type',
      );
    }
  });

  it('a refresh token depends on the registered grant type and not on offline_access [PITFALL-07, RFC9068-08]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const scope of ['read', 'read offline_access', 'offline_access', undefined]) {
      const tokens = await server.tokens(client, { scope });
      expect(tokens.refresh_token).toBeTruthy();
      expect(tokens.scope).toBe('read');
    }
  });

  it('parameters that nobody knows are ignored, and ones sent twice are refused [OAUTH21-23, OAUTH21-21]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    const body = new URLSearchParams({
      grant_type: code,
      client_id: client.client_id,
      code: issued,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }).toString();
    for (const twice of [
      'code=x',
      'client_id=x',
      'grant_type=refresh_token',
      'code_verifier=',
      'resource=a&resource=b',
    ]) {
      await expectError(await server.post('/token', `${body}&${twice}`), 400, 'invalid_request');
    }
    await tokensOf(await server.post('/token', `${body}&audience=x&scope=admin`));
  });

  it('of fifty parallel redemptions exactly one yields tokens [PITFALL-03, PITFALL-35]', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    const responses = await Promise.all(Array.from({ length: 50 }, () => server.redemption(client, issued)));
    const won = responses.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const response of responses) if (response.status !== 200) await expectError(response, 400, 'invalid_grant');
    const tokens = (await won[0]?.json()) as Tokens;
    expect(await server.mcpStatus(tokens.access_token)).toBe(401);
  });

  it('every authorization opens a grant of its own, so that one ends without the other [PITFALL-18]', async () => {
    const server = await peer();
    const client = await server.register();
    const [one, two] = [await server.tokens(client), await server.tokens(client)];
    await server.revocation(client, one.refresh_token);
    expect(await server.mcpStatus(one.access_token)).toBe(401);
    expect(await server.mcpStatus(two.access_token)).toBe(200);
  });

  it('a failure inside is a server_error that tells nothing', async () => {
    const server = await peer();
    const client = await server.register();
    server.provider.loadAuthorizationCode = async () => {
      throw new Error('secret-name is down');
    };
    expect(await expectError(await server.redemption(client, 'x'), 500, 'server_error')).not.toContain('secret-name');
  });

  it('nothing is sent that only looks like issued tokens', async () => {
    const server = await peer();
    const client = await server.register();
    const issued = await server.code(client);
    const forged = { toJSON: () => ({ access_token: 'forged', token_type: 'Bearer' }) };
    server.provider.exchangeAuthorizationCode = async () => forged as unknown as TokenSet;
    expect(await expectError(await server.redemption(client, issued), 500, 'server_error')).not.toContain('forged');
  });

  it('no event carries a code, token, secret or verifier [MCP-SEC-04]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_post' });
    const issued = await server.code(client);
    const tokens = await server.redeem(client, issued);
    await server.refresh(client, tokens.refresh_token);
    await server.redemption(client, issued, { code_verifier: 'w'.repeat(43) });
    await server.redemption(client, issued);
    await server.post('/token', {
      grant_type: code,
      code: issued,
      client_id: client.client_id,
      client_secret: 'wrong-secret',
    });
    await server.mcpStatus(tokens.access_token);
    const told = JSON.stringify(server.running.events);
    expect(server.running.events.length).toBeGreaterThan(4);
    for (const secret of [
      issued,
      tokens.access_token,
      tokens.refresh_token,
      client.client_secret,
      verifier,
      'wrong-secret',
    ])
      expect(told).not.toContain(secret);
  });
});
