import { expect, it } from 'vitest';
import { durationFrom } from './duration.ts';
import { CommandError } from './failures.ts';

it('reads minutes, hours and days, up to a year', () => {
  const spans = ['0m', '30m', '12h', '7d', '366d'].map((text) => durationFrom('--for', text));
  expect(spans).toEqual([0, 1_800_000, 43_200_000, 604_800_000, 31_622_400_000]);
  for (const text of ['7', '7w', '-1d', '367d', '', ' 7d', '7D', '1.5h', '1e3m', '9999999m', '7dd']) {
    expect(() => durationFrom('--for', text), text).toThrow(CommandError);
  }
});
