import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createNotesServer } from '../../examples/notes/mcp-server.ts';
import { Notes, noteScopes } from '../../examples/notes/notes.ts';
import { createSessionHandler } from '../../examples/notes/sessions.ts';
import { requireToken } from '../../src/hosts/hono.ts';
import { createMcpEndpoint, type McpEndpoint, SessionOwners } from '../../src/hosts/mcp-sdk.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { initialize, toolCall } from '../interop/mcp-calls.ts';
import { obtainTokens, registerClient } from '../interop/tokens.ts';

const url = 'http://localhost:3000/mcp';

interface Attack {
  tokenOf(subject: string): Promise<string>;
  send(token: string, message: object, sessionId?: string, method?: string): Promise<Response>;
}

type Build = (provider: InMemoryProvider) => McpEndpoint;

const builds: Readonly<Record<string, Build>> = {
  'createMcpEndpoint without a word about sessions': (provider) =>
    createMcpEndpoint(
      provider,
      createSessionHandler(() => createNotesServer(new Notes())),
    ),
  'requireToken in Hono without a word about sessions': (provider) => {
    const handler = createSessionHandler(() => createNotesServer(new Notes()));
    const app = new Hono().all('/mcp', requireToken(provider), (c) =>
      handler.fetch(c.req.raw, { authInfo: c.get('auth'), parsedBody: c.get('mcpBody') }),
    );
    return async (request) => app.fetch(request);
  },
};

async function attack(build: Build): Promise<Attack> {
  let user = 'ada';
  const provider = new InMemoryProvider(
    { baseUrl: 'http://localhost:3000', clientRegistration: { enabled: true }, approve: () => ({ subject: user }) },
    { scopes: noteScopes },
  );
  const mcp = build(provider);
  const clientId = await registerClient(provider);
  return {
    tokenOf: async (subject) => {
      user = subject;
      return (await obtainTokens(provider, 'notes:write', clientId)).access_token;
    },
    send: (token, message, sessionId, method = 'POST') =>
      mcp(
        new Request(url, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
          },
          ...(method === 'POST' ? { body: JSON.stringify({ jsonrpc: '2.0', ...message }) } : {}),
        }),
        {},
      ),
  };
}

describe.for(Object.entries(builds))('%s', ([, build]) => {
  it('closes a session to every other user who learns its id, whatever the method [CASE-84, MCP-BP-18, MCP-BP-19]', async () => {
    const { tokenOf, send } = await attack(build);
    const [ada, eve] = [await tokenOf('ada'), await tokenOf('eve')];
    const session = (await send(ada, initialize)).headers.get('mcp-session-id') ?? '';
    expect(session).not.toBe('');
    for (const method of ['POST', 'GET', 'DELETE']) {
      expect((await send(eve, toolCall('list_notes'), session, method)).status, method).toBe(404);
    }
    expect((await send(ada, toolCall('list_notes'), session)).status).toBe(200);
  });

  it('leaves ids that it never gave out to the transport', async () => {
    const { tokenOf, send } = await attack(build);
    const refusal = await send(await tokenOf('ada'), toolCall('list_notes'), 'none such');
    expect([refusal.status, await refusal.text()]).toEqual([404, '']);
  });
});

describe('an id that an attacker fixes in advance', () => {
  it('opens no session, and becomes nobody’s', async () => {
    for (const sessions of [new SessionOwners(), undefined]) {
      const { tokenOf, send } = await attack((provider) =>
        createMcpEndpoint(
          provider,
          createSessionHandler(() => createNotesServer(new Notes())),
          sessions === undefined ? {} : { sessions },
        ),
      );
      const [ada, eve] = [await tokenOf('ada'), await tokenOf('eve')];
      for (const token of [eve, ada]) expect((await send(token, initialize, 'chosen-by-eve')).status).toBe(404);
    }
  });
});
