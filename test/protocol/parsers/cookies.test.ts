import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCookies, parseCookies } from '../../../src/web/cookies.ts';
import { anyText } from '../../support/any-text.ts';

/** Reads a `Cookie` header by the grammar of RFC 6265 §4.2.1, which browsers keep to; `undefined` for anything else. */
function strictly(header: string): Map<string, string> | undefined {
  const cookies = new Map<string, string>();
  for (const pair of header.split('; ')) {
    const [, name, value] =
      /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=("?[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"?)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) return undefined;
    if (!cookies.has(name)) cookies.set(name, value);
  }
  return cookies;
}

const name = fc.string({ unit: fc.constantFrom(...'abAB_-.!~0'), minLength: 1, maxLength: 6 });
const value = fc.string({ unit: fc.constantFrom(...'abAB09=+/-_.~%'), maxLength: 12 });
const pairs = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 8 });
const written = (list: readonly (readonly [string, string])[]) => list.map((pair) => pair.join('=')).join('; ');
const anyHeader = fc.oneof(
  pairs.map(written),
  anyText({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'ab=; \t",\u00a0\u0000'), maxLength: 40 }),
);

describe('the Cookie header', () => {
  it('as browsers write it is read as the grammar has it, the first of equal names winning', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const header = written(list);
        expect([...parseCookies(header)]).toEqual([...(strictly(header) ?? [])]);
      }),
      { numRuns: 300 },
    );
  });

  it('whatever else it is, fails nobody and yields no name or value that a browser would not have kept as it is', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        for (const [read, kept] of parseCookies(header)) {
          expect(read).not.toMatch(/[;=]|^[ \t]|[ \t]$|^$/);
          expect(kept).not.toMatch(/;|^[ \t]|[ \t]$/);
          // What hides a prefix from a browser hides it from us too.
          expect(header).toContain(read);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives back what was set', () => {
    const cookies = createCookies('https://a.example');
    fc.assert(
      fc.property(name, value, pairs, (base, content, others) => {
        const [own = ''] = cookies.set(base, content).split('; ');
        fc.pre(others.every(([other]) => other !== cookies.name(base)));
        const request = new Request('https://a.example/', { headers: { cookie: `${written(others)}; ${own}` } });
        expect(cookies.read(request, base)).toBe(content);
      }),
      { numRuns: 200 },
    );
  });

  it('of any length costs work in proportion to it', () => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `c${n}=${' '.repeat(50)}x`).join(';');
    expect(parseCookies(names(20_000)).size).toBe(20_000);
    expect(parseCookies(`a=${' '.repeat(1_000_000)}b`).get('a')).toBe('b');
    expect(parseCookies(';'.repeat(1_000_000)).size).toBe(0);
  });
});
