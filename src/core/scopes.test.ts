import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { formatScope, parseScope, ScopeCatalogue } from './scopes.ts';
import { AcrValues } from './sign-in-demand.ts';
import { ConfigurationError } from './urls.ts';

const names = fc.string({ unit: fc.constantFrom(...'abcz09:._-/!#[]~'), minLength: 1, maxLength: 12 });

describe('parseScope', () => {
  it('reads back any list of names, each once, in order', () => {
    fc.assert(
      fc.property(fc.array(names, { maxLength: 12 }), (list) => {
        expect(parseScope(formatScope(list))).toEqual([...new Set(list)]);
      }),
      { numRuns: 200 },
    );
  });

  it('yields names of the grammar or nothing at all', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 60 }), (text) => {
        for (const name of parseScope(text) ?? []) expect(name).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['a"b', 'a\\b', 'a\tb', 'a\nb', 'é', 'a\u00a0b', 'x'.repeat(129)])('refuses %j', (text) => {
    expect(parseScope(text)).toBeUndefined();
  });

  it('reads any number of spaces as one', () => {
    expect(parseScope('  a   b ')).toEqual(['a', 'b']);
    expect(parseScope(' ')).toEqual([]);
  });
});

describe('ScopeCatalogue', () => {
  const catalogue = new ScopeCatalogue({
    read: { tools: ['list', 'get'] },
    write: { implies: ['read'], tools: ['put'] },
    admin: { implies: ['write', 'audit'], tools: ['put'] },
    audit: { implies: ['admin'] },
  });

  it('counts implied scopes, through chains and circles [MCP-AUTH-30]', () => {
    expect(catalogue.expand(['write'])).toEqual(new Set(['write', 'read']));
    expect([...catalogue.expand(['audit'])].sort()).toEqual(['admin', 'audit', 'read', 'write']);
    expect(catalogue.missing(['write'], ['read', 'admin'])).toEqual(['admin']);
  });

  it('lets undeclared scopes imply nothing and unlock nothing', () => {
    expect(catalogue.expand(['other'])).toEqual(new Set(['other']));
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(catalogue.get(name)).toBeUndefined();
      expect(catalogue.expand([name])).toEqual(new Set([name]));
      expect(catalogue.scopesOfTool(name)).toBeUndefined();
    }
  });

  it('takes names of object members as scopes and tools like any other', () => {
    const definitions = JSON.parse(
      '{"__proto__": {"tools": ["constructor"]}, "constructor": {"implies": ["__proto__"]}}',
    );
    const odd = new ScopeCatalogue(definitions);
    expect(odd.names).toEqual(['__proto__', 'constructor']);
    expect(odd.scopesOfTool('constructor')).toEqual(['__proto__']);
    expect(odd.scopesOfTool('toString')).toBeUndefined();
    expect(odd.expand(['constructor'])).toEqual(new Set(['constructor', '__proto__']));
  });

  it('lists every scope that unlocks a tool', () => {
    expect(catalogue.scopesOfTool('put')).toEqual(['write', 'admin']);
    expect(catalogue.guardsTools).toBe(true);
    expect(new ScopeCatalogue({ read: {} }).guardsTools).toBe(false);
  });

  it('gathers what tokens with some scopes could come to need of a sign-in, implied scopes and tools included', () => {
    const demanding = new ScopeCatalogue(
      {
        read: { tools: ['list'] },
        write: { implies: ['read'], tools: ['put', 'wipe'], toolSignIn: { wipe: { maxAgeSeconds: 60 } } },
        admin: { implies: ['write'], signIn: { maxAgeSeconds: 3600, acr: 'strong' } },
      },
      new AcrValues(['weak', 'strong']),
    );
    expect(demanding.demandsSignIn).toBe(true);
    expect(demanding.demandOf(['read'])).toBeUndefined();
    expect(demanding.demandOf(['read', 'write'])).toEqual({ maxAgeSeconds: 60 });
    expect(demanding.demandOf(['admin'])).toEqual({ maxAgeSeconds: 60, acr: 'strong' });
    expect([demanding.demandOfScope('admin'), demanding.demandOfTool('wipe'), demanding.demandOfTool('put')]).toEqual([
      { maxAgeSeconds: 3600, acr: 'strong' },
      { maxAgeSeconds: 60 },
      undefined,
    ]);
    expect(catalogue.demandsSignIn).toBe(false);
    expect(catalogue.demandOf(['audit'])).toBeUndefined();
  });

  it.each([
    [{ signIn: { maxAgeSeconds: 0 } }, 'scopes.a.signIn.maxAgeSeconds'],
    [{ signIn: { maxAgeSeconds: 1.5 } }, 'scopes.a.signIn.maxAgeSeconds'],
    [{ signIn: { acr: 'strong' } }, "scopes.a.signIn.acr 'strong' is no way of signing in here; known: weak"],
    [{ tools: ['x'], toolSignIn: { x: { acr: 'strong' } } }, 'scopes.a.toolSignIn.x.acr'],
    [{ tools: ['x'], toolSignIn: { y: { maxAgeSeconds: 5 } } }, "'y' is not among scopes.a.tools"],
  ])('refuses a demand that nobody could meet, or that is about nothing: %j', (definition, message) => {
    expect(() => new ScopeCatalogue({ a: definition }, new AcrValues(['weak']))).toThrow(message);
  });

  it('refuses malformed names and implied scopes that do not exist', () => {
    expect(() => new ScopeCatalogue({ 'a b': {} })).toThrow(ConfigurationError);
    expect(() => new ScopeCatalogue({ a: { implies: ['b'] } })).toThrow("implies 'b', which is not declared");
  });
});
