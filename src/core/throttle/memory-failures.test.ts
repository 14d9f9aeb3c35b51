import { expect, it } from 'vitest';
import { ManualClock } from '../clock.ts';
import { systemRandom } from '../random.ts';
import { defaultThrottleLimits } from './limits.ts';
import { MemoryFailures } from './memory-failures.ts';
import { type Attempt, type Buckets, Throttle } from './throttle.ts';

const second = 1000;

function openThrottle() {
  const clock = new ManualClock();
  const throttle = new Throttle(new MemoryFailures(defaultThrottleLimits), defaultThrottleLimits, clock, systemRandom);
  const at = (account: string, address: string): Buckets => ({
    account,
    own: `${account} ${address}`,
    shared: { everywhere: account, address },
  });
  return { clock, begin: (account: string, address: string) => throttle.begin(at(account, address)) };
}

function allowed(attempt: Attempt): Extract<Attempt, { allowed: true }> {
  if (!attempt.allowed) throw new Error(`must wait ${attempt.retryAfterSeconds} s`);
  return attempt;
}

it('delays grow to their longest, and a day of peace forgets them', async () => {
  const { clock, begin } = openThrottle();
  const waits: number[] = [];
  for (let failure = 0; failure < 16; failure += 1) {
    allowed(await begin('a', `x`));
    const next = await begin('a', 'x');
    if (next.allowed) await next.cancelled();
    else {
      waits.push(next.retryAfterSeconds);
      clock.advance(next.retryAfterSeconds * second);
    }
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  clock.advance(defaultThrottleLimits.forgetAfter);
  for (let failure = 0; failure < 4; failure += 1) allowed(await begin('a', 'x'));
});

it('attempts that succeed or come to nothing leave nothing behind', async () => {
  const { begin } = openThrottle();
  for (let attempt = 0; attempt < 100; attempt += 1) await allowed(await begin('a', 'x')).succeeded();
  for (let attempt = 0; attempt < 100; attempt += 1) await allowed(await begin(`b${attempt}`, 'x')).cancelled();
  for (let failure = 0; failure < 4; failure += 1) allowed(await begin('a', 'x'));
  expect(await begin('a', 'x')).toEqual({ allowed: false, retryAfterSeconds: 1 });
});

it('a hundred that fail together are not forgiven by one that is taken back', async () => {
  const { begin } = openThrottle();
  const together = await Promise.all(Array.from({ length: 100 }, () => begin('a', 'x')));
  const tried = together.filter((attempt) => attempt.allowed);
  expect(tried).toHaveLength(4);
  await tried[0]?.cancelled();
  expect(await begin('a', 'x')).toEqual({ allowed: false, retryAfterSeconds: 1 });
});

it('from many addresses at one account, each pauses between its attempts, and its first is free', async () => {
  const { clock, begin } = openThrottle();
  for (let bot = 0; bot < 60; bot += 1) allowed(await begin('a', `bot ${bot}`));
  allowed(await begin('a', 'x'));
  expect(await begin('a', 'x')).toEqual({ allowed: false, retryAfterSeconds: 8 });
  allowed(await begin('b', 'x'));
  clock.advance(8 * second);
  allowed(await begin('a', 'x'));
});

it('a flood of names from one address is stopped by its address, and pushes no other address out', async () => {
  const { begin } = openThrottle();
  for (let failure = 0; failure < 4; failure += 1) await begin('a', 'x');
  let counted = 0;
  for (let name = 0; name < 200_000; name += 1) if ((await begin(`made up ${name}`, 'flood')).allowed) counted += 1;
  expect(counted).toBe(defaultThrottleLimits.addressFailures + 1);
  expect((await begin('a', 'x')).allowed).toBe(false);
});
