import { expect, it } from 'vitest';
import { growingCache } from './growing-cache.ts';

it('forgets what was used least recently, beyond its maximum', () => {
  const cache = growingCache<string, number>(3);
  for (const [index, name] of ['a', 'b', 'c'].entries()) cache.set(name, index);
  cache.get('a');
  cache.set('d', 3);
  cache.set('d', 4);
  expect([...cache.keys()].sort()).toEqual(['a', 'c', 'd']);
  expect(cache.get('d')).toBe(4);
});
