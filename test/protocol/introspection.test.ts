import { describe, expect, it } from 'vitest';
import { DpopTestKey } from '../../src/testing/dpop-key.ts';
import {
  type Answer,
  createTestClient,
  formPost,
  readAnswer,
  sendTo,
  tokensOf,
} from '../../src/testing/test-client.ts';
import { addServer } from '../support/resource-servers.ts';
import { base, providers, type RunningProvider } from './support.ts';

const mail = 'https://mail.example.com/mcp';
const files = 'https://files.example.com/mcp';
const environment = {
  scopes: { read: {} },
  resources: {
    mail: { url: mail, scopes: { send: {} }, introspectors: ['mail-server', 'public-server', 'self-registered'] },
    files: { url: files, scopes: { fetch: {} }, introspectors: ['files-server'] },
  },
};

/** A client with a token for the mail, and the servers that may ask about it. */
async function start(running: RunningProvider) {
  const { provider } = running;
  for (const server of ['mail-server', 'files-server', 'nobodys-server']) await addServer(provider, server);
  await addServer(provider, 'public-server', { tokenEndpointAuthMethod: 'none' });
  await addServer(provider, 'self-registered', { registeredBy: 'dynamic' });
  const client = await createTestClient(provider, { scope: 'send' });
  const prepared = client.prepareAuthorization({ scope: 'send', resource: mail });
  const response = await sendTo(provider)(new Request(prepared.url));
  const next = new URL(response.headers.get('location') ?? '', base);
  const code = client.receiveCode(prepared, await running.approve(next));
  const tokens = tokensOf(await client.redeem(code, { resource: mail }));
  const introspect = async (
    changes: Record<string, string | undefined> = {},
    server = 'mail-server',
  ): Promise<Answer> => {
    const params = {
      token: tokens.accessToken,
      client_id: server,
      client_secret: `secret of ${server}`,
      ...changes,
    };
    const sent = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return readAnswer(await sendTo(provider)(formPost(`${base}/introspect`, Object.fromEntries(sent))));
  };
  return { ...running, client, tokens, introspect };
}

describe.each(providers)('introspection with $name', ({ create }) => {
  const open = async () =>
    start(
      await create({
        environment,
        options: { clientRegistration: { validScopes: ['read', 'send'], defaultScopes: ['read', 'send'] } },
      }),
    );

  it('describes a live token to the server that it is meant for [RFC7662-01, RFC7662-02, RFC7662-04, RFC7662-08]', async () => {
    const { provider, client, tokens, introspect } = await open();
    const { status, body, headers } = await introspect();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const record = await provider.loadAccessToken(tokens.accessToken);
    expect(body).toEqual({
      active: true,
      iss: base,
      sub: record?.subject,
      aud: mail,
      client_id: client.clientId,
      scope: 'send',
      token_type: 'Bearer',
      iat: Math.floor((record?.issuedAt ?? 0) / 1000),
      exp: Math.floor((record?.expiresAt ?? 0) / 1000),
      jti: record?.tokenId,
      ...record?.claims,
    });
    for (const hint of ['access_token', 'refresh_token', 'nonsense'])
      expect((await introspect({ token_type_hint: hint })).body['active']).toBe(true);
  });

  it('says which key a token is bound to, so that whoever asked can hold its bearer to it [RFC9449-13, RFC7662-04]', async () => {
    const { provider, clock, tokens, client, introspect } = await open();
    const key = new DpopTestKey();
    const dpop = key.proof({ url: provider.endpointUrl('token'), now: clock.now() });
    const bound = tokensOf(await client.refresh(tokens.refreshToken, {}, { dpop }));
    const { body } = await introspect({ token: bound.accessToken });
    expect(body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.thumbprint } });
  });

  it('says nothing but inactive of everything else [RFC7662-05, RFC7662-07, PITFALL-21]', async () => {
    const { client, tokens, introspect } = await open();
    const inactive = { active: false };
    expect((await introspect({}, 'files-server')).body).toEqual(inactive);
    for (const token of ['unknown', tokens.refreshToken, `${tokens.accessToken}x`])
      expect((await introspect({ token })).body).toEqual(inactive);
    await client.revoke(tokens.refreshToken);
    expect((await introspect()).body).toEqual(inactive);
    const other = await open();
    other.clock.advance(599_999);
    expect((await other.introspect()).body['active']).toBe(true);
    other.clock.advance(1);
    expect((await other.introspect()).body).toEqual(inactive);
  });

  it('is for servers that were named for a resource, with credentials of their own [RFC7662-02, RFC7662-06, PITFALL-21]', async () => {
    const { client, introspect } = await open();
    for (const server of ['nobodys-server', 'self-registered']) {
      const { status, body } = await introspect({}, server);
      expect([status, body['error']]).toEqual([403, 'unauthorized_client']);
    }
    for (const publicClient of ['public-server', client.clientId]) {
      const { status, body } = await introspect({ client_id: publicClient, client_secret: undefined });
      expect([status, body['error']]).toEqual([403, 'unauthorized_client']);
    }
    for (const changes of [
      { client_secret: 'wrong' },
      { client_secret: undefined },
      { client_id: 'unknown' },
      { client_id: undefined, client_secret: undefined },
    ]) {
      const { status, body } = await introspect(changes);
      expect([status, body['error']]).toEqual([401, 'invalid_client']);
    }
  });

  it('tells what is wrong with a request [RFC7662-01, RFC7662-03]', async () => {
    const { provider, introspect } = await open();
    expect((await introspect({ token: undefined })).body).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('token'),
    });
    expect((await sendTo(provider)(new Request(`${base}/introspect`))).status).toBe(405);
  });

  it('is advertised where a resource names somebody who may ask, and nowhere else', async () => {
    const running = await create({ environment });
    expect(running.provider.serverMetadata()['introspection_endpoint']).toBe(`${base}/introspect`);
    const without = await create();
    expect(without.provider.serverMetadata()['introspection_endpoint']).toBeUndefined();
    expect((await sendTo(without.provider)(formPost(`${base}/introspect`, {}))).status).toBe(404);
  });
});
