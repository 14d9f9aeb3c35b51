import { parseArgs } from 'node:util';
import { nearest } from '../portcullis/nearest.ts';
import type { Command, Flag, Flags, UntypedInput } from './command.ts';
import { CommandError } from './failures.ts';

/** Flags that every command has. */
export const commonFlags = {
  json: { description: 'Print one line of JSON instead of text.' },
  help: { description: 'Show this help.' },
} as const satisfies Flags;

// Identifiers of clients and grants may begin with a hyphen, and are no flags.
const identifier = /^-[\w-]{21}$/;
const shield = '\0';

/**
 * Reads what follows a command's name.
 * @param program how the command was called, for messages
 * @throws CommandError `usage` naming the flag or word that is wrong, with the nearest known one
 */
export function parseInput(
  command: Command,
  words: readonly string[],
  program: string,
): Omit<UntypedInput, 'terminal'> & { readonly help: boolean } {
  const specs: Flags = { ...command.flags, ...commonFlags };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const args = words.map((word) =>
    identifier.test(word) && !Object.hasOwn(specs, word.slice(2)) ? shield + word : word,
  );
  const { tokens } = parseArgs({
    args,
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags: Record<string, string | string[] | true> = {};
  const given: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') given.push(token.value.replace(shield, ''));
    if (token.kind === 'option') addFlag(flags, specs, token, program);
  }
  const { json, help, ...own } = flags;
  if (help === true) return { positionals: {}, flags: {}, json: false, help: true };
  return {
    positionals: namedPositionals(command, given, program),
    flags: own as UntypedInput['flags'],
    json: json === true,
    help: false,
  };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function addFlag(
  flags: Record<string, string | string[] | true>,
  specs: Flags,
  token: OptionToken,
  program: string,
): void {
  const { name, rawName, value, inlineValue } = token;
  const spec: Flag | undefined = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) throw unknownFlag(rawName, Object.keys(specs), program);
  if (spec.value === undefined) {
    if (value !== undefined) throw usage(`${rawName} takes no value`, program);
    flags[name] = true;
    return;
  }
  if (value === undefined) throw usage(`${rawName} needs a value: ${rawName} ${spec.value}`, program);
  if (inlineValue === false && value.startsWith('-') && value !== '-') {
    throw usage(`${rawName} needs a value; one that begins with a hyphen is written ${rawName}=${value}`, program);
  }
  const earlier = flags[name];
  if (spec.repeatable === true) flags[name] = [...(Array.isArray(earlier) ? earlier : []), value];
  else if (earlier !== undefined) throw usage(`${rawName} was given twice`, program);
  else flags[name] = value;
}

function unknownFlag(rawName: string, names: readonly string[], program: string): CommandError {
  const known = names.map((name) => `--${name}`);
  const suggestion = rawName.startsWith('--') ? nearest(rawName, known) : undefined;
  return usage(`unknown flag ${rawName}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`, program);
}

function namedPositionals(command: Command, given: readonly string[], program: string): UntypedInput['positionals'] {
  const left = [...given];
  const values: Record<string, string | readonly string[] | undefined> = {};
  for (const [name, { optional, rest }] of Object.entries(command.positionals)) {
    if (rest === true) {
      values[name] = left.splice(0);
      continue;
    }
    const value = left.shift();
    if (optional !== true && (value === undefined || value === ''))
      throw usage(`${name.toUpperCase()} is missing`, program);
    values[name] = value;
  }
  if (left.length > 0) throw usage(`unexpected '${left.join(' ')}'`, program);
  return values as UntypedInput['positionals'];
}

function usage(message: string, program: string): CommandError {
  return new CommandError('usage', message, `see: ${program} --help`);
}
