import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DpopNonces } from './nonces.ts';

const key = Buffer.alloc(32, 7);
const start = 1_800_000_000_000;

describe('nonces', () => {
  it('change with their period, and cannot be told without the key [RFC9449-20]', () => {
    const [mine, others] = [new DpopNonces(key, 300_000), new DpopNonces(Buffer.alloc(32, 8), 300_000)];
    expect(mine.current(start)).toBe(mine.current(start + 299_999));
    expect(mine.current(start + 300_000)).not.toBe(mine.current(start));
    expect(others.current(start)).not.toBe(mine.current(start));
    expect(mine.accepts(others.current(start), start)).toBe(false);
  });

  it('of one node are taken by another one with the key, whose clock is a little off, for one period and no longer than two', () => {
    const [one, other] = [new DpopNonces(key, 300_000), new DpopNonces(key, 300_000)];
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.integer({ min: -300_000, max: 300_000 }), (at, difference) => {
        const nonce = one.current(start + at);
        expect(other.accepts(nonce, start + at + difference)).toBe(true);
        expect(other.accepts(nonce, start + at + 600_000)).toBe(false);
      }),
    );
  });

  it('of any other text are refused', () => {
    const nonces = new DpopNonces(key, 300_000);
    for (const text of ['', 'é'.repeat(43), `${nonces.current(start)} `, nonces.current(start).slice(1)])
      expect(nonces.accepts(text, start), text).toBe(false);
  });
});
