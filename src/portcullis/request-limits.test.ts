import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/clock.ts';
import { InMemoryProvider } from '../in-memory/in-memory-provider.ts';
import { parseConfig } from './config.ts';
import { RequestLimits } from './request-limits.ts';

const rateLimit = { limit: 2, windowSeconds: 60 };
const config = parseConfig({ registration: { rateLimit }, authorize: { rateLimit }, signIn: { rateLimit } });

function limits() {
  const clock = new ManualClock();
  const checks = new RequestLimits(config, new InMemoryProvider({ baseUrl: config.baseUrl }, { clock }));
  return {
    clock,
    check: (method: string, path: string, clientAddress = '192.0.2.1') =>
      checks.check(new Request(`${config.baseUrl}${path}`, { method }), { clientAddress }),
  };
}

describe('RequestLimits', () => {
  it('counts every method by which an authorization can be started together [PITFALL-22]', () => {
    const { check, clock } = limits();
    expect(check('HEAD', '/authorize?client_id=x')).toBeUndefined();
    expect(check('POST', '/authorize')).toBeUndefined();
    for (const method of ['GET', 'HEAD', 'POST']) {
      const refused = check(method, '/authorize?client_id=y');
      expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([429, '60']);
    }
    clock.advance(60_000);
    expect(check('GET', '/authorize')).toBeUndefined();
  });

  it('counts each endpoint and each address by itself', () => {
    const { check } = limits();
    for (const path of ['/register', '/sign-in', '/authorize']) {
      expect([check('POST', path), check('POST', path)]).toEqual([undefined, undefined]);
      expect(check('POST', path)?.status).toBe(429);
      expect(check('POST', path, '192.0.2.2')).toBeUndefined();
    }
    for (let count = 0; count < 10; count += 1) expect(check('POST', '/token')).toBeUndefined();
  });

  it('lets scripts read the refusal of a registration, and no other [CASE-87, OAUTH21-22]', () => {
    const { check } = limits();
    const refusal = (path: string) => [1, 2, 3].map(() => check('POST', path)).at(-1);
    expect(refusal('/register')?.headers.get('access-control-allow-origin')).toBe('*');
    for (const path of ['/authorize', '/sign-in']) {
      expect(refusal(path)?.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
