import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Retention, type RetentionTask } from './retention.ts';

/** A task with so many rows to remove, which says how many it was asked for. */
function backlog(rows: number, name = 'rows') {
  const asked: number[] = [];
  const task: RetentionTask = {
    name,
    remove: async (limit) => {
      asked.push(limit);
      const removed = Math.min(limit, rows);
      rows -= removed;
      return removed;
    },
  };
  return { task, asked, left: () => rows };
}

describe('a run', () => {
  it('removes a backlog of any size in batches, each one call', async () => {
    const { task, asked, left } = backlog(1234);
    expect(await new Retention([task], { batchSize: 100 }).run()).toBe(1234);
    expect(left()).toBe(0);
    expect(asked).toEqual(Array.from({ length: 13 }, () => 100));
  });

  it('asks once more where the last batch was full, and once where there is nothing', async () => {
    const full = backlog(200);
    const empty = backlog(0);
    expect(await new Retention([full.task, empty.task], { batchSize: 100 }).run()).toBe(200);
    expect(full.asked).toHaveLength(3);
    expect(empty.asked).toHaveLength(1);
  });

  it('goes on with the other tasks where one fails, and says which one did [PITFALL-23]', async () => {
    const failures: [unknown, string][] = [];
    const { task, left } = backlog(5);
    const broken: RetentionTask = { name: 'broken', remove: () => Promise.reject(new Error('disk full')) };
    const retention = new Retention([broken, task, broken], { onError: (error, name) => failures.push([error, name]) });
    expect(await retention.run()).toBe(5);
    expect(left()).toBe(0);
    expect(failures).toEqual([
      [new Error('disk full'), 'broken'],
      [new Error('disk full'), 'broken'],
    ]);
    expect(await retention.run()).toBe(0);
  });

  it('is shared by all who ask while it is under way', async () => {
    const { task, asked } = backlog(10);
    const retention = new Retention([task]);
    expect(await Promise.all([retention.run(), retention.run(), retention.run()])).toEqual([10, 10, 10]);
    expect(asked).toHaveLength(1);
  });
});

describe('the job', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('runs at every interval from start to stop, once however often it was started [PITFALL-23]', async () => {
    const { task, asked } = backlog(0);
    const retention = new Retention([task], { interval: 1000 });
    retention.start();
    retention.start();
    vi.advanceTimersByTime(999);
    expect(asked).toHaveLength(0);
    for (const runs of [1, 2, 3]) {
      await vi.advanceTimersByTimeAsync(1000);
      expect(asked).toHaveLength(runs);
    }
    await retention.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(3);
    retention.start();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(4);
    await retention.stop();
  });

  it('does not begin a second run while a long one is under way', async () => {
    let finish = (_rows: number) => {};
    let runs = 0;
    const slow: RetentionTask = {
      name: 'slow',
      remove: () => {
        runs += 1;
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    };
    const retention = new Retention([slow], { interval: 1000 });
    retention.start();
    await vi.advanceTimersByTimeAsync(5000);
    expect(runs).toBe(1);
    finish(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toBe(2);
    finish(0);
    await retention.stop();
  });

  it('is over once stop has resolved: the batch under way is waited for, and no other begins', async () => {
    let asked = 0;
    let finished = 0;
    const endless: RetentionTask = {
      name: 'endless',
      remove: async (limit) => {
        asked += 1;
        await pause(5);
        finished += 1;
        return limit;
      },
    };
    const retention = new Retention([endless, endless], { interval: 1000 });
    retention.start();
    await vi.advanceTimersByTimeAsync(1000);
    await pause(12);
    await retention.stop();
    expect(finished).toBe(asked);
    const seen = asked;
    await pause(15);
    expect(asked).toBe(seen);
  });
});
