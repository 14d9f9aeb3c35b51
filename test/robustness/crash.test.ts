import { expect, test } from 'vitest';
import { crashRounds } from './crash/rounds.ts';

test('a server killed at random moments under load has lost nothing that it acknowledged, gives nothing twice, and revives nothing', async () => {
  const { violations, acknowledged, checked } = await crashRounds({ rounds: 4, seed: 20_261 });
  expect(violations).toEqual({ lost: [], spentTwice: [], cameBack: [], unclean: [] });
  for (const what of ['registrations', 'codes', 'redemptions', 'rotations']) {
    expect(acknowledged.get(what), what).toBeGreaterThan(0);
  }
  expect(checked.get('integrity of the database')).toBe(6);
});
