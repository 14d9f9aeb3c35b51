import { expect, it } from 'vitest';
import { cachingHeaders } from './freshness.ts';

const date = 'Wed, 25 Nov 2026 10:00:00 GMT';

it.each([
  ['nothing', {}, undefined],
  ['max-age', { 'cache-control': 'public, max-age=60' }, 60_000],
  ['max-age in quotes and capitals', { 'cache-control': 'Max-Age="60"' }, 60_000],
  ['max-age less Age', { 'cache-control': 'max-age=60', age: '45' }, 15_000],
  ['more Age than max-age', { 'cache-control': 'max-age=60', age: '90' }, 0],
  ['an Age that is none', { 'cache-control': 'max-age=60', age: 'old' }, 0],
  ['the first of two', { 'cache-control': 'max-age=60, max-age=6000' }, 60_000],
  ['a max-age that is none', { 'cache-control': 'max-age=-1' }, 0],
  ['a fraction', { 'cache-control': 'max-age=1.5' }, 0],
  ['no-store', { 'cache-control': 'no-store, max-age=60' }, 0],
  ['no-cache', { 'cache-control': 'max-age=60, no-cache' }, 0],
  ['other directives', { 'cache-control': 'x-max-age=9, s-maxage=9, private' }, undefined],
  ['Expires', { date, expires: 'Wed, 25 Nov 2026 10:05:00 GMT' }, 300_000],
  ['an Expires in the past', { date, expires: 'Wed, 25 Nov 2026 09:00:00 GMT' }, 0],
  ['Expires: 0', { date, expires: '0' }, 0],
  ['Expires without Date', { expires: 'Wed, 25 Nov 2026 10:05:00 GMT' }, 0],
  ['max-age over Expires', { date, 'cache-control': 'max-age=1', expires: 'Wed, 25 Nov 2026 10:05:00 GMT' }, 1000],
])('how long an answer with %s is good for', (_what, headers, lifetime) => {
  expect(cachingHeaders(headers).lifetime).toBe(lifetime);
});

it.each([
  ['', true, true],
  ['max-age=1', true, true],
  ['must-revalidate', true, false],
  ['no-cache', true, false],
  ['no-store', false, false],
])('%j may be stored and used past its lifetime, or not', (cacheControl, isStorable, mayBeStale) => {
  expect(cachingHeaders({ 'cache-control': cacheControl })).toMatchObject({ isStorable, mayBeStale });
});

it.each([
  ['"a"', '"a"'],
  ['W/"a"', 'W/"a"'],
  ['a', undefined],
  ['"a\r\nX: y"', undefined],
  ['"a"b"', undefined],
  [`"${'a'.repeat(500)}"`, undefined],
])('the entity tag %j is kept only if it is one', (etag, kept) => {
  expect(cachingHeaders({ etag }).etag).toBe(kept);
});
