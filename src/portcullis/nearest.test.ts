import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

const known = ['baseUrl', 'issuerUrl', 'tokens', 'scopes', 'sessions', 'requiredScopes'];

it.each([
  ['baseURL', 'baseUrl'],
  ['baseUri', 'baseUrl'],
  ['base_url', 'baseUrl'],
  ['token', 'tokens'],
  ['tokesn', 'tokens'],
  ['scope', 'scopes'],
  ['session', 'sessions'],
  ['requireScopes', 'requiredScopes'],
  ['REQUIREDSCOPES', 'requiredScopes'],
])('%s was meant to be %s', (typed, meant) => {
  expect(nearest(typed, known)).toBe(meant);
});

it('says nothing where nothing is near', () => {
  for (const word of ['database', 'x', 'completelyDifferent', '']) expect(nearest(word, known), word).toBeUndefined();
  expect(nearest('anything', [])).toBeUndefined();
});

it('finds a known word in any spelling of its case, and one with a letter too many or too few', () => {
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.nat(20), fc.constantFrom('a', 'Q', '_'), (word, place, letter) => {
      const at = place % word.length;
      expect(nearest(word.toUpperCase(), known)).toBe(word);
      expect(nearest(`${word.slice(0, at)}${letter}${word.slice(at)}`, known)).toBe(word);
      expect(nearest(`${word.slice(0, at)}${word.slice(at + 1)}`, known)).toBe(word);
    }),
  );
});
