import { describe, expect, onTestFinished, test } from 'vitest';
import { egressErrorOf, fetcherWith, startOutsideHost } from '../../../test/support/outside-host.ts';
import type { FetchCacheOptions } from './cache.ts';
import type { FetchPurpose } from './fetcher.ts';
import type { FetchBudget } from './policy.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the answer waits for. */
  readonly after?: Promise<void>;
}

const minimumLifetime = 10_000;
const failureLifetime = 30_000;

const many: FetchBudget = { concurrent: 1000, requests: 100_000 };

/** A host whose answer can be changed, and a fetcher with a cache. */
async function scene(first: Answer = {}, cache: Partial<FetchCacheOptions> = {}, originBudget = many) {
  let answer = first;
  const conditions: (string | undefined)[] = [];
  const host = await startOutsideHost('client.example', async (request, response) => {
    conditions.push(request.headers['if-none-match']);
    const { status = 200, headers = {}, body = '{}', after } = answer;
    await after;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(status === 304 ? '' : body);
  });
  onTestFinished(() => host.close());
  const under = fetcherWith({ privateHosts: [host.exception], originBudget, totalBudget: many, cache }, host.resolver);
  const get = (path = '/', options: { maximumAge?: number; purpose?: FetchPurpose; signal?: AbortSignal } = {}) =>
    under.fetcher.fetch({ url: `${host.origin}${path}`, purpose: 'client_metadata', ...options });
  const set = (next: Answer) => {
    answer = next;
  };
  return { ...under, get, set, host, conditions };
}

describe('how long a document is kept', () => {
  test.each([
    ['as it says', { 'cache-control': 'max-age=600' }, 600_000],
    ['five minutes where it does not say', {}, 300_000],
    ['ten seconds at least', { 'cache-control': 'max-age=0' }, minimumLifetime],
    ['ten seconds though it says no-store', { 'cache-control': 'no-store' }, minimumLifetime],
    ['a day at most', { 'cache-control': 'max-age=31536000' }, 86_400_000],
    ['less by its age', { 'cache-control': 'max-age=600', age: '500' }, 100_000],
  ])('%s', async (_what, headers, lifetime) => {
    const { get, set, clock, host } = await scene({ headers, body: '1' });
    await get();
    set({ body: '2' });
    clock.advance(lifetime - 1);
    expect((await get()).text).toBe('1');
    clock.advance(1);
    expect((await get()).text).toBe('2');
    expect(host.asked).toHaveLength(2);
  });

  test('not at all where it says so and the floor is none', async () => {
    const { get, host } = await scene({ headers: { 'cache-control': 'no-store' } }, { minimumLifetime: 0 });
    await get();
    await get();
    expect(host.asked).toHaveLength(2);
  });

  test('a caller may ask for a fresher one, and hears when it was obtained', async () => {
    const { get, set, clock } = await scene({ body: '1' });
    const { obtainedAt } = await get();
    expect(obtainedAt).toBe(clock.now());
    clock.advance(20_000);
    set({ body: '2' });
    expect((await get('/', { maximumAge: 20_000 })).text).toBe('1');
    expect(await get('/', { maximumAge: 19_999 })).toMatchObject({ text: '2', obtainedAt: clock.now() });
    expect((await get('/', { maximumAge: 0 })).text).toBe('2');
  });

  test('documents of one purpose do not push out those of another', async () => {
    const { get, host } = await scene({}, { maximumEntries: 2 });
    await get('/keys', { purpose: 'issuer_keys' });
    for (const path of ['/1', '/2', '/3']) await get(path);
    await get('/keys', { purpose: 'issuer_keys' });
    await get('/1');
    expect(host.asked).toEqual(['/keys', '/1', '/2', '/3', '/1']);
  });
});

