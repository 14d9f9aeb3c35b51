import type { Command, Flag } from './command.ts';
import { commonFlags } from './parse.ts';
import type { Terminal } from './terminal.ts';
import { definitions, wrapped } from './text.ts';

/** Headings of the overview, by the first word of the commands under them. Other words are their own headings. */
const headings: Readonly<Record<string, string>> = {
  serve: 'Server',
  user: 'Users',
  client: 'Clients',
  grant: 'Grants',
  config: 'Configuration',
};

const footer =
  'Every command has --help and --json. Settings come from flags, before PORTCULLIS_… variables, before the file that --config or PORTCULLIS_CONFIG names, or ./portcullis.json.';

/** `NAME [ROLE] ID…` */
function placeholders(command: Command): string {
  return Object.entries(command.positionals)
    .map(([name, { optional, rest }]) => {
      const shown = `${name.toUpperCase()}${rest === true ? '…' : ''}`;
      return optional === true || rest === true ? `[${shown}]` : shown;
    })
    .join(' ');
}

function entryOf(command: Command): readonly [string, string] {
  return [`${command.name} ${placeholders(command)}`.trim(), command.summary];
}

function firstWord({ name }: Command): string {
  return name.split(' ', 1)[0] ?? name;
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** What `portcullis help` prints. */
export function overview(commands: readonly Command[], version: string, { style, columns }: Terminal): string {
  const entries = commands.map(entryOf);
  const width = Math.max(...entries.map(([term]) => term.length));
  const sections = Object.entries(Object.groupBy(commands, firstWord)).map(([word, group = []]) => {
    const own = group.map(entryOf);
    return `\n${style('bold', headings[word] ?? capitalised(word))}\n${definitions(
      own.map(([term, meaning]) => [term.padEnd(width), meaning]),
      columns,
    )}`;
  });
  return [
    `${style('bold', 'portcullis')} ${version}: the OAuth 2.1 server inside an MCP server\n`,
    '\nUsage: portcullis COMMAND [FLAGS]\n',
    ...sections,
    `\n${wrapped(footer, Math.min(columns ?? 80, 100)).join('\n')}\n`,
    'Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not found.\n',
  ].join('');
}

/** What `portcullis user` prints. */
export function groupOverview(word: string, commands: readonly Command[], { columns }: Terminal): string {
  const own = commands.filter((command) => firstWord(command) === word);
  return `Usage: portcullis ${word} COMMAND [FLAGS]\n\n${definitions(own.map(entryOf), columns)}\nMore about each: portcullis ${word} COMMAND --help\n`;
}

/** What `portcullis user add --help` prints. */
export function commandHelp(command: Command, program: string, { style, columns }: Terminal): string {
  const positionals = Object.entries(command.positionals).map(
    ([name, { description }]) => [name.toUpperCase(), description] as const,
  );
  const flags = [...Object.entries<Flag>(command.flags), ...Object.entries<Flag>(commonFlags)].map(
    ([name, flag]) => [flagText(name, flag), flag.description] as const,
  );
  const section = (heading: string, body: string) => (body === '' ? [] : [`\n${style('bold', heading)}\n${body}`]);
  return [
    `${command.summary}\n`,
    `\nUsage: ${program} ${placeholders(command)}`.trimEnd(),
    ' [FLAGS]\n',
    ...(command.details === undefined
      ? []
      : [`\n${wrapped(command.details, Math.min(columns ?? 100, 100)).join('\n')}\n`]),
    ...section('Arguments', definitions(positionals, columns)),
    ...section('Flags', definitions(flags, columns)),
    ...section('Examples', command.examples.map((example) => `  ${example}\n`).join('')),
  ].join('');
}

function flagText(name: string, { value, repeatable }: Flag): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}${repeatable === true ? '…' : ''}`;
}
