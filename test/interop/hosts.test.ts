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
import type { Running, Start } from '../../examples/notes/serving.ts';
import { testDatabase } from '../support/engine.ts';
import { fastPasswords } from '../support/portcullis-harness.ts';
import { HeadlessBrowser } from './headless-browser.ts';
import { peerKinds } from './peers.ts';
import { freePort } from './servers.ts';

interface Host {
  readonly name: string;
  readonly start: Start;
  readonly eras: readonly ('modern' | 'legacy')[];
  /** Must be told its port. */
  readonly listensByItself?: true;
}

const both = ['modern', 'legacy'] as const;
const hosts: readonly Host[] = [
  { name: 'node:http', start: startNode, eras: both },
  { name: 'Express', start: startExpress, eras: both },
  { name: 'Fastify', start: startFastify, eras: both },
  { name: 'Hono', start: startHono, eras: both },
  { name: 'the SDK’s own bearer check', start: startMcpSdk, eras: both },
  { name: 'SDK 1.x', start: startMcpSdk1, eras: ['legacy'] },
  { name: 'FastMCP', start: startFastMcp, eras: ['legacy'], listensByItself: true },
];

const ada = { username: 'ada', password: 'correct horse battery staple' };
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function openPortcullis(baseUrl: string): Promise<Portcullis> {
  const portcullis = await Portcullis.open({
    baseUrl,
    name: 'Notes',
    scopes: noteScopes,
    requiredScopes: ['notes:read'],
    ...(await testDatabase()),
    passwords: fastPasswords,
  });
  const { users, passwords } = portcullis.services;
  await users.create({ userName: ada.username, passwordHash: await passwords.hash(ada.password) });
  open.push(() => portcullis.close());
  return portcullis;
}

async function startHost({ start, listensByItself }: Host): Promise<Running> {
  const running = await start({ port: listensByItself === true ? await freePort() : 0, provider: openPortcullis });
  open.push(() => running.close());
  return running;
}

const combinations = hosts.flatMap((host) =>
  peerKinds
    .filter(({ era }) => host.eras.includes(era))
    .map((kind) => [`${host.name} and ${kind.name}`, host, kind] as const),
);

describe.for(combinations)('%s', ([, host, kind]) => {
  it('go the whole way: discovery, registration, sign-in, consent, tools, refresh, step-up, revocation [CASE-28, CASE-54, CASE-68, CASE-72, MCP-AUTH-07, MCP-AUTH-25, MCP-DISC-03]', async () => {
    const { url, provider } = await startHost(host);
    const browser = new HeadlessBrowser(url, ada);
    const peer = kind.create(url);
    const { state } = peer;
    open.push(() => peer.close());

    expect(await peer.connect()).toBe(false);
    expect(state.registered).toBeDefined();
    const first = state.takeAuthorizationUrl();
    expect(first.searchParams.get('resource')).toBe(url);
    expect(first.searchParams.get('scope')?.split(' ')).toContain('notes:read');
    await peer.finish(await browser.authorize(first));
    expect(browser.visited).toEqual(['/sign-in', '/consent']);

    expect(await peer.connect()).toBe(true);
    expect(await peer.toolNames()).toEqual(expect.arrayContaining(['list_notes', 'add_note', 'delete_note']));
    expect(await peer.call('list_notes')).toBe('no notes yet');

    const before = state.current;
    state.current = { ...before, access_token: 'lost', token_type: 'Bearer' };
    expect(await peer.call('list_notes')).toBe('no notes yet');
    expect(state.current.access_token).not.toBe('lost');
    expect(state.current.refresh_token).not.toBe(before?.refresh_token);

    const refused = peer.call('add_note', { text: 'buy milk' });
    if (kind.stepsUp) {
      expect(await refused).toBeUndefined();
      const wider = state.takeAuthorizationUrl();
      expect(wider.searchParams.get('scope')?.split(' ')).toEqual(
        expect.arrayContaining(['notes:read', 'notes:write']),
      );
      await peer.finish(await browser.authorize(wider));
      expect(browser.visited).toEqual(['/sign-in', '/consent', '/consent']);
      expect(await peer.call('add_note', { text: 'buy milk' })).toBe('added note 1');
      expect(await peer.call('list_notes')).toBe('1: buy milk');
    } else {
      await expect(refused).rejects.toThrow('403');
      expect(await peer.call('list_notes')).toBe('no notes yet');
    }

    const body = new URLSearchParams({
      token: state.current.refresh_token ?? '',
      client_id: state.registered?.client_id ?? '',
    });
    expect((await fetch(provider.endpointUrl('revoke'), { method: 'POST', body })).status).toBe(200);
    expect(await peer.call('list_notes')).toBeUndefined();
    expect(state.takeAuthorizationUrl().pathname).toBe('/authorize');
  });
});
