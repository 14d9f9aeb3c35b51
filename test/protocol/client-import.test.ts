import { describe, expect, it } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { DocumentHost } from '../../src/testing/document-host.ts';
import { TestClient } from '../../src/testing/test-client.ts';
import { type ConsentHarness, consentPageIn, openConsent, redeemed, startRequest } from '../support/consent.ts';
import { origin, type Surroundings } from '../support/identity.ts';

const clientId = 'https://app.corp.example/client.json' as ClientId;
const redirectUri = 'https://app.corp.example/callback';
const day = 86_400_000;

function documentText(members: object = {}): string {
  return JSON.stringify({ client_id: clientId, client_name: 'Harbour', redirect_uris: [redirectUri], ...members });
}

async function openWithDocument(config: PortcullisConfig = {}, surroundings: Surroundings = {}) {
  const harness = await openConsent(config, surroundings);
  await harness.services.importedDocuments.add([{ clientId, text: documentText() }]);
  return { ...harness, imported: new TestClient(harness.portcullis, { clientId, authMethod: 'none', redirectUri }) };
}

async function isAdvertised({ send }: ConsentHarness): Promise<boolean> {
  const response = await send(new Request(`${origin}/.well-known/oauth-authorization-server`));
  return 'client_id_metadata_document_supported' in ((await response.json()) as object);
}

async function connect(harness: ConsentHarness, client: TestClient) {
  const device = harness.device();
  await device.signIn();
  const prepared = client.prepareAuthorization({ scope: 'read' });
  const tab = device.tab();
  const page = await consentPageIn(tab, await startRequest(device, prepared));
  return { page, tokens: await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' })) };
}

async function begin({ send }: ConsentHarness, client: TestClient) {
  const response = await send(new Request(client.prepareAuthorization().url));
  return { status: response.status, text: await response.text() };
}

describe('a server that fetches nothing', () => {
  it('advertises clients with documents once one was imported, and no longer than that [PITFALL-19, CIMD-19]', async () => {
    const harness = await openConsent();
    expect(await isAdvertised(harness)).toBe(false);
    await harness.services.importedDocuments.add([{ clientId, text: documentText() }]);
    harness.clock.advance(1000);
    expect(await isAdvertised(harness)).toBe(true);
    await harness.services.importedDocuments.remove(clientId);
    harness.clock.advance(1000);
    expect(await isAdvertised(harness)).toBe(false);
  });

  it('connects a client by its imported document, as one that the administrator added', async () => {
    const harness = await openWithDocument();
    const { page, tokens } = await connect(harness, harness.imported);
    expect(page.html).toContain(
      'Added by your administrator</span> It is an app of <strong>app.corp.example</strong>.',
    );
    expect((await harness.imported.refresh(tokens.refreshToken)).status).toBe(200);
    expect((await harness.services.clients.get(clientId))?.registeredBy).toBe('imported_document');
  });

  it('says of every other such client that its document was not imported', async () => {
    const harness = await openWithDocument();
    const other = new TestClient(harness.portcullis, {
      clientId: 'https://other.example/client.json',
      authMethod: 'none',
      redirectUri,
    });
    const { status, text } = await begin(harness, other);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      error: 'invalid_client',
      error_description: 'this server fetches nothing, and the metadata document of this client was not imported here',
      registration_endpoint: `${origin}/register`,
    });
  });
});

describe('an imported document', () => {
  it('is looked at first: nothing is fetched for it', async () => {
    const host = new DocumentHost();
    host.publish(clientId, { client_name: 'Another' });
    const harness = await openWithDocument({ clientMetadata: { allowedHosts: [] } }, { egress: host });
    expect((await connect(harness, harness.imported)).page.html).toContain('Harbour');
    expect(host.asked).toEqual([]);
  });

  it('that is withdrawn begins nothing new, and ends nothing', async () => {
    const harness = await openWithDocument();
    const { tokens } = await connect(harness, harness.imported);
    await harness.services.importedDocuments.remove(clientId);
    expect((await begin(harness, harness.imported)).status).toBe(400);
    expect((await harness.imported.refresh(tokens.refreshToken)).status).toBe(200);
  });

  it('lapses with its bundle', async () => {
    const harness = await openConsent();
    const now = harness.clock.now();
    const documents = [{ clientId, text: documentText() }];
    const bundle = { name: 'clients', sequence: 1, issuedAt: now, expiresAt: now + day, documents };
    await harness.services.importedDocuments.addBundle(bundle, 'k');
    const client = new TestClient(harness.portcullis, { clientId, authMethod: 'none', redirectUri });
    expect((await begin(harness, client)).status).toBe(302);
    harness.clock.advance(day);
    expect((await begin(harness, client)).status).toBe(400);
  });

  it('of a host that is denied is not taken', async () => {
    const harness = await openWithDocument({ clientMetadata: { deniedHosts: ['*.corp.example'] } });
    expect((await begin(harness, harness.imported)).text).toContain('clients of app.corp.example are not accepted');
  });

  it('is judged by the settings of the day, not of its import', async () => {
    const harness = await openConsent();
    await harness.services.importedDocuments.add([{ clientId, text: documentText({ redirect_uris: ['desk:/cb'] }) }]);
    const client = new TestClient(harness.portcullis, { clientId, authMethod: 'none', redirectUri: 'desk:/cb' });
    expect((await begin(harness, client)).text).toContain("scheme 'desk' is not allowed");
  });

  it('makes a client that may use a resource for verified ones; a fetched one does not', async () => {
    const host = new DocumentHost();
    const published = 'https://app.example.com/client.json';
    host.publish(published, { redirect_uris: [redirectUri] });
    const resources = { vault: { path: '/vault/mcp', clients: 'verified' as const } };
    const harness = await openWithDocument({ resources }, { egress: host });
    const resource = `${origin}/vault/mcp`;
    const locationFor = async (client: TestClient) => {
      const response = await harness.send(new Request(client.prepareAuthorization({ resource }).url));
      return response.headers.get('location');
    };
    expect(await locationFor(harness.imported)).toContain(`${origin}/consent`);
    const fetched = new TestClient(harness.portcullis, { clientId: published, authMethod: 'none', redirectUri });
    expect(await locationFor(fetched)).toContain('error=unauthorized_client');
  });
});
