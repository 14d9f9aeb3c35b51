import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createFetcher } from '../../src/core/egress/create.ts';
import type { ClientId } from '../../src/core/ids.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { password, startNotesServer } from '../support/notes-server.ts';
import { answerJson, type OutsideHost, startOutsideHost } from '../support/outside-host.ts';
import { callbackUrl } from './client-state.ts';
import { HeadlessBrowser } from './headless-browser.ts';
import { type Peer, type PeerKind, peerKinds } from './peers.ts';

/** A host with the document of a client that is called back where the official clients of these tests are. */
async function publishedDocument() {
  const document: Record<string, unknown> = {
    client_name: 'Published',
    redirect_uris: [callbackUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  };
  const host: OutsideHost = await startOutsideHost('client.example', (request, response) =>
    answerJson({ ...document, client_id: clientId })(request, response),
  );
  onTestFinished(() => host.close());
  const clientId = `${host.origin}/oauth/client.json`;
  const egress = createFetcher(
    { privateHosts: [host.exception] },
    { clock: systemClock, report: () => {}, resolver: host.resolver },
  );
  if (egress === undefined) throw new Error('egress is off');
  return { host, clientId, egress };
}

function peerWith(kind: PeerKind, url: string, clientId: string): Peer {
  const peer = kind.create(url);
  onTestFinished(() => peer.close());
  peer.state.clientMetadataUrl = clientId;
  return peer;
}

it.for(peerKinds)(
  '$name comes with the URL of its document: no registration, consent, tools, refresh, step-up [MCP-AUTH-03, MCP-REG-01, MCP-REG-02, MCP-REG-03, CIMD-07, CIMD-19]',
  async (kind) => {
    const { host, clientId, egress } = await publishedDocument();
    const server = await startNotesServer({ egress });
    onTestFinished(() => server.close());
    await server.addUser('ada');
    const browser = new HeadlessBrowser(server.baseUrl, { username: 'ada', password });
    const peer = peerWith(kind, server.mcpUrl, clientId);
    const { state } = peer;

    expect(await peer.connect()).toBe(false);
    const first = state.takeAuthorizationUrl();
    expect(first.searchParams.get('client_id')).toBe(clientId);
    await peer.finish(await browser.authorize(first));
    expect(browser.visited).toEqual(['/sign-in', '/consent']);
    expect(await peer.connect()).toBe(true);
    expect(await peer.call('list_notes')).toBe('no notes yet');

    const before = state.current;
    state.current = { ...before, access_token: 'lost', token_type: 'Bearer' };
    expect(await peer.call('list_notes')).toBe('no notes yet');
    expect(state.current.refresh_token).not.toBe(before?.refresh_token);

    if (kind.stepsUp) {
      expect(await peer.call('add_note', { text: 'buy milk' })).toBeUndefined();
      await peer.finish(await browser.authorize(state.takeAuthorizationUrl()));
      expect(await peer.call('add_note', { text: 'buy milk' })).toBe('added note 1');
    }
    expect(host.asked).toEqual(['/oauth/client.json']);
    expect(server.events.map(({ name }) => name)).not.toContain('client.registered');
  },
);

it.for(peerKinds)('$name registers where no documents can be had [PITFALL-19]', async (kind) => {
  const server = await startNotesServer();
  onTestFinished(() => server.close());
  const peer = peerWith(kind, server.mcpUrl, 'https://client.example/oauth/client.json');
  expect(await peer.connect()).toBe(false);
  expect(peer.state.takeAuthorizationUrl().searchParams.get('client_id')).toMatch(/^[\w-]{22}$/);
  expect(server.events.map(({ name }) => name)).toContain('client.registered');
});

it('InMemoryProvider takes such clients too', async () => {
  const { clientId, egress } = await publishedDocument();
  const provider = new InMemoryProvider({ baseUrl: 'http://localhost:3000' }, { egress });
  expect(provider.serverMetadata()['client_id_metadata_document_supported']).toBe(true);
  expect(await provider.resolveClient(clientId as ClientId)).toMatchObject({
    clientName: 'Published',
    registeredBy: 'metadata_document',
  });
});
