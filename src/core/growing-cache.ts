import { LRUCache } from 'lru-cache';

/**
 * A map that forgets what was used least recently, and takes room only as it grows: with `max` all of it would be taken at
 * once, for what most servers never need.
 * @param maximum entries
 */
export function growingCache<Key extends string, Value extends {}>(maximum: number): LRUCache<Key, Value> {
  return new LRUCache<Key, Value>({ maxSize: maximum, sizeCalculation: () => 1 });
}
