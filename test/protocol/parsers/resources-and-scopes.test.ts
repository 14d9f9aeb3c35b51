import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScopeCatalogue } from '../../../src/core/scopes.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import { anyText } from '../../support/any-text.ts';

const names = ['a', 'b', 'c', 'd', 'e', '__proto__'];
const definitions = fc
  .tuple(...names.map((name) => fc.tuple(fc.constant(name), fc.subarray(names))))
  .map((entries) => Object.fromEntries(entries.map(([name, implies]) => [name, { implies }])));
const held = fc.array(fc.constantFrom(...names, 'undeclared', 'toString'), { maxLength: 4 });

/** All that some scopes come to, by asking again until nothing new is found. */
function reached(
  scopes: readonly string[],
  implied: Readonly<Record<string, { readonly implies: readonly string[] }>>,
) {
  const all = new Set(scopes);
  for (let size = -1; size !== all.size; ) {
    size = all.size;
    for (const name of [...all])
      if (Object.hasOwn(implied, name)) for (const next of implied[name]?.implies ?? []) all.add(next);
  }
  return all;
}

describe('scopes', () => {
  it('imply what follows from what was declared, in any number of steps and circles, and nothing else [MCP-AUTH-30]', () => {
    fc.assert(
      fc.property(definitions, held, held, (declared, own, required) => {
        const catalogue = new ScopeCatalogue(declared);
        const all = catalogue.expand(own);
        expect(all).toEqual(reached(own, declared));
        // Once more adds nothing, and more of them never come to less.
        expect(catalogue.expand([...all])).toEqual(all);
        expect([...all].filter((name) => !catalogue.expand([...own, ...required]).has(name))).toEqual([]);
        expect(catalogue.missing(own, required)).toEqual(required.filter((name) => !all.has(name)));
      }),
      { numRuns: 500 },
    );
  });
});

const { resources } = new InMemoryProvider(
  { baseUrl: 'https://mcp.example.com/base', clientRegistration: { enabled: true } },
  { resources: { bare: { url: 'https://bare.example' }, deep: { url: 'https://mcp.example.com/base/mcp/deep' } } },
);
const identifiers = [
  'https://mcp.example.com/base/mcp',
  'https://bare.example',
  'https://mcp.example.com/base/mcp/deep',
];

/** Which identifier a text spells: the same in every part, the case of scheme and host, a default port and a query apart. */
function spelt(text: string): string | undefined {
  const [, scheme, host, path = ''] = /^(https):\/\/([^/?#]*)(\/[^?#]*)?(?:\?[^#]*)?$/i.exec(text) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const place = host.toLowerCase().replace(/:0*443$|:$/, '');
  return identifiers.find((one) => one === `https://${place}${path === '/' ? '' : path}`);
}

describe('the identifier of a resource', () => {
  it('is recognised in its own spellings and in no other text [PITFALL-09, MCP-AUTH-11]', () => {
    const altered = fc
      .tuple(
        fc.constantFrom(...identifiers),
        fc.nat(),
        fc.constantFrom(...'/?#.:@%A\\ \n0é', '..', '%2f', '?a=b', ':443'),
      )
      .map(([text, at, character]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + character + text.slice(place);
      });
    const anyIdentifier = fc.oneof(
      fc.constantFrom(...identifiers),
      fc.constantFrom(...identifiers).map((text) => text.toUpperCase()),
      altered,
      anyText({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(anyIdentifier, (text) => {
        const found = resources.identifiedBy(text)?.uri;
        // Beyond those, a URL parser's other spellings of the same place may pass: dots in a path, encoded letters in a host.
        if (found !== spelt(text)) {
          expect(spelt(text)).toBeUndefined();
          expect(identifiers).toContain(
            `${new URL(text).origin}${new URL(text).pathname}`.replace(/(?<=example)\/$/, ''),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });
});
