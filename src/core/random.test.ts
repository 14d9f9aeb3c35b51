import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomId, randomSecret, systemRandom, timeOrderedId } from './random.ts';

describe('systemRandom', () => {
  it('hands no byte out twice, whatever lengths are drawn', () => {
    const seen = new Set<string>();
    let windows = 0;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 60 }), (lengths) => {
        for (const length of lengths) {
          const bytes = systemRandom.bytes(length);
          expect(bytes).toHaveLength(length);
          for (let at = 0; at + 8 <= length; at += 8) {
            seen.add(Buffer.from(bytes.subarray(at, at + 8)).toString('hex'));
            windows += 1;
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(windows).toBeGreaterThan(1000);
    expect(seen.size).toBe(windows);
  });

  it('uses every value of every byte', () => {
    const values = new Set<number>();
    for (let draw = 0; draw < 1000; draw += 1) for (const value of systemRandom.bytes(16)) values.add(value);
    expect(values.size).toBe(256);
  });

  it('keeps nothing of what it hands out: changing it changes nobody else', () => {
    const first = systemRandom.bytes(16);
    const kept = Buffer.from(first);
    systemRandom.bytes(16).fill(0);
    expect(Buffer.from(first)).toEqual(kept);
    expect(first.buffer.byteLength).toBe(16);
  });

  it.for([-1, -64, Number.NaN, Number.POSITIVE_INFINITY])('refuses a length of %d', (length) => {
    expect(() => systemRandom.bytes(length)).toThrow(RangeError);
    expect(new Set(systemRandom.bytes(64)).size).toBeGreaterThan(16);
  });
});

describe('secrets and identifiers', () => {
  it('are 256 and 128 bits in base64url', () => {
    expect(randomSecret(systemRandom)).toMatch(/^[\w-]{43}$/);
    expect(randomId(systemRandom)).toMatch(/^[\w-]{22}$/);
    expect(randomId({ bytes: (length) => new Uint8Array(64).fill(255).subarray(0, length) })).toBe(
      `${'_'.repeat(21)}w`,
    );
  });

  it('sort by their time where they are to stand together', () => {
    const times = [0, 1, 35, 36, 1_800_000_000_000, 1_800_000_000_001, 4_000_000_000_000];
    const ids = times.map((now) => timeOrderedId(systemRandom, now));
    expect(ids.toSorted()).toEqual(ids);
    expect(ids[0]).toMatch(/^0{9}[\w-]{22}$/);
    expect(timeOrderedId(systemRandom, 0)).not.toBe(ids[0]);
  });
});
