import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CustomProvider } from '../../examples/custom-provider/provider.ts';
import type { ClientId } from '../../src/core/ids.ts';
import { Params } from '../../src/core/params.ts';
import { ClientStore } from '../../src/oauth/register/store.ts';
import { base, challenge, location, peersOf, providers, redirectUri } from '../protocol/support.ts';
import { clientNamed, openSchema } from '../support/database.ts';
import { growthOf, muchMoreThanLinear } from '../support/growth.ts';
import { openIdentity } from '../support/identity.ts';

/** A body without end, that counts how much of it was taken. */
function endlessBody(content: string) {
  const taken = { bytes: 0 };
  const chunk = Buffer.from(content.repeat(Math.ceil((16 * 1024) / content.length)));
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken.bytes += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  return { taken, stream };
}

function endlessPost(type: string, stream: ReadableStream<Uint8Array>): RequestInit {
  return { method: 'POST', body: stream, duplex: 'half', headers: { 'content-type': type } } as RequestInit;
}

const form = 'application/x-www-form-urlencoded';
const muchToRead = 256 * 1024;

describe('a stranger who wants to stop the server with one request', () => {
  // URL parsers take time in the square of the number of names without a value: 4 MiB of them are two minutes.
  it.each([
    ['names without a value', 'a&'],
    ['different names without a value', 'ab&cd&ef&'],
    ['empty pairs', '&'],
    ['pairs', 'a=b&'],
    ['percent signs', '%'],
    ['percent-encoded characters', '%41'],
    ['plus signs', '+'],
  ])('finds parameters that cost no more than there is of them: %s', (_what, unit) => {
    const parse = (length: number) => Params.parse(unit.repeat(length / unit.length));
    expect(growthOf(parse, 64 * 1024)).toBeLessThan(muchMoreThanLinear);
  });

  describe.each(providers)('of $name', (kind) => {
    const peer = peersOf(kind);

    it.each([
      ['/token', form],
      ['/revoke', form],
      ['/authorize', form],
      ['/register', 'application/json'],
    ])('finds nothing read by %s beyond what a request may be long', async (path, type) => {
      const server = await peer();
      const { stream, taken } = endlessBody(type === form ? 'a&' : ' ');
      const response = await server.send(path, endlessPost(type, stream));
      expect(response.status).toBe(413);
      expect(taken.bytes).toBeLessThan(muchToRead);
    });

    it.each([
      ['state', 'x'.repeat(4097)],
      ['login_hint', 'x'.repeat(321)],
    ])('may not leave a %s of any length with every request', async (name, value) => {
      const server = await peer();
      const response = await server.authorize(await server.register(), { [name]: value });
      const { searchParams } = location(response);
      expect([searchParams.get('error'), searchParams.get('error_description')]).toEqual([
        'invalid_request',
        expect.stringContaining(name),
      ]);
    });
  });

  it('finds no more parsed of a sign-in form of the example for one’s own provider than a form may be long', async () => {
    const provider = new CustomProvider(new DatabaseSync(':memory:'), { baseUrl: base });
    let parsed = 0;
    const original = URLSearchParams;
    vi.stubGlobal(
      'URLSearchParams',
      class extends original {
        constructor(init?: ConstructorParameters<typeof original>[0]) {
          super(init);
          if (typeof init === 'string') parsed += init.length;
        }
      },
    );
    onTestFinished(() => void vi.unstubAllGlobals());
    await provider.handle(new Request(`${base}/sign-in`, { method: 'POST', body: 'a&'.repeat(512 * 1024) }));
    expect(parsed).toBeLessThan(64 * 1024);
  });
});

describe('a stranger who wants to fill the disk or the memory', () => {
  it('leaves a few kilobytes with an authorization request, whatever its parameters hold [PITFALL-23]', async () => {
    const { services, send } = await openIdentity();
    const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };
    const registration = await send(
      new Request('https://mcp.example.com/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(metadata),
      }),
    );
    const { client_id } = (await registration.json()) as { client_id: string };
    const body = new URLSearchParams({
      client_id,
      response_type: 'code',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state: 's'.repeat(4096),
      login_hint: 'h'.repeat(320),
      prompt: Array.from({ length: 2000 }, () => 'consent').join(' '),
      nonce: 'n'.repeat(16_000),
    });
    const response = await send(new Request('https://mcp.example.com/authorize', { method: 'POST', body }));
    expect(response.headers.get('location')).toContain('/consent?request=');
    const [row] = await services.database.read('SELECT parameters FROM authorization_requests');
    expect(String(row?.['parameters']).length).toBeLessThan(6000);
  });

  it('gets no more of the clients that are as large as can be kept in memory than of others [PITFALL-23]', async () => {
    const database = await openSchema();
    onTestFinished(() => database.close());
    const clients = new ClientStore({ database });
    const large = (index: number) =>
      clientNamed(`client-${index}`, {
        redirectUris: Array.from({ length: 20 }, (_, uri) => `https://a.example/${uri}/${'x'.repeat(2000)}`),
      });
    const count = 2000;
    for (let index = 0; index < count; index += 1) await clients.add(large(index));
    for (let index = 0; index < count; index += 1) await clients.get(`client-${index}` as ClientId);
    let reads = 0;
    const read = database.read.bind(database);
    database.read = (...query) => {
      reads += 1;
      return read(...query);
    };
    for (let index = 0; index < count; index += 1) await clients.get(`client-${index}` as ClientId);
    // 2,000 of them are 80 MB.
    expect(reads).toBeGreaterThan(count / 2);
  });
});
