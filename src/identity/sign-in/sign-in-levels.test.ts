import { expect, it } from 'vitest';
import { SignInLevels } from './sign-in-levels.ts';

it('a sign-in counts as the strongest way that its means amount to', () => {
  const levels = new SignInLevels([
    { acr: 'one', amr: ['pwd'] },
    { acr: 'two', amr: ['pwd', 'otp'] },
    { acr: 'three', amr: ['hwk'] },
  ]);
  expect(levels.acrOf(['pwd'])).toBe('one');
  expect(levels.acrOf(['otp', 'pwd'])).toBe('two');
  expect(levels.acrOf(['pwd', 'otp', 'hwk'])).toBe('three');
  expect(levels.acrOf(['otp'])).toBeUndefined();
  expect(levels.acrOf([])).toBeUndefined();
});
