import { InMemoryProvider } from 'portcullis/in-memory';
import { afterEach, describe, expect, it } from 'vitest';
import { start as startExpress } from '../../examples/express/server.ts';
import { start as startHono } from '../../examples/hono/server.ts';
import { start as startMcpSdk1 } from '../../examples/mcp-sdk-v1/server.ts';
import { noteScopes } from '../../examples/notes/notes.ts';
import type { Running } from '../../examples/notes/serving.ts';
import { openSession, postMessage, toolCall } from './mcp-calls.ts';
import { type Handles, obtainTokens, registerClient } from './tokens.ts';

const open: Running[] = [];

afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});

describe.for([
  ['Express', startExpress],
  ['Hono', startHono],
  ['SDK 1.x', startMcpSdk1],
] as const)('sessions on %s', ([, start]) => {
  let user = 'ada';

  async function begin(): Promise<{ url: string; provider: Handles }> {
    const running = await start({
      port: 0,
      provider: (baseUrl) =>
        new InMemoryProvider(
          {
            baseUrl,
            requiredScopes: ['notes:read'],
            clientRegistration: { enabled: true },
            approve: () => ({ subject: user }),
          },
          { scopes: noteScopes },
        ),
    });
    open.push(running);
    return { url: running.url, provider: running.provider as unknown as Handles };
  }

  async function tokenOf(provider: Handles, subject: string, clientId: string, scope = 'notes:read'): Promise<string> {
    user = subject;
    return (await obtainTokens(provider, scope, clientId)).access_token;
  }

  it('are closed to other users and other clients, whatever the method [CASE-84, MCP-BP-18, MCP-BP-19]', async () => {
    const { url, provider } = await begin();
    const [client, otherClient] = [await registerClient(provider), await registerClient(provider)];
    const ada = await tokenOf(provider, 'ada', client);
    const session = await openSession(url, ada);
    for (const stranger of [await tokenOf(provider, 'eve', client), await tokenOf(provider, 'ada', otherClient)]) {
      expect((await postMessage(url, stranger, toolCall('list_notes'), session)).status).toBe(404);
      const headers = { authorization: `Bearer ${stranger}`, 'mcp-session-id': session, accept: 'text/event-stream' };
      for (const method of ['GET', 'DELETE']) expect((await fetch(url, { method, headers })).status).toBe(404);
    }
    const owner = await postMessage(url, ada, toolCall('list_notes'), session);
    expect(await owner.text()).toContain('no notes yet');
  });

  it('go on with a newer token of their owner', async () => {
    const { url, provider } = await begin();
    const client = await registerClient(provider);
    const session = await openSession(url, await tokenOf(provider, 'ada', client));
    const newer = await tokenOf(provider, 'ada', client, 'notes:write');
    const answer = await postMessage(url, newer, toolCall('add_note', { text: 'x' }), session);
    expect(await answer.text()).toContain('added note 1');
  });

  it('judge every call by its own token [CASE-81, MCP-AUTH-25]', async () => {
    const { url, provider } = await begin();
    const client = await registerClient(provider);
    const session = await openSession(url, await tokenOf(provider, 'ada', client, 'notes:delete'));
    const low = await tokenOf(provider, 'ada', client);
    expect((await postMessage(url, low, toolCall('delete_note', { id: 1 }), session)).status).toBe(403);
  });

  it('end when their owner says so', async () => {
    const { url, provider } = await begin();
    const ada = await tokenOf(provider, 'ada', await registerClient(provider));
    const session = await openSession(url, ada);
    const headers = { authorization: `Bearer ${ada}`, 'mcp-session-id': session };
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(200);
    expect((await postMessage(url, ada, toolCall('list_notes'), session)).status).toBe(404);
  });
});
