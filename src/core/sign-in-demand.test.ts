import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AcrValues, isRecent, type SignInDemand } from './sign-in-demand.ts';
import { ConfigurationError } from './urls.ts';

const now = 1_800_000_000_000;
const second = 1000;
const levels = new AcrValues(['one', 'two', 'three']);

describe('isRecent', () => {
  it.each([
    [now, true],
    [now - 10 * second, true],
    [now - 10 * second - 1, false],
    // The clock of another node, or a small correction.
    [now + 60 * second, true],
    // A clock that was set back: nobody knows how long ago that was.
    [now + 60 * second + 1, false],
    [now + 86_400_000, false],
    [undefined, false],
    [Number.NaN, false],
  ])('of a sign-in at %s says %s', (authenticatedAt, recent) => {
    expect(isRecent(authenticatedAt, now - 10 * second, now)).toBe(recent);
  });
});

describe('AcrValues', () => {
  it('a demand is met by the same way of signing in and by stronger ones [RFC9470-05]', () => {
    const met = ['one', 'two', 'three', 'four', undefined].map((acr) =>
      levels.isMet({ acr: 'two' }, acr === undefined ? {} : { acr }, now),
    );
    expect(met).toEqual([false, true, true, false, false]);
  });

  it('a demand that names nothing known is met by nobody', () => {
    expect(levels.isMet({ acr: 'four' }, { acr: 'four' }, now)).toBe(false);
  });

  it('of a sign-in of which nothing is known nothing is believed', () => {
    expect(levels.isMet({ maxAgeSeconds: 10 }, {}, now)).toBe(false);
    expect(levels.isMet({}, {}, now)).toBe(true);
  });

  const demand: fc.Arbitrary<SignInDemand | undefined> = fc.option(
    fc.record(
      { maxAgeSeconds: fc.integer({ min: 1, max: 100 }), acr: fc.constantFrom('one', 'two', 'three') },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  );
  const signIn = fc.record(
    { authenticatedAt: fc.integer({ min: now - 110 * second, max: now }), acr: fc.constantFrom('one', 'two', 'three') },
    { requiredKeys: [] },
  );

  it('the strictest of several demands is met exactly by what meets them all', () => {
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 5 }), signIn, (demands, done) => {
        const all = demands.every((one) => one === undefined || levels.isMet(one, done, now));
        const strictest = levels.strictest(demands);
        expect(strictest === undefined || levels.isMet(strictest, done, now)).toBe(all);
      }),
    );
  });

  it.each(['', 'a b', 'a"b', 'a\\b', 'ü', 'a\n', 'x'.repeat(201)])('refuses the value %j', (value) => {
    expect(() => new AcrValues([value])).toThrow(ConfigurationError);
  });

  it('refuses a value that is there twice', () => {
    expect(() => new AcrValues(['a', 'b', 'a'])).toThrow('repeat');
  });
});
