import fc from 'fast-check';
import { expect, it } from 'vitest';
import { systemRandom } from '../../core/random.ts';
import { mintUserCode, parseUserCode, shownUserCode, userCodes } from './user-code.ts';

it('a user code is eight letters that make no words and resemble no digits [RFC8628-18]', () => {
  for (let count = 0; count < 1000; count += 1)
    expect(mintUserCode(systemRandom)).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
  expect(userCodes).toBe(20 ** 8);
});

it('every letter is as likely as any other [RFC8628-18]', () => {
  const first = (...drawn: number[]) =>
    mintUserCode({ bytes: (length) => new Uint8Array(length).fill(drawn.shift() ?? 0) });
  const letters = Array.from({ length: 240 }, (_, byte) => first(byte)[0] ?? '');
  const counts = [...Map.groupBy(letters, (letter) => letter).values()].map(({ length }) => length);
  expect(counts).toEqual(Array.from({ length: 20 }, () => 12));
  for (let byte = 240; byte < 256; byte += 1) expect(first(byte, 1)).toBe('CCCCCCCC');
});

it('case, spaces and dashes of what a person types do not matter [RFC8628-18]', () => {
  const spellings = [
    'WDJB-MJHT',
    'wdjbmjht',
    ' wdjb mjht ',
    'WdJb–mJhT',
    'W-D-J-B-M-J-H-T',
    'wdjb\u00a0mjht',
    'ＷＤＪＢ－ＭＪＨＴ',
  ];
  for (const typed of spellings) expect(parseUserCode(typed), typed).toBe('WDJBMJHT');
  expect(shownUserCode('WDJBMJHT')).toBe('WDJB-MJHT');
});

it('what cannot be a user code is none', () => {
  const others = [
    '',
    '-',
    'WDJB',
    'WDJB-MJHTT',
    'WDJB-MJHA',
    'WDJB-MJH0',
    "WDJB-MJH'",
    'WDJB_MJHT',
    `WDJBMJHT${' '.repeat(99)}`,
  ];
  for (const typed of others) expect(parseUserCode(typed), typed).toBeUndefined();
});

it('whatever is typed, what comes of it is a user code or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-zA-Z\s-]{6,12}$/)), (typed) => {
      expect(parseUserCode(typed) ?? 'BBBBBBBB').toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
    }),
  );
});
