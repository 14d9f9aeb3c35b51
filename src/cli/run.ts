import { readFileSync } from 'node:fs';
import { printableJson } from '../core/printable-json.ts';
import { nearest } from '../portcullis/nearest.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { CommandError, type ExitCode, exitCodes, type Failure, failureOf } from './failures.ts';
import { commandHelp, groupOverview, overview } from './help.ts';
import { parseInput } from './parse.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs `portcullis` with the words that follow its name. Never rejects.
 * @returns the exit code
 */
export async function run(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  return guarded(words, terminal, async () => {
    const asked = withoutHelp(words);
    const [first = '', second = ''] = asked;
    if (first === '') return terminal.out(overview(commands, version(), terminal));
    if (['--version', '-v', 'version'].includes(first)) return terminal.out(`${version()}\n`);
    const command = commands.find(({ name }) => name === first || name === `${first} ${second}`);
    if (command === undefined && isGroup(first) && ['', '--help', '-h'].includes(second))
      return terminal.out(groupOverview(first, commands, terminal));
    if (command === undefined) throw unknownCommand(first, second);
    const program = `portcullis ${command.name}`;
    const own = asked.slice(command.name.split(' ').length);
    await runCommand(command, asked.length === words.length ? own : ['--help'], terminal, program);
  });
}

/**
 * Runs one command that is a program of its own.
 * @param program how the program is called, for help
 * @returns the exit code
 */
export function runAlone(
  command: Command,
  words: readonly string[],
  terminal: Terminal,
  program: string,
): Promise<ExitCode> {
  return guarded(words, terminal, () => runCommand(command, words, terminal, program));
}

async function runCommand(
  command: Command,
  words: readonly string[],
  terminal: Terminal,
  program: string,
): Promise<void> {
  const { help, ...input } = parseInput(command, words, program);
  if (help) return terminal.out(commandHelp(command, program, terminal));
  const outcome = await command.run({ ...input, terminal });
  if (outcome !== undefined) terminal.out(input.json ? `${printableJson(outcome.json)}\n` : outcome.text);
}

async function guarded(
  words: readonly string[],
  terminal: Terminal,
  act: () => Promise<void> | Promise<unknown>,
): Promise<ExitCode> {
  try {
    await act();
    return exitCodes.success;
  } catch (error) {
    const failure = failureOf(error);
    terminal.err(words.includes('--json') ? failureJson(failure) : failureText(failure));
    return failure.exitCode;
  }
}

function failureText({ exitCode, lines, hint }: Failure): string {
  // What keeps a server from starting is one line, because that is what logs keep together.
  const [only, ...more] = lines;
  if (exitCode === exitCodes.failure && hint !== undefined && more.length === 0)
    return `portcullis: ${only}; ${hint}\n`;
  return `${lines.map((line, index) => (index === 0 || lines.length > 1 ? `portcullis: ${line}\n` : `${line}\n`)).join('')}${hint === undefined ? '' : `  ${hint}\n`}`;
}

function failureJson({ code, lines, hint }: Failure): string {
  return `${printableJson({ error: { code, message: lines.join('\n'), hint: hint ?? null } })}\n`;
}

/** The words of a question for help without the question: `help user add`, `--help`. */
function withoutHelp(words: readonly string[]): readonly string[] {
  return words[0] === 'help' || words[0] === '--help' || words[0] === '-h' ? words.slice(1) : words;
}

function isGroup(word: string): boolean {
  return commands.some(({ name }) => name.startsWith(`${word} `));
}

/** What other programs call it. */
const synonyms: Readonly<Record<string, string>> = {
  remove: 'delete',
  rm: 'delete',
  create: 'add',
  new: 'add',
  register: 'add',
  ls: 'list',
  passwd: 'password',
  start: 'serve',
  run: 'serve',
  validate: 'check',
  get: 'show',
};

function unknownCommand(first: string, second: string): CommandError {
  if (first.startsWith('-'))
    return new CommandError('usage', `unknown flag ${first}: the command comes first`, 'see: portcullis help');
  const typed = isGroup(first) ? `${first} ${second}` : first;
  const names = commands.map(({ name }) => name);
  const firstWords = [...new Set(names.map((name) => name.split(' ', 1)[0] ?? name))];
  const meant = [first, second]
    .map((word) => synonyms[word] ?? word)
    .join(' ')
    .trim();
  const suggestion = nearest(meant, names) ?? nearest(synonyms[first] ?? first, isGroup(first) ? [] : firstWords);
  return new CommandError(
    'usage',
    `unknown command '${typed.trim()}'${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
    'see: portcullis help',
  );
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
