import { describe, expect, test } from 'vitest';
import { counted, definitions, momentText, table, widthOf, wrapped } from './text.ts';

const plain = (_: unknown, text: string) => text;

describe('text for terminals', () => {
  test('columns are as wide as what is in them', () => {
    expect(
      table(
        ['A', 'LONGER'],
        [
          ['first', '1'],
          ['2', ''],
        ],
        plain,
      ),
    ).toBe('A       LONGER\nfirst   1\n2\n');
  });

  test('wide characters count twice, combining marks and colours not at all', () => {
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf('\u001b[1mab\u001b[22m')).toBe(2);
    expect(
      table(
        ['NAME', 'X'],
        [
          ['日本', '1'],
          ['abcd', '2'],
        ],
        plain,
      ),
    ).toBe('NAME   X\n日本   1\nabcd   2\n');
  });

  test('meanings are broken between words and stay in their column', () => {
    const long = 'word '.repeat(12).trim();
    expect(definitions([['--flag', long]], 40)).toBe(
      `  --flag  word word word word word word\n          word word word word word word\n`,
    );
  });

  test('a term that is too long for its column has a line of its own', () => {
    const term = `--${'x'.repeat(40)}`;
    expect(
      definitions(
        [
          [term, 'meaning'],
          ['-y', 'other'],
        ],
        100,
      ),
    ).toBe(`  ${term}\n${' '.repeat(38)}meaning\n  -y${' '.repeat(34)}other\n`);
  });

  test('a word longer than the line stays whole', () => {
    expect(wrapped('a bbbbbbbb c', 4)).toEqual(['a', 'bbbbbbbb', 'c']);
  });

  test('moments are in UTC, and absent ones never', () => {
    expect(momentText(1_800_000_000_000)).toBe('2027-01-15 08:00');
    expect(momentText(undefined)).toBe('never');
  });

  test('one thing is not called things', () => {
    expect([counted(0, 'grant'), counted(1, 'grant'), counted(2, 'grant')]).toEqual([
      '0 grants',
      '1 grant',
      '2 grants',
    ]);
  });
});
