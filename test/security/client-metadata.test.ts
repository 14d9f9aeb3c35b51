import { describe, expect, it } from 'vitest';
import type { Resolver } from '../../src/core/egress/resolve.ts';
import type { ClientId } from '../../src/core/ids.ts';
import type { Client } from '../../src/core/records.ts';
import { DocumentHost } from '../../src/testing/document-host.ts';
import { TestClient } from '../../src/testing/test-client.ts';
import { openConsent } from '../support/consent.ts';
import { type IdentityHarness, openIdentity, origin } from '../support/identity.ts';
import { fetcherWith } from '../support/outside-host.ts';

const redirectUri = 'http://localhost:9999/cb';

function clientOf({ portcullis }: Pick<IdentityHarness, 'portcullis'>, clientId: string): TestClient {
  return new TestClient(portcullis, { clientId, authMethod: 'none', redirectUri });
}

async function begin(harness: IdentityHarness, clientId: string, clientAddress = '192.0.2.1') {
  const { url } = clientOf(harness, clientId).prepareAuthorization();
  const response = await harness.send(new Request(url), { clientAddress });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const urlOf = (index: number) => `https://app${index}.example.com/client.json`;

describe('a stranger with any number of client ids', () => {
  const lookups = { rateLimit: { limit: 5, windowSeconds: 60 } };

  it('has a few documents fetched, and no more; other addresses, and clients that are known, go on [MCP-SEC-15]', async () => {
    const host = new DocumentHost();
    const harness = await openIdentity({ clientMetadata: lookups }, { egress: host });
    for (let index = 0; index < 20; index += 1) host.publish(urlOf(index));
    const answers = [];
    for (let index = 0; index < 20; index += 1) answers.push((await begin(harness, urlOf(index))).status);
    expect(answers).toEqual([...Array<number>(5).fill(302), ...Array<number>(15).fill(429)]);
    expect(host.asked).toHaveLength(5);
    const refused = await begin(harness, urlOf(19));
    expect(refused.headers.get('retry-after')).toBe('60');
    expect((await begin(harness, urlOf(3))).status).toBe(302);
    expect((await begin(harness, urlOf(19), '198.51.100.7')).status).toBe(302);
    harness.clock.advance(60_000);
    expect((await begin(harness, urlOf(18))).status).toBe(302);
  });

  it('is not helped by ids that lead nowhere, by what is malformed, or by another address of the same /64', async () => {
    const host = new DocumentHost();
    const harness = await openIdentity({ clientMetadata: lookups }, { egress: host });
    for (let index = 0; index < 10; index += 1) await begin(harness, urlOf(index), `2001:db8::${index}`);
    expect(host.asked).toHaveLength(5);
    for (const clientId of ['https://app.example.com/', 'http://app.example.com/c', 'https://app.example.com/c?d'])
      expect((await begin(harness, clientId, '198.51.100.7')).status).toBe(400);
    expect(host.asked).toHaveLength(5);
  });

  it('fills no more rows than are allowed; the oldest that was never used makes room after an hour', async () => {
    const host = new DocumentHost();
    const harness = await openIdentity(
      { clientMetadata: { maximumClients: 3, rateLimit: { limit: 1000 } } },
      { egress: host },
    );
    const { clients } = harness.services;
    for (let index = 0; index < 6; index += 1) host.publish(urlOf(index));
    for (let index = 0; index < 3; index += 1) {
      expect((await begin(harness, urlOf(index))).status).toBe(302);
      harness.clock.advance(1000);
    }
    const refused = await begin(harness, urlOf(3));
    expect(refused.headers.get('location')).toContain('error=temporarily_unavailable');
    expect(await clients.count()).toBe(3);
    expect((await begin(harness, urlOf(0))).headers.get('location')).toContain(`${origin}/consent`);
    harness.clock.advance(3_600_000);
    expect((await begin(harness, urlOf(3))).headers.get('location')).toContain(`${origin}/consent`);
    expect((await clients.list()).map(({ client }) => client.clientId)).toEqual([urlOf(2), urlOf(0), urlOf(3)]);
  });

  it('costs the clients that registered themselves no room, and the other way round', async () => {
    const host = new DocumentHost();
    const harness = await openConsent(
      { clientMetadata: { maximumClients: 1 }, registration: { maximumClients: 1 } },
      { egress: host },
    );
    host.publish(urlOf(1));
    await harness.client();
    expect((await begin(harness, urlOf(1))).headers.get('location')).toContain(`${origin}/consent`);
    await expect(harness.client()).rejects.toThrow(/as many registered clients/);
    expect(await harness.services.clients.count()).toBe(2);
  });

  it('leaves nothing behind for ever [PITFALL-23]', async () => {
    const host = new DocumentHost();
    const harness = await openIdentity({}, { egress: host });
    host.publish(urlOf(1));
    await begin(harness, urlOf(1));
    harness.clock.advance(8 * 86_400_000);
    await harness.services.retention.run();
    expect(await harness.services.clients.count()).toBe(0);
  });
});

describe('a client that an administrator added under a URL', () => {
  it('is not replaced by what is published there', async () => {
    const host = new DocumentHost();
    const harness = await openIdentity({}, { egress: host });
    const { clients } = harness.services;
    const client: Client = {
      clientId: urlOf(1) as ClientId,
      clientName: 'Ours',
      tokenEndpointAuthMethod: 'none',
      redirectUris: [redirectUri],
      grantTypes: ['authorization_code'],
      responseTypes: ['code'],
      scopes: [],
      registeredBy: 'administrator',
      issuedAt: 0,
    };
    await clients.add(client);
    host.publish(urlOf(1), { client_name: 'Theirs', redirect_uris: ['https://evil.example/cb'] });
    expect((await begin(harness, urlOf(1))).status).toBe(302);
    expect(host.asked).toEqual([]);
    expect(await clients.putDescribed({ ...client, clientName: 'Theirs', registeredBy: 'metadata_document' }, 10)).toBe(
      false,
    );
    expect((await clients.get(client.clientId))?.clientName).toBe('Ours');
  });
});

describe('a document inside the network', () => {
  const openWith = (resolver: Resolver) => openIdentity({}, { egress: fetcherWith({}, resolver).fetcher });

  it('is not asked for, and the answer is that of a host which is not there [CIMD-23, MCP-SEC-14, MCP-SEC-15, MCP-REG-08, MCP-BP-24]', async () => {
    const texts = new Set<string>();
    for (const address of ['10.0.0.5', '127.0.0.1', '169.254.169.254', '::1', 'fd00::5', '192.0.2.1']) {
      const harness = await openWith(async () => [address]);
      const { status, text } = await begin(harness, 'https://app.example.com/client.json');
      expect(status, address).toBe(503);
      texts.add(text);
    }
    const nowhere = await openWith(async () => []);
    texts.add((await begin(nowhere, 'https://app.example.com/client.json')).text);
    expect([...texts]).toEqual([expect.stringContaining('the host cannot be reached, or may not be fetched from')]);
  });

  it.for([
    'https://10.0.0.5/c',
    'https://[::1]/c',
    'https://localhost/c',
    'https://metadata.internal/c',
    'https://app.example.com:22/c',
  ])('%s is refused as it stands', async (clientId) => {
    const asked: string[] = [];
    const harness = await openWith(async (host) => {
      asked.push(host);
      return ['127.0.0.1'];
    });
    expect((await begin(harness, clientId)).status).toBe(400);
    expect(asked).toEqual([]);
  });
});

describe('two documents that become one client', () => {
  it('at the same moment leave one whole client', async () => {
    const harness = await openIdentity();
    const { clients } = harness.services;
    const client: Client = {
      clientId: urlOf(1) as ClientId,
      tokenEndpointAuthMethod: 'none',
      redirectUris: [],
      grantTypes: ['authorization_code'],
      responseTypes: ['code'],
      scopes: [],
      registeredBy: 'metadata_document',
      issuedAt: 0,
    };
    const versions = Array.from({ length: 50 }, (_, index) => ({
      ...client,
      clientName: `Version ${index}`,
      redirectUris: [`https://app.example.com/${index}`],
    }));
    const stored = await Promise.all(versions.map((version) => clients.putDescribed(version, 1)));
    expect(stored).toEqual(versions.map(() => true));
    expect(await clients.count()).toBe(1);
    const found = await clients.get(client.clientId);
    expect(versions).toContainEqual(found);
  });
});