describe('revalidation', () => {
  test('a document that still holds is kept on, under its entity tag', async () => {
    const { get, set, clock, conditions } = await scene({
      headers: { etag: '"v1"', 'cache-control': 'max-age=60' },
      body: '1',
    });
    await get();
    set({ status: 304, headers: { 'cache-control': 'max-age=120' } });
    clock.advance(60_000);
    expect(await get()).toMatchObject({ text: '1', obtainedAt: clock.now() });
    clock.advance(119_999);
    await get();
    expect(conditions).toEqual([undefined, '"v1"']);
    clock.advance(1);
    await get();
    expect(conditions).toEqual([undefined, '"v1"', '"v1"']);
  });

  test('no-cache without a floor asks each time, and keeps the document for it', async () => {
    const { get, set, conditions } = await scene(
      { headers: { etag: '"v1"', 'cache-control': 'no-cache' }, body: '1' },
      { minimumLifetime: 0 },
    );
    await get();
    set({ status: 304 });
    expect((await get()).text).toBe('1');
    expect(conditions).toEqual([undefined, '"v1"']);
  });
});

describe('failures', () => {
  test('an old document is used while it cannot be fetched again, for an hour', async () => {
    const { get, set, clock, host } = await scene({ headers: { 'cache-control': 'max-age=60' }, body: '1' });
    await get();
    set({ status: 503 });
    clock.advance(60_000);
    expect((await get()).text).toBe('1');
    expect((await get()).text).toBe('1');
    expect(host.asked).toHaveLength(2);
    clock.advance(failureLifetime);
    expect((await get()).text).toBe('1');
    expect(host.asked).toHaveLength(3);
    clock.advance(3_600_000 - failureLifetime);
    expect(await egressErrorOf(get())).toMatchObject({ code: 'bad_status', status: 503 });
    set({ body: '2' });
    clock.advance(failureLifetime);
    expect((await get()).text).toBe('2');
  });

  test.each(['must-revalidate', 'no-cache', 'no-store'])('no old document is used that said %s', async (directive) => {
    const { get, set, clock } = await scene({ headers: { 'cache-control': directive } });
    await get();
    set({ status: 503 });
    clock.advance(300_000);
    expect(await egressErrorOf(get())).toMatchObject({ status: 503 });
  });

  test.each([
    ['is gone', { status: 410 }],
    ['is not found', { status: 404 }],
    ['has moved', { status: 301, headers: { location: '/b' } }],
    ['is a page now', { headers: { 'content-type': 'text/html' } }],
    ['is too large now', { body: ' '.repeat(6000) }],
  ])('a document that %s is not used any more', async (_what, answer) => {
    const { get, set, clock } = await scene();
    await get();
    set(answer);
    clock.advance(300_000);
    await egressErrorOf(get());
    set({ status: 503 });
    clock.advance(failureLifetime);
    expect(await egressErrorOf(get())).toMatchObject({ status: 503 });
  });

  test('a failure is remembered for thirty seconds', async () => {
    const { get, set, clock, host } = await scene({ status: 404 });
    await egressErrorOf(get());
    set({});
    clock.advance(failureLifetime - 1);
    expect(await egressErrorOf(get())).toMatchObject({ status: 404 });
    expect(host.asked).toHaveLength(1);
    clock.advance(1);
    expect((await get()).text).toBe('{}');
  });
});

test('what is busy here is not remembered', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { get } = await scene({ after: promise }, {}, { concurrent: 1, requests: 100 });
  const first = get('/1');
  expect(await egressErrorOf(get('/2'))).toMatchObject({ code: 'busy' });
  resolve();
  await first;
  expect((await get('/2')).text).toBe('{}');
});

describe('one fetch for all', () => {
  test('a hundred who wait for one document wait for one fetch', async () => {
    const { get, host } = await scene();
    await Promise.all(Array.from({ length: 100 }, () => get()));
    expect(host.asked).toHaveLength(1);
  });

  test('a hundred who wait for one failure, too', async () => {
    const { get, host } = await scene({ status: 500 });
    const errors = await Promise.all(Array.from({ length: 100 }, () => egressErrorOf(get())));
    expect(new Set(errors.map(({ status }) => status))).toEqual(new Set([500]));
    expect(host.asked).toHaveLength(1);
  });

  test('one who gives up does not take it from the others', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { get, host } = await scene({ after: promise });
    const controller = new AbortController();
    const given = egressErrorOf(get('/', { signal: controller.signal }));
    const kept = get();
    controller.abort();
    expect(await given).toMatchObject({ code: 'aborted' });
    resolve();
    expect((await kept).text).toBe('{}');
    expect(host.asked).toHaveLength(1);
  });
});
