import { Portcullis } from 'portcullis';
import { afterEach, describe, expect, it } from 'vitest';
import { start as startExpress } from '../../examples/express/server.ts';
import { start as startFastify } from '../../examples/fastify/server.ts';
import { start as startFastMcp } from '../../examples/fastmcp/server.ts';
import { start as startHono } from '../../examples/hono/server.ts';
import { start as startMcpSdk } from '../../examples/mcp-sdk/server.ts';
import { start as startMcpSdk1 } from '../../examples/mcp-sdk-v1/server.ts';
import { start as startNode } from '../../examples/node/server.ts';
import { noteScopes } from '../../examples/notes/notes.ts';
import type { Start } from '../../examples/notes/serving.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { testDatabase } from '../support/engine.ts';
import { fastPasswords } from '../support/portcullis-harness.ts';
import { HeadlessBrowser } from './headless-browser.ts';
import { initialize, openSession, postMessage, toolCall } from './mcp-calls.ts';
import { peerKinds } from './peers.ts';
import { freePort } from './servers.ts';

const ada = { username: 'ada', password: 'correct horse battery staple' };
const minute = 60_000;
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The notes server, whose `delete_note` wants a sign-in of the last five minutes. */
async function startHost(start: Start, clock: ManualClock, port = 0) {
  const running = await start({
    port,
    async provider(baseUrl) {
      const portcullis = await Portcullis.open(
        {
          baseUrl,
          name: 'Notes',
          scopes: {
            ...noteScopes,
            'notes:read': {
              ...noteScopes['notes:read'],
              tools: ['list_notes', 'delete_note'],
              toolSignIn: { delete_note: { maxAgeSeconds: 300 } },
            },
          },
          requiredScopes: ['notes:read'],
          ...(await testDatabase()),
          passwords: fastPasswords,
        },
        { clock },
      );
      const { users, passwords } = portcullis.services;
      await users.create({ userName: ada.username, passwordHash: await passwords.hash(ada.password) });
      open.push(() => portcullis.close());
      return portcullis;
    },
  });
  open.push(() => running.close());
  return running;
}

const hosts: Readonly<Record<string, { readonly start: Start; readonly listensByItself?: true }>> = {
  'node:http': { start: startNode },
  Express: { start: startExpress },
  Fastify: { start: startFastify },
  Hono: { start: startHono },
  'SDK 1.x': { start: startMcpSdk1 },
  FastMCP: { start: startFastMcp, listensByItself: true },
};

describe.for(Object.entries(hosts))('behind %s', ([, { start, listensByItself }]) => {
  it('a call that wants a recent sign-in is answered with 401 and what is needed, before it runs [RFC9470-01, RFC9470-03]', async () => {
    const clock = new ManualClock();
    const { url } = await startHost(start, clock, listensByItself === true ? await freePort() : 0);
    const peer = peerKinds[1]?.create(url);
    if (peer === undefined) throw new Error('no such peer');
    open.push(() => peer.close());
    await peer.connect();
    const browser = new HeadlessBrowser(url, ada);
    await peer.finish(await browser.authorize(peer.state.takeAuthorizationUrl()));
    const token = peer.state.current?.access_token ?? '';
    const opened = await postMessage(url, token, initialize);
    await opened.text();
    const session = opened.headers.get('mcp-session-id') === null ? undefined : await openSession(url, token);

    clock.advance(6 * minute);
    const answer = await postMessage(url, token, toolCall('delete_note', { id: 1 }), session);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer error="insufficient_user_authentication", error_description="[^"]*", scope="notes:read", max_age="300", resource_metadata="http:[^"]*"(, DPoP |$)/,
    );
    expect(await answer.json()).toMatchObject({ error: 'insufficient_user_authentication' });
    const other = await postMessage(url, token, toolCall('list_notes'), session);
    expect([other.status, (await other.text()).includes('no notes yet')]).toEqual([200, true]);
  });
});

it('the SDK’s own bearer check, which does not see which tool is called, is refused at start-up', async () => {
  await expect(startHost(startMcpSdk, new ManualClock())).rejects.toThrow('use createMcpEndpoint');
});

describe.for(peerKinds.filter(({ stepsUp }) => stepsUp))('$name', (kind) => {
  it('is told by 401, tries its refresh token in vain, and gets in after a new authorization [RFC9470-01, RFC9470-08, RFC9470-11]', async () => {
    const clock = new ManualClock();
    const { url } = await startHost(startNode, clock);
    const browser = new HeadlessBrowser(url, ada);
    const peer = kind.create(url);
    open.push(() => peer.close());
    await peer.connect();
    await peer.finish(await browser.authorize(peer.state.takeAuthorizationUrl()));
    await peer.connect();
    expect(await peer.call('list_notes')).toBe('no notes yet');

    clock.advance(6 * minute);
    const outcome = await peer.call('delete_note', { id: 1 }).catch((error: unknown) => String(error));
    expect(outcome ?? '').toMatch(/^$|401|nauthorized/);
    expect(await peer.call('list_notes')).toBe('no notes yet');

    // The client knows no max_age: it only begins again. The scope demands it for it.
    peer.state.current = undefined;
    expect(await peer.connect()).toBe(false);
    await peer.finish(await browser.authorize(peer.state.takeAuthorizationUrl()));
    expect(browser.visited).toEqual(['/sign-in', '/consent', '/sign-in', '/consent']);
    await peer.connect();
    expect(await peer.call('delete_note', { id: 1 })).toMatch(/no note|deleted/i);
  });
});
