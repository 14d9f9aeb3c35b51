import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from './clock.ts';
import { RateLimit } from './rate-limit.ts';

const window = 60_000;

function setUp(limit: number) {
  const clock = new ManualClock();
  return { clock, limit: new RateLimit({ limit, window }, clock) };
}

describe('RateLimit', () => {
  it('lets the allowed number through and refuses the next', () => {
    const { limit } = setUp(3);
    expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 0]);
    expect(limit.take('a')).toBe(60);
  });

  it('counts every key by itself', () => {
    const { limit } = setUp(1);
    for (let i = 0; i < 1000; i += 1) expect(limit.take(`key ${i}`)).toBe(0);
    for (let i = 0; i < 1000; i += 1) expect(limit.take(`key ${i}`)).toBe(60);
  });

  it('lets one through again exactly when the oldest is a window old', () => {
    const { clock, limit } = setUp(2);
    limit.take('a');
    clock.advance(10_000);
    limit.take('a');
    clock.advance(window - 10_000 - 1);
    expect(limit.take('a')).toBe(1);
    clock.advance(1);
    expect(limit.take('a')).toBe(0);
    expect(limit.take('a')).toBe(10);
  });

  it('allows no burst at the border of two windows', () => {
    const { clock, limit } = setUp(10);
    clock.advance(window - 1);
    for (let i = 0; i < 10; i += 1) limit.take('a');
    clock.advance(1);
    expect(limit.take('a')).toBeGreaterThan(0);
    clock.advance(window - 2);
    expect(limit.take('a')).toBeGreaterThan(0);
  });

  it('counts only what it let through: whoever keeps knocking is not shut out for longer', () => {
    const { clock, limit } = setUp(1);
    expect(limit.take('a')).toBe(0);
    for (let i = 0; i < 59; i += 1) {
      clock.advance(1000);
      expect(limit.take('a')).toBe(59 - i);
    }
    clock.advance(1000);
    expect(limit.take('a')).toBe(0);
  });

  it('never lets more than the limit through in any span of one window, and says truly how long to wait', () => {
    const steps = fc.array(fc.tuple(fc.nat(30_000), fc.constantFrom('a', 'b')), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), steps, (allowed, events) => {
        const { clock, limit } = setUp(allowed);
        const passed: Record<string, number[]> = { a: [], b: [] };
        for (const [pause, key] of events) {
          clock.advance(pause);
          const times = passed[key] ?? [];
          const inWindow = times.filter((time) => time > clock.now() - window).length;
          const wait = limit.take(key);
          expect(wait === 0).toBe(inWindow < allowed);
          if (wait === 0) times.push(clock.now());
          else {
            const freeAt = (times.at(-allowed) ?? 0) + window;
            expect(wait).toBe(Math.ceil((freeAt - clock.now()) / 1000));
          }
        }
      }),
    );
  });

  it('stays quick under a large limit', () => {
    const { clock, limit } = setUp(1_000_000);
    for (let i = 0; i < 100_000; i += 1) {
      expect(limit.take('a')).toBe(0);
      clock.advance(1);
    }
  });
});
