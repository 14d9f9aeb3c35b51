import { createMcpHandler } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNotesServer } from '../../examples/notes/mcp-server.ts';
import { Notes, noteScopes } from '../../examples/notes/notes.ts';
import { serve } from '../../src/hosts/node.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { ResourceServer } from '../../src/resource-server/index.ts';
import { testDatabase } from '../support/engine.ts';
import { addTestUser, testLimits, testUser } from '../support/portcullis-harness.ts';
import { HeadlessBrowser } from './headless-browser.ts';
import { peerKinds } from './peers.ts';
import { freePort } from './servers.ts';

/** Two servers: one issues tokens, the other one keeps the notes and fetches the first one's keys. */
async function startBoth() {
  const [issuerPort, notesPort] = [await freePort(), await freePort()];
  const [issuer, resource] = [`http://127.0.0.1:${issuerPort}`, `http://127.0.0.1:${notesPort}/mcp`];
  const portcullis = await Portcullis.open({
    ...testLimits,
    baseUrl: issuer,
    ...(await testDatabase()),
    resources: { notes: { url: resource, scopes: noteScopes, requiredScopes: ['notes:read'] } },
  });
  await addTestUser(portcullis);
  const issuing = await serve(portcullis, {
    port: issuerPort,
    mcp: () => Response.json({ error: 'the tools are elsewhere' }),
  });
  const guard = new ResourceServer(
    { issuer, resource, requiredScopes: ['notes:read'] },
    { scopes: noteScopes, egress: { dangerouslyAllowInsecureLoopback: true } },
  );
  const notes = new Notes();
  const serving = await serve(guard, { port: notesPort, mcp: createMcpHandler(() => createNotesServer(notes)) });
  onTestFinished(async () => {
    await serving.close();
    await issuing.close();
    await portcullis.close();
  });
  return { issuer, resource, portcullis };
}

describe.each(peerKinds)('$name', ({ create, stepsUp }) => {
  it('calls tools of a server that has no authorization server in its process', async () => {
    const { issuer, resource } = await startBoth();
    const peer = create(resource);
    onTestFinished(() => peer.close());
    const person = { username: testUser.userName, password: testUser.password };
    const browser = new HeadlessBrowser(issuer, person);
    expect(await peer.connect()).toBe(false);
    expect(peer.state.authorizationUrl?.origin).toBe(issuer);
    await peer.finish(await browser.authorize(peer.state.authorizationUrl as URL));
    expect(await peer.connect()).toBe(true);
    expect(await peer.call('list_notes')).toBe('no notes yet');
    if (!stepsUp) return;
    expect(await peer.call('add_note', { text: 'buy milk' })).toBeUndefined();
    await peer.finish(await browser.authorize(peer.state.authorizationUrl as URL));
    expect(await peer.connect()).toBe(true);
    expect(await peer.call('add_note', { text: 'buy milk' })).toBe('added note 1');
  });
});
