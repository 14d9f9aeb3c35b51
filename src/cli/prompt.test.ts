import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { confirm, newPassword } from './prompt.ts';
import type { Terminal } from './terminal.ts';

class FakeTerminal implements Terminal {
  readonly environment = {};
  readonly directory = '/';
  readonly columns = undefined;
  readonly stream = new PassThrough();
  readonly isInteractive: boolean;
  readonly modes: boolean[] = [];
  errors = '';

  constructor(kind: 'interactive' | 'piped') {
    this.isInteractive = kind === 'interactive';
  }

  get input() {
    return Object.assign(this.stream, { setRawMode: (mode: boolean) => this.modes.push(mode) });
  }

  style = (_: unknown, text: string) => text;

  out(): void {}

  err = (text: string) => {
    this.errors += text;
  };
}

const check = (password: string) => (password.length < 8 ? 'Too short.' : undefined);
const question = { userName: 'ada', check, fromInput: false };

describe('a password that is typed', () => {
  test('is asked for twice and never shown', async () => {
    const terminal = new FakeTerminal('interactive');
    terminal.stream.write('long enough\rlong enough\r');
    expect(await newPassword(terminal, question)).toBe('long enough');
    expect(terminal.errors).toBe('Password for ada: \nThe same again: \n');
    expect(terminal.modes).toEqual([true, false, true, false]);
  });

  test('may be corrected with backspace and begun again with Ctrl+U', async () => {
    const terminal = new FakeTerminal('interactive');
    terminal.stream.write('wrong\u0015long enouhh\u007f\bgh\rlong enough\r');
    expect(await newPassword(terminal, question)).toBe('long enough');
  });

  test('is asked for again where it is too weak or differs, three times at most', async () => {
    const terminal = new FakeTerminal('interactive');
    terminal.stream.write('short\rlong enough\rlong enuogh\rlong enough\rlong enough\r');
    expect(await newPassword(terminal, question)).toBe('long enough');
    expect(terminal.errors).toContain('Too short.\n');
    expect(terminal.errors).toContain('These were two different passwords.\n');
    const stubborn = new FakeTerminal('interactive');
    stubborn.stream.write('a\rb\rc\r');
    await expect(newPassword(stubborn, question)).rejects.toThrow('no password was set');
  });

  test.for(['\u0003', '\u0004'])('Ctrl+C and Ctrl+D stop, and the terminal echoes again', async (key) => {
    const terminal = new FakeTerminal('interactive');
    terminal.stream.write(`half${key}`);
    await expect(newPassword(terminal, question)).rejects.toMatchObject({ kind: 'interrupted' });
    expect(terminal.modes).toEqual([true, false]);
  });
});

describe('a password from standard input', () => {
  const fromInput = { ...question, fromInput: true };

  test.for([
    ['long enough', 'long enough'],
    ['long enough\n', 'long enough'],
    ['long enough\r\nsecond line\n', 'long enough'],
    [' spaces count \n', ' spaces count '],
    ['grüße aus köln\n', 'grüße aus köln'],
  ] as const)('%j is %j', async ([input, password]) => {
    const terminal = new FakeTerminal('piped');
    terminal.stream.end(Buffer.from(input));
    expect(await newPassword(terminal, fromInput)).toBe(password);
  });

  test.for([
    ['', 'standard input holds no password'],
    ['short\n', 'Too short.'],
  ] as const)('%j is refused', async ([input, message]) => {
    const terminal = new FakeTerminal('piped');
    terminal.stream.end(input);
    await expect(newPassword(terminal, fromInput)).rejects.toMatchObject({ kind: 'usage', message });
  });

  test('is not awaited where it was not announced', async () => {
    await expect(newPassword(new FakeTerminal('piped'), question)).rejects.toMatchObject({
      kind: 'usage',
      hint: 'send it on standard input and add --password-stdin',
    });
  });
});

describe('a confirmation', () => {
  test.for(['y\n', 'Yes\n', ' y \r\n'])('%j is a yes', async (answer) => {
    const terminal = new FakeTerminal('interactive');
    terminal.stream.write(answer);
    await confirm(terminal, 'Delete?', undefined);
    expect(terminal.errors).toBe('Delete? [y/N] ');
  });

  test.for(['\n', 'n\n', 'yo\n'])('%j is a no', async (answer) => {
    const terminal = new FakeTerminal('interactive');
    terminal.stream.write(answer);
    await expect(confirm(terminal, 'Delete?', undefined)).rejects.toThrow('nothing was changed');
  });

  test('--yes answers it, and without a terminal it is needed', async () => {
    const terminal = new FakeTerminal('piped');
    await confirm(terminal, 'Delete?', true);
    await expect(confirm(terminal, 'Delete?', undefined)).rejects.toMatchObject({ kind: 'usage' });
  });
});
