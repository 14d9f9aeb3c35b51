import { describe, expect, it } from 'vitest';
import {
  type Answer,
  basicCredentials,
  createTestClient,
  formPost,
  readAnswer,
  type TestClient,
} from '../../src/testing/test-client.ts';
import { assertionParameters, TestClientKey } from '../../src/testing/test-client-key.ts';
import { base, type Peer, peersOf, providers } from './support.ts';

const second = 1000;
const probe = { grant_type: 'refresh_token', refresh_token: 'unknown' };

/** How somebody at an address is answered: `in`, `out`, or the seconds to wait. */
type Outcome = 'in' | 'out' | number;

function outcomeOf(answer: Answer): Outcome {
  switch (`${answer.status} ${String(answer.body['error'])}`) {
    case '400 invalid_grant':
      return 'in';
    case '401 invalid_client':
      return 'out';
    case '429 temporarily_unavailable':
      expect(answer.text).toContain(`${answer.headers.get('retry-after')} seconds`);
      return Number(answer.headers.get('retry-after'));
    default:
      throw new Error(answer.text);
  }
}

describe.each(providers)('guessing what clients authenticate with, at $name', (kind) => {
  const peer = peersOf(kind);

  function from({ provider }: Peer, clientAddress: string) {
    const send = async (parameters: Record<string, string>, headers: Record<string, string> = {}) => {
      const request = formPost(`${base}/token`, { ...probe, ...parameters }, headers);
      return outcomeOf(await readAnswer((await provider.handle(request, { clientAddress })) as Response));
    };
    return {
      secret: (client: { clientId: string }, secret = 'guess') =>
        send({}, { authorization: basicCredentials(client.clientId, secret) }),
      assertion: async (client: TestClient) => send(await client.assertion()),
      forged: async ({ clientId }: { clientId: string }, key: TestClientKey) => {
        const now = Math.floor(provider.clock.now() / 1000);
        const claims = { iss: clientId, sub: clientId, aud: base, exp: now + 60, jti: 'x' };
        return send(assertionParameters(await key.sign(claims)));
      },
    };
  }

  async function confidential() {
    const server = await peer();
    const client = await createTestClient(server.provider, { authMethod: 'client_secret_basic' });
    const right = client.clientSecret ?? '';
    const { clock } = server.running;
    return { server, client, right, clock, at: (address: string) => from(server, address) };
  }

  it('wrong secrets have three tries free, then wait 1, 2, 4 and so on seconds, and the right one too [OAUTH21-16]', async () => {
    const { client, right, clock, at } = await confidential();
    const stranger = at('192.0.2.1');
    for (let failure = 0; failure < 4; failure += 1) expect(await stranger.secret(client)).toBe('out');
    const waits: Outcome[] = [];
    for (let failure = 0; failure < 4; failure += 1) {
      expect(await stranger.secret(client, right)).toBe(await stranger.secret(client));
      const wait = await stranger.secret(client);
      waits.push(wait);
      clock.advance(Number(wait) * second);
      expect(await stranger.secret(client)).toBe('out');
    }
    expect(waits).toEqual([1, 2, 4, 8]);
    clock.advance(16 * second);
    expect(await stranger.secret(client, right)).toBe('in');
  });

  it('of a hundred guesses at once no more are looked at than one after the other [OAUTH21-16]', async () => {
    const { client, at } = await confidential();
    const stranger = at('192.0.2.1');
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, n) => stranger.secret(client, `guess ${n}`)));
    expect(outcomes.filter((outcome) => outcome === 'out')).toHaveLength(4);
  });

  it('a client that sends many requests at once is let in with all of them, before it is known and after [OAUTH21-16]', async () => {
    const { client, right, at } = await confidential();
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => at('192.0.2.1').secret(client, right)));
      expect(answers.filter((answer) => answer !== 'in')).toEqual([]);
    }
  });

  it('so are many clients at one address, with somebody among them who guesses [OAUTH21-16]', async () => {
    const { server, client, at } = await confidential();
    const others = await Promise.all(
      Array.from({ length: 30 }, () => createTestClient(server.provider, { authMethod: 'client_secret_basic' })),
    );
    const together = others.flatMap((other) => [
      at('192.0.2.1').secret(other, other.clientSecret ?? ''),
      at('192.0.2.1').secret(other, other.clientSecret ?? ''),
    ]);
    const guesses = Array.from({ length: 10 }, (_, n) => at('192.0.2.1').secret(client, `guess ${n}`));
    expect((await Promise.all(together)).filter((answer) => answer !== 'in')).toEqual([]);
    const guessed = await Promise.all(guesses);
    expect(guessed).not.toContain('in');
    expect(guessed.filter((answer) => answer === 'out').length).toBeLessThanOrEqual(4);
  });

  it('assertions with wrong signatures wait like wrong secrets [OAUTH21-16, RFC7523-07]', async () => {
    const server = await peer();
    const client = await createTestClient(server.provider, { authMethod: 'private_key_jwt' });
    const thief = TestClientKey.generate();
    const stranger = from(server, '192.0.2.1');
    for (let failure = 0; failure < 4; failure += 1) expect(await stranger.forged(client, thief)).toBe('out');
    expect(await stranger.forged(client, thief)).toBe(1);
    expect(await stranger.assertion(client)).toBe(1);
    server.running.clock.advance(second);
    expect(await stranger.assertion(client)).toBe('in');
    expect(await stranger.assertion(client)).toBe('in');
  });

  it('a stranger cannot keep a client out: not from elsewhere, and not from the client’s own address [OAUTH21-16]', async () => {
    const { client, right, at } = await confidential();
    const own = at('203.0.113.7');
    expect(await own.secret(client, right)).toBe('in');
    for (let guess = 0; guess < 30; guess += 1) await own.secret(client);
    for (let bot = 0; bot < 200; bot += 1) await at(`198.51.100.${bot}`).secret(client);
    expect(await own.secret(client)).toBeGreaterThan(0);
    for (let request = 0; request < 10; request += 1) expect(await own.secret(client, right)).toBe('in');
    // From where it never was, its first attempt is not held up either.
    expect(await at('192.0.2.99').secret(client, right)).toBe('in');
  });

  it('nor a client that signs, unless the stranger also knows its kid [OAUTH21-16]', async () => {
    const server = await peer();
    const client = await createTestClient(server.provider, { authMethod: 'private_key_jwt' });
    const own = from(server, '203.0.113.7');
    expect(await own.assertion(client)).toBe('in');
    const thief = TestClientKey.generate('EdDSA', 'guessed');
    for (let guess = 0; guess < 10; guess += 1) await own.forged(client, thief);
    expect(await own.forged(client, thief)).toBeGreaterThan(0);
    expect(await own.assertion(client)).toBe('in');
    const knowing = TestClientKey.generate('EdDSA', 'key-1');
    for (let guess = 0; guess < 4; guess += 1) expect(await own.forged(client, knowing)).toBe('out');
    expect(await own.assertion(client)).toBe(1);
    server.running.clock.advance(second);
    expect(await own.assertion(client)).toBe('in');
  });

  it('one address that tries many clients waits for all of them, whether they are there or not, and nobody else does [OAUTH21-16, PITFALL-22]', async () => {
    const { client, right, at } = await confidential();
    const stranger = at('192.0.2.1');
    for (let tries = 0; tries < 21; tries += 1)
      expect(await stranger.secret({ clientId: `made up ${tries}` })).toBe('out');
    expect(await stranger.secret({ clientId: 'another' })).toBe(1);
    expect(await stranger.secret(client, right)).toBe(1);
    expect(await at('192.0.2.2').secret(client, right)).toBe('in');
  });

  it('a whole IPv6 /64 is one address [PITFALL-22]', async () => {
    const { client, at } = await confidential();
    for (let host = 1; host <= 4; host += 1) expect(await at(`2001:db8:1:2::${host}`).secret(client)).toBe('out');
    expect(await at('2001:db8:1:2:ffff::1').secret(client)).toBe(1);
    expect(await at('2001:db8:1:3::1').secret(client)).toBe('out');
  });

  it('nothing is looked up while an attempt has to wait [OAUTH21-16]', async () => {
    const { server, client, at } = await confidential();
    const stranger = at('192.0.2.1');
    for (let failure = 0; failure < 4; failure += 1) await stranger.secret(client);
    const { provider } = server;
    const getClient = provider.getClient.bind(provider);
    let looked = 0;
    provider.getClient = async (id) => {
      looked += 1;
      return getClient(id);
    };
    expect(await stranger.secret(client)).toBe(1);
    expect(looked).toBe(0);
  });

  it('an outage of the store does not count against the client', async () => {
    const { server, client, right, at } = await confidential();
    const { provider } = server;
    const getClient = provider.getClient.bind(provider);
    provider.getClient = async () => {
      throw new Error('down');
    };
    for (let attempt = 0; attempt < 10; attempt += 1)
      await expect(at('192.0.2.1').secret(client, right)).rejects.toThrow();
    provider.getClient = getClient;
    expect(await at('192.0.2.1').secret(client, right)).toBe('in');
    for (let failure = 0; failure < 4; failure += 1) expect(await at('192.0.2.1').secret(client)).toBe('out');
  });

  it('every limit can be set, and the operator is told [PITFALL-36]', async () => {
    const throttle = { freeFailures: 1, firstDelay: 7 * second };
    const server = await peer({ environment: { clientAuthentication: { throttle } } });
    const client = await createTestClient(server.provider, { authMethod: 'client_secret_basic' });
    const stranger = from(server, '192.0.2.1');
    expect([await stranger.secret(client), await stranger.secret(client), await stranger.secret(client)]).toEqual([
      'out',
      'out',
      7,
    ]);
    const told = server.running.events.filter(({ clientId }) => clientId === client.clientId);
    expect(told.map(({ name }) => name)).toEqual([
      'client.registered',
      'client.authentication_failed',
      'client.authentication_failed',
      'request.rate_limited',
    ]);
    expect(told.at(-1)).toMatchObject({ clientAddress: '192.0.2.1' });
  });
});
