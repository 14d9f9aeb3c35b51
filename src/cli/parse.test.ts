import { describe, expect, test } from 'vitest';
import { defineCommand } from './command.ts';
import { CommandError } from './failures.ts';
import { parseInput } from './parse.ts';

const command = defineCommand({
  name: 'note add',
  summary: 'Add a note.',
  positionals: { title: { description: 'Title.' }, tags: { rest: true, description: 'Tags.' } },
  flags: {
    colour: { value: 'COLOUR', description: 'Colour.' },
    to: { value: 'NAME', repeatable: true, description: 'Who may read it.' },
    pinned: { description: 'Pin it.' },
  },
  run: async () => undefined,
});

const parse = (...words: string[]) => parseInput(command, words, 'portcullis note add');

function refusal(...words: string[]): CommandError {
  try {
    parse(...words);
  } catch (error) {
    if (error instanceof CommandError) return error;
  }
  throw new Error('nothing was refused');
}

describe('what follows a command', () => {
  test('flags and words may be mixed', () => {
    const { positionals, flags, json } = parse(
      '--pinned',
      'shopping',
      '--to',
      'bob',
      'food',
      '--to=eve',
      '--colour=red',
      '--json',
    );
    expect(positionals).toEqual({ title: 'shopping', tags: ['food'] });
    expect(flags).toEqual({ pinned: true, to: ['bob', 'eve'], colour: 'red' });
    expect(json).toBe(true);
  });

  test('words after -- are no flags', () => {
    expect(parse('--', '--pinned').positionals).toEqual({ title: '--pinned', tags: [] });
  });

  test('identifiers that begin with a hyphen are no flags', () => {
    expect(parse('-bcdefghijklmnopqrstuv', '--aaaaaaaaaaaaaaaaaaaa').positionals).toEqual({
      title: '-bcdefghijklmnopqrstuv',
      tags: ['--aaaaaaaaaaaaaaaaaaaa'],
    });
  });

  test.for(['--help', '-h'])('%s asks for help, whatever else is there or missing', (flag) => {
    expect(parse(flag).help).toBe(true);
    expect(parse('a', flag).help).toBe(true);
  });

  test.for([
    [['a', '--color', 'red'], 'unknown flag --color; did you mean --colour?'],
    [['a', '--frobnicate'], 'unknown flag --frobnicate'],
    [['a', '-x'], 'unknown flag -x'],
    [['a', '--constructor'], 'unknown flag --constructor'],
    [['a', '--colour'], '--colour needs a value: --colour COLOUR'],
    [
      ['a', '--colour', '--pinned'],
      '--colour needs a value; one that begins with a hyphen is written --colour=--pinned',
    ],
    [['a', '--colour', 'red', '--colour', 'blue'], '--colour was given twice'],
    [['a', '--pinned=yes'], '--pinned takes no value'],
    [[], 'TITLE is missing'],
    [[''], 'TITLE is missing'],
  ] as const)('%j is refused', ([words, message]) => {
    const error = refusal(...words);
    expect(error.message).toBe(message);
    expect(error.kind).toBe('usage');
    expect(error.hint).toBe('see: portcullis note add --help');
  });

  test('more words than the command takes are refused', () => {
    const single = defineCommand({
      name: 'x',
      summary: '',
      positionals: { name: { description: '' } },
      run: async () => undefined,
    });
    expect(() => parseInput(single, ['a', 'b', 'c'], 'portcullis x')).toThrow("unexpected 'b c'");
  });
});
