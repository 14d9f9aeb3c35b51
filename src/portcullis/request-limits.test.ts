import { describe, expect, it } from 'vitest';
import { openIdentity, origin } from '../../test/support/identity.ts';
import { ManualClock } from '../core/clock.ts';
import type { SecurityEvent } from '../core/events.ts';
import { InMemoryProvider } from '../in-memory/in-memory-provider.ts';
import { parseConfig } from './config.ts';
import { RequestLimits } from './request-limits.ts';

const rateLimit = { limit: 2, windowSeconds: 60 };
const config = parseConfig({
  registration: { rateLimit },
  authorize: { rateLimit },
  pushedRequests: { rateLimit },
  signIn: { rateLimit },
  dpop: { rateLimit },
});

function limits() {
  const clock = new ManualClock();
  const events: SecurityEvent[] = [];
  const provider = new InMemoryProvider({ baseUrl: config.baseUrl }, { clock, onEvent: (event) => events.push(event) });
  const checks = new RequestLimits(config, provider);
  return {
    clock,
    events,
    check: async (
      method: string,
      path: string,
      clientAddress: string | undefined = '192.0.2.1',
      headers: Record<string, string> = {},
    ) =>
      checks.check(
        new Request(`${config.baseUrl}${path}`, { method, headers }),
        clientAddress === '' ? {} : { clientAddress },
      ),
  };
}

