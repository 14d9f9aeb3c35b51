import { describe, expect, it } from 'vitest';
import type { TestClient } from '../../src/testing/test-client.ts';
import { consentPageIn, redeemed, startRequest } from '../support/consent.ts';
import { origin } from '../support/identity.ts';
import { openPublished, type PublishedClients } from '../support/published-clients.ts';

/** The answer to an authorization request, as a program sees it. */
async function begin({ send }: PublishedClients, client: TestClient, clientAddress = '192.0.2.1') {
  const response = await send(new Request(client.prepareAuthorization().url), { clientAddress });
  const text = await response.text();
  const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, string>;
  return { status: response.status, location: response.headers.get('location'), headers: response.headers, ...body };
}

/** Signs ada in and allows what a client asks for. */
async function connect(setUp: PublishedClients, client = setUp.published()) {
  const device = setUp.device();
  await device.signIn();
  const prepared = client.prepareAuthorization({ scope: 'read write' });
  const tab = device.tab();
  await consentPageIn(tab, await startRequest(device, prepared));
  return { device, tokens: await redeemed(client, prepared, await tab.submitAndLeave({ decision: 'allow' })) };
}

const minute = 60_000;

describe('a client that comes with the URL of its document', () => {
  it('is connected over https, with its keys and logo never asked for [CIMD-07, CIMD-24, MCP-REG-01, MCP-REG-02, MCP-REG-03]', async () => {
    const setUp = await openPublished();
    setUp.publish({
      logo_uri: `${setUp.host.origin}/logo.png`,
      client_uri: `${setUp.host.origin}/`,
      jwks_uri: `${setUp.host.origin}/jwks.json`,
    });
    const client = setUp.published();
    const { tokens } = await connect(setUp, client);
    expect((await client.refresh(tokens.refreshToken)).status).toBe(200);
    expect(setUp.host.asked).toEqual(['/client.json']);
    expect(setUp.events.map(({ name }) => name)).toContain('client.discovered');
  });

  it('is asked for as often as its caching headers say, within bounds [CIMD-15, MCP-REG-05]', async () => {
    const setUp = await openPublished();
    setUp.publish({}, { 'cache-control': 'max-age=600' });
    for (let time = 0; time < 3; time += 1) expect((await begin(setUp, setUp.published())).status).toBe(302);
    expect(setUp.host.asked).toHaveLength(1);
    setUp.clock.advance(599_000);
    await begin(setUp, setUp.published());
    expect(setUp.host.asked).toHaveLength(1);
    setUp.clock.advance(1000);
    await begin(setUp, setUp.published());
    expect(setUp.host.asked).toHaveLength(2);
  });

  it('is accepted from what is known of it while its host is down, for a while [CIMD-14]', async () => {
    const setUp = await openPublished();
    expect((await begin(setUp, setUp.published())).status).toBe(302);
    setUp.answer((_request, response) => void response.writeHead(503).end());
    setUp.clock.advance(6 * minute);
    expect((await begin(setUp, setUp.published())).status).toBe(302);
    setUp.clock.advance(90 * minute);
    const refused = await begin(setUp, setUp.published());
    expect(refused).toMatchObject({ status: 503, error: 'temporarily_unavailable', location: null });
    expect(refused.headers.get('retry-after')).toBe('30');
  });

  it.for([
    [404, 400, 'invalid_client'],
    [301, 400, 'invalid_client'],
    [204, 400, 'invalid_client'],
    [500, 503, 'temporarily_unavailable'],
  ] as const)(
    'is refused where its host answers %i, and nobody is redirected [CIMD-08, CIMD-09]',
    async ([sent, status, error]) => {
      const setUp = await openPublished();
      setUp.answer((_request, response) => {
        const headers = sent === 301 ? { location: `${setUp.host.origin}/elsewhere.json` } : {};
        response.writeHead(sent, headers).end();
      });
      expect(await begin(setUp, setUp.published())).toMatchObject({ status, error, location: null });
      expect(setUp.host.asked).toEqual(['/client.json']);
    },
  );

  it('is refused where the document is larger than 5 KiB, or no JSON by its type [CIMD-25, MCP-REG-08]', async () => {
    const setUp = await openPublished();
    setUp.publish({ more: 'x'.repeat(5120) });
    expect(await begin(setUp, setUp.published())).toMatchObject({ status: 400, error: 'invalid_client' });
    setUp.clock.advance(minute);
    setUp.publish({}, { 'content-type': 'text/html' });
    expect(await begin(setUp, setUp.published())).toMatchObject({ status: 400, error: 'invalid_client' });
  });

  it('can mend its document: a broken one is asked for again half a minute later, whatever it says', async () => {
    const setUp = await openPublished();
    setUp.publish({ client_name: undefined }, { 'cache-control': 'max-age=86400' });
    expect(await begin(setUp, setUp.published())).toMatchObject({
      status: 400,
      error_description: 'the metadata document of the client cannot be used: it has no client_name',
    });
    setUp.publish();
    expect((await begin(setUp, setUp.published())).status).toBe(400);
    expect(setUp.host.asked).toHaveLength(1);
    setUp.clock.advance(31_000);
    expect((await begin(setUp, setUp.published())).status).toBe(302);
  });

  it('with a method that this server does not offer gets no token without it [CIMD-20]', async () => {
    const setUp = await openPublished();
    setUp.publish({ token_endpoint_auth_method: 'tls_client_auth' });
    expect(await begin(setUp, setUp.published())).toMatchObject({ status: 400, error: 'invalid_client' });
  });

  it('may push its request instead', async () => {
    const setUp = await openPublished();
    const { url } = setUp.published().prepareAuthorization();
    const pushed = await setUp.send(
      new Request(`${origin}/par`, {
        method: 'POST',
        body: url.search.slice(1),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    );
    expect(pushed.status).toBe(201);
    const { request_uri: requestUri } = (await pushed.json()) as { request_uri: string };
    const query = new URLSearchParams({ client_id: setUp.clientId, request_uri: requestUri });
    expect((await setUp.send(new Request(`${origin}/authorize?${query}`))).status).toBe(302);
    expect(setUp.host.asked).toHaveLength(1);
  });
});

describe('a request that waits for its user', () => {
  async function waiting(setUp: PublishedClients) {
    const device = setUp.device();
    await device.signIn();
    const page = await startRequest(device, setUp.published().prepareAuthorization());
    return { device, page };
  }

  it('is over once its redirect URI is no longer in the document [CIMD-18, MCP-REG-06, PITFALL-01]', async () => {
    const setUp = await openPublished();
    const { device, page } = await waiting(setUp);
    const tab = device.tab();
    await consentPageIn(tab, page);
    setUp.publish({ redirect_uris: [`${setUp.host.origin}/another`] });
    setUp.clock.advance(6 * minute);
    const answered = await tab.submit({ decision: 'allow' });
    expect(answered instanceof URL ? answered.href : answered.status).toBe(400);
    expect((await device.get(page)).status).toBe(400);
    expect(setUp.events).toContainEqual(
      expect.objectContaining({ name: 'client.document_changed', reason: 'changed: redirectUris' }),
    );
  });

  it('is over once the document is gone, and goes on where nobody can tell', async () => {
    const setUp = await openPublished();
    const { device, page } = await waiting(setUp);
    setUp.answer((_request, response) => void response.writeHead(503).end());
    setUp.clock.advance(6 * minute);
    expect((await device.get(page)).status).toBe(200);
    setUp.answer((_request, response) => void response.writeHead(410).end());
    setUp.clock.advance(6 * minute);
    expect((await device.get(page)).status).toBe(400);
  });

  it('shows the name that the document has now', async () => {
    const setUp = await openPublished();
    const { device, page } = await waiting(setUp);
    setUp.publish({ client_name: 'Renamed' });
    setUp.clock.advance(6 * minute);
    expect(await (await device.get(page)).text()).toContain('Renamed');
  });
});

describe('consent to a client whose id everybody knows', () => {
  it('is remembered where the answer goes to a website [MCP-BP-02]', async () => {
    const setUp = await openPublished();
    const { device } = await connect(setUp);
    const response = await device.get(
      await startRequest(device, setUp.published().prepareAuthorization({ scope: 'read write' })),
    );
    expect(response.headers.get('location')).toContain(`${setUp.host.origin}/callback?code=`);
  });

  it.for(['http://localhost:51234/callback', 'http://127.0.0.1:51234/callback', 'com.example.desk:/callback'])(
    'is asked for again where any program of the device can be %s',
    async (redirectUri) => {
      const setUp = await openPublished();
      const client = setUp.published(redirectUri);
      const { device } = await connect(setUp, client);
      const again = await device.get(await startRequest(device, client.prepareAuthorization({ scope: 'read write' })));
      expect(again.status).toBe(200);
      expect(await again.text()).toContain('Already allowed');
      const silent = client.prepareAuthorization({ scope: 'read write', prompt: 'none' });
      const refused = await device.get(await startRequest(device, silent));
      expect(refused.headers.get('location')).toContain('error=consent_required');
    },
  );

  it('shows who vouches, and where nobody can [CIMD-21, CIMD-22, MCP-SEC-16, MCP-SEC-17]', async () => {
    const setUp = await openPublished();
    const pageFor = async (redirectUri?: string) => {
      const device = setUp.device();
      await device.signIn();
      return (
        await consentPageIn(
          device.tab(),
          await startRequest(device, setUp.published(redirectUri).prepareAuthorization()),
        )
      ).html;
    };
    const { host } = new URL(setUp.clientId);
    expect(await pageFor()).toMatch(new RegExp(`Verified</span> to be from <strong>${host}</strong>`));
    const local = await pageFor('http://localhost:51234/callback');
    expect(local).toContain(
      `Unverified</span> It says that it is from <strong>${host}</strong>. Any program on this computer can say that.`,
    );
    expect(local).toContain('localhost:51234');
  });
});

describe('which clients are accepted by their documents', () => {
  const advertised = async ({ send }: PublishedClients) =>
    (
      (await (await send(new Request(`${origin}/.well-known/oauth-authorization-server`))).json()) as Record<
        string,
        unknown
      >
    )['client_id_metadata_document_supported'];

  it('all that the rules for fetching let through, unless told otherwise', async () => {
    const setUp = await openPublished();
    expect(await advertised(setUp)).toBe(true);
    expect((await begin(setUp, setUp.published())).status).toBe(302);
  });

  it.for([
    [{ enabled: false }, 'accepts no client_id that is a URL'],
    [{ deniedHosts: ['app.example'] }, 'clients of app.example are not accepted'],
    [{ allowedHosts: ['*.example.com'] }, 'does not accept clients of app.example'],
  ] as const)('none with %o, and nothing is fetched [MCP-BP-27]', async ([clientMetadata, why]) => {
    const setUp = await openPublished({ clientMetadata });
    expect(await advertised(setUp)).toBe('enabled' in clientMetadata ? undefined : true);
    const refused = await begin(setUp, setUp.published());
    expect(refused).toMatchObject({ status: 400, error: 'invalid_client', location: null });
    expect((refused as Record<string, unknown>)['error_description']).toContain(why);
    expect(setUp.host.asked).toEqual([]);
  });

  it('a person is told on a page, in words that name no host of this network', async () => {
    const setUp = await openPublished();
    setUp.answer((_request, response) => void response.writeHead(404).end());
    const { url } = setUp.published().prepareAuthorization();
    const response = await setUp.device().get(url);
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).toContain('This app cannot be verified');
    expect(html).not.toContain('127.0.0.1');
  });
});
