import { expect, test } from 'vitest';
import { endure } from './campaign/endure.ts';

test('a server that is sent whatever there is, valid, changed and hostile, answers, and tells what it did meanwhile', async () => {
  const { requests, documents, statuses, samples, loop, sweep } = await endure({
    time: 5000,
    seed: 20_261,
    clients: 2,
    sampleEvery: 1000,
  });
  expect(requests).toBeGreaterThan(0);
  expect(documents).toBeGreaterThan(0);
  expect([...statuses.keys()]).toEqual(expect.arrayContaining(['200', '302', '400']));
  expect([...statuses.keys()].filter((status) => status >= '500' && status !== '503')).toEqual([]);
  expect(samples.length).toBeGreaterThan(2);
  expect(samples.every(({ heap, resident }) => heap > 0 && resident > heap)).toBe(true);
  expect(sweep.removed).toBeGreaterThan(0);
  // How long is the machine's business: that it was measured is ours.
  expect(loop.longest).toBeGreaterThan(0);
  expect(loop.database.what).not.toBe('');
});