describe('RequestLimits', () => {
  it('counts every method by which an authorization can be started together [PITFALL-22]', async () => {
    const { check, clock } = limits();
    expect(await check('GET', '/authorize?client_id=x')).toBeUndefined();
    expect(await check('POST', '/authorize')).toBeUndefined();
    for (const method of ['GET', 'POST']) {
      const refused = await check(method, '/authorize?client_id=y');
      expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([429, '60']);
    }
    clock.advance(60_000);
    expect(await check('GET', '/authorize')).toBeUndefined();
  });

  it('counts each endpoint and each address by itself', async () => {
    const { check } = limits();
    for (const path of ['/register', '/sign-in', '/authorize', '/par']) {
      expect([await check('POST', path), await check('POST', path)]).toEqual([undefined, undefined]);
      expect((await check('POST', path))?.status).toBe(429);
      expect(await check('POST', path, '192.0.2.2')).toBeUndefined();
    }
    for (let count = 0; count < 10; count += 1) expect(await check('POST', '/token')).toBeUndefined();
  });

  it('counts token requests that have a proof, because it is remembered whoever sent it [PITFALL-23]', async () => {
    const { check } = limits();
    const send = () => check('POST', '/token', '192.0.2.1', { dpop: 'a proof, right or wrong' });
    expect([await send(), await send()]).toEqual([undefined, undefined]);
    const refused = await send();
    expect([refused?.status, refused?.headers.get('access-control-allow-origin')]).toEqual([429, '*']);
    expect(await refused?.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect(await check('POST', '/token')).toBeUndefined();
  });

  it('counts all addresses of one IPv6 /64 as one, and IPv4 in IPv6 clothes as IPv4 [PITFALL-22]', async () => {
    const { check } = limits();
    const subscriber = ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002:0:0:0:3'];
    const statuses = [];
    for (const address of subscriber) statuses.push((await check('POST', '/register', address))?.status);
    expect(statuses).toEqual([undefined, undefined, 429]);
    expect(await check('POST', '/register', '2001:db8:1:3::1')).toBeUndefined();
    for (const address of ['198.51.100.7', '::ffff:198.51.100.7'])
      expect(await check('POST', '/register', address)).toBeUndefined();
    expect((await check('POST', '/register', '::ffff:c633:6407'))?.status).toBe(429);
  });

  it('counts requests whose address the host does not know together', async () => {
    const { check } = limits();
    expect(await check('POST', '/register', '')).toBeUndefined();
    expect(await check('POST', '/register', 'not an address')).toBeUndefined();
    expect((await check('POST', '/register', ''))?.status).toBe(429);
  });

  it('lets scripts read the refusal of a registration, and no other [CASE-87, OAUTH21-22]', async () => {
    const { check } = limits();
    const refusal = async (path: string) => {
      await check('POST', path);
      await check('POST', path);
      return check('POST', path);
    };
    const registration = await refusal('/register');
    expect(registration?.headers.get('access-control-allow-origin')).toBe('*');
    expect(await registration?.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: expect.stringContaining('60 seconds'),
    });
    for (const path of ['/authorize', '/sign-in']) {
      expect((await refusal(path))?.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('reports what it refuses, and where from [PITFALL-36]', async () => {
    const { check, events } = limits();
    for (let count = 0; count < 4; count += 1) await check('POST', '/register');
    const event = {
      name: 'request.rate_limited',
      clientAddress: '192.0.2.1',
      reason: 'too many requests to /register',
    };
    expect(events).toEqual([event, event]);
  });
});

describe('the limits of Portcullis', () => {
  it('are all configuration [PITFALL-36, PITFALL-15]', async () => {
    const once = { rateLimit: { limit: 1, windowSeconds: 30 } };
    const { send } = await openIdentity({ registration: once, authorize: once, signIn: once });
    const context = { clientAddress: '192.0.2.1' };
    for (const [method, path] of [
      ['POST', '/register'],
      ['GET', '/authorize'],
      ['POST', '/sign-in'],
    ] as const) {
      const statuses = [];
      for (let count = 0; count < 2; count += 1)
        statuses.push(await send(new Request(`${origin}${path}`, { method }), context));
      expect([statuses[0]?.status === 429, statuses[1]?.status, statuses[1]?.headers.get('retry-after')]).toEqual([
        false,
        429,
        '30',
      ]);
    }
  });

  it('are a page to people and JSON to programs', async () => {
    const { send } = await openIdentity({ authorize: { rateLimit: { limit: 1 } } });
    const get = (accept: string) =>
      send(new Request(`${origin}/authorize`, { headers: { accept } }), { clientAddress: '192.0.2.1' });
    await get('*/*');
    const page = await get('text/html,*/*');
    expect([page.status, page.headers.get('content-type'), page.headers.get('retry-after')]).toEqual([
      429,
      'text/html; charset=utf-8',
      '60',
    ]);
    expect(await page.text()).toContain('Too busy at the moment');
    expect(await (await get('*/*')).json()).toMatchObject({ error: 'temporarily_unavailable' });
  });

  it('cannot be got around by spelling a path differently: other spellings are no endpoints [PITFALL-22]', async () => {
    const { portcullis } = await openIdentity({
      authorize: { rateLimit: { limit: 1 } },
      registration: { rateLimit: { limit: 1 } },
    });
    const spellings = (path: string) => [
      `/${path}`,
      `${path}/`,
      `${path}//`,
      `/%2e${path}`,
      path.replace('r', '%72'),
      path.toUpperCase(),
      `${path};x`,
      `${path}%00`,
      `/x/%2e%2e${path}/`,
    ];
    const answer = (method: string, path: string) =>
      portcullis.handle(new Request(`${origin}${path}`, { method }), { clientAddress: '192.0.2.1' });
    for (const [method, path] of [
      ['GET', '/authorize'],
      ['POST', '/register'],
    ] as const) {
      await answer(method, path);
      for (const spelling of spellings(path)) {
        const response = await answer(method, spelling);
        expect([undefined, 429], spelling).toContain(response?.status);
      }
      // These are normalised before anybody looks at them, so they are the endpoint, and counted.
      for (const same of [`/x/..${path}`, `/.${path}`, `/x/%2e%2e${path}`, `${path}?a`, `${path}#a`])
        expect((await answer(method, same))?.status, same).toBe(429);
    }
  });

  it('on the number of clients is told as such to whoever registers, and to the operator [PITFALL-15]', async () => {
    const { portcullis, send, events } = await openIdentity({ registration: { maximumClients: 2 } });
    const register = () =>
      send(
        new Request(`${origin}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"redirect_uris":["https://app.example/cb"]}',
        }),
      );
    expect([(await register()).status, (await register()).status]).toEqual([201, 201]);
    const refused = await register();
    expect([refused.status, await refused.json()]).toEqual([
      503,
      { error: 'temporarily_unavailable', error_description: expect.stringContaining('as many registered clients') },
    ]);
    expect(await portcullis.services.clients.count()).toBe(2);
    expect(events).toContainEqual({
      name: 'request.rate_limited',
      requestId: expect.any(String),
      reason: expect.stringContaining('raise registration.maximumClients'),
    });
  });
});
