import { describe, expect, it } from 'vitest';
import { base, basicHeader, expectError, location, peersOf, providers, redirectUri } from './support.ts';

const mail = 'https://mail.example.com/mcp';
const environment = {
  scopes: { read: { tools: ['list'] }, write: { tools: ['put'] } },
  resources: { mail: { url: mail, scopes: { send: {} } } },
};
const call = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } });

describe.each(providers)('what the best current practice asks beyond the flows, at $name', (kind) => {
  const peer = peersOf(kind);

  it('an access token is for the one resource that the client named [RFC9700-20, OAUTH21-74]', async () => {
    const server = await peer({
      environment,
      options: { clientRegistration: { enabled: true, validScopes: ['read', 'send'] } },
    });
    const client = await server.register({ scope: 'read send' });
    for (const [resource, scope] of [
      [`${base}/mcp`, 'read'],
      [mail, 'send'],
    ] as const) {
      const { access_token } = await server.tokens(client, { resource, scope });
      expect(await server.provider.loadAccessToken(access_token)).toMatchObject({ resource, scopes: [scope] });
    }
  });

  it('a token with fewer scopes than its client could have is good for what they allow [MCP-BP-29]', async () => {
    const server = await peer({ environment });
    const { access_token } = await server.tokens(await server.register(), { scope: 'read' });
    const status = async (tool: string) =>
      (await server.mcp({ authorization: `Bearer ${access_token}` }, call(tool))).response?.status ?? 200;
    expect([await status('list'), await status('put')]).toEqual([200, 403]);
  });

  it('a request for more scope is logged with the id of its request, and what was granted then [MCP-BP-30]', async () => {
    const server = await peer({ environment });
    const client = await server.register();
    const { access_token } = await server.tokens(client, { scope: 'read' });
    await server.mcp({ authorization: `Bearer ${access_token}` }, call('put'), { requestId: 'request-7' });
    await server.tokens(client, { scope: 'read write' });
    const told = server.running.events.filter(({ name }) => name === 'token.scope_insufficient');
    expect(told).toEqual([
      {
        name: 'token.scope_insufficient',
        clientId: client.client_id,
        subject: expect.any(String),
        reason: 'needs read write; has read',
        requestId: 'request-7',
      },
    ]);
    const granted = server.running.events.filter(({ name }) => name === 'authorization.approved');
    if (kind.name === 'Portcullis')
      expect(granted.map(({ reason, requestId }) => [reason, typeof requestId])).toEqual([
        ['granted read; asked for read', 'string'],
        ['granted read write; asked for read write', 'string'],
      ]);
  });

  it('the refresh token of a confidential client is worth nothing without its authentication [RFC9700-23]', async () => {
    const server = await peer();
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' });
    const { refresh_token } = await server.tokens(client);
    const grant = { grant_type: 'refresh_token', refresh_token };
    await expectError(await server.post('/token', { ...grant, client_id: client.client_id }), 401, 'invalid_client');
    const wrong = basicHeader(client.client_id, 'wrong');
    await expectError(await server.post('/token', grant, { authorization: wrong }), 401, 'invalid_client');
    const stranger = await server.register();
    await expectError(await server.refresh(stranger, refresh_token), 400, 'invalid_grant');
    expect((await server.refresh(client, refresh_token)).status).toBe(200);
  });

  it('no token is put into a cookie or an address [OAUTH21-75]', async () => {
    const server = await peer();
    const client = await server.register();
    const arrived = await server.authorized(client);
    expect([...arrived.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state']);
    expect(arrived.hash).toBe('');
    const response = await server.redemption(client, arrived.searchParams.get('code') ?? '');
    expect([response.status, response.headers.getSetCookie(), response.headers.get('location')]).toEqual([
      200,
      [],
      null,
    ]);
  });

  it.each(['web_message', 'fragment', 'form_post', 'query.jwt'])(
    'an answer by response_mode %s is refused, and the refusal goes where codes go [RFC9700-26]',
    async (response_mode) => {
      const server = await peer();
      const response = await server.authorize(await server.register(), { response_mode });
      const { searchParams, origin, pathname } = location(response);
      expect([`${origin}${pathname}`, searchParams.get('error')]).toEqual([redirectUri, 'invalid_request']);
    },
  );
});
