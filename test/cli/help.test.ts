import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { run, runAlone } from '../../src/cli/run.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { processTerminal, type Terminal } from '../../src/cli/terminal.ts';
import { portcullis, temporaryDirectory } from './processes.ts';

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs in this process, as at a terminal of 90 columns. */
function say(...words: string[]): Promise<Said> {
  return at((terminal) => run(words, terminal));
}

/** The same for a program that brings its own MCP server, as `npm start` runs one. */
function sayToProgram(...words: string[]): Promise<Said> {
  const command = serveCommand({ mcp: () => Response.json({}) });
  return at((terminal) => runAlone(command, words, terminal, 'node server.ts'));
}

async function at(act: (terminal: Terminal) => Promise<number>): Promise<Said> {
  let [stdout, stderr] = ['', ''];
  const code = await act({
    ...processTerminal(process),
    environment: {},
    columns: 90,
    style: (_, text) => text,
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}

describe('help', () => {
  test('is there for whoever asks in any way, and for nobody who does not', async () => {
    const { stdout: overview } = await portcullis([], { directory: temporaryDirectory() });
    expect(overview).toMatch(/^portcullis \d+\.\d+\.\d+: the OAuth 2\.1 server inside an MCP server\n/);
    for (const words of [['help'], ['--help'], ['-h']])
      expect((await say(...words)).stdout.slice(0, 100)).toBe(overview.slice(0, 100));
    for (const { name, summary } of commands) expect(overview).toMatch(new RegExp(`^ {2}${name}.* ${summary}$`, 'm'));
    expect(overview.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test.for(commands.map(({ name }) => name))(
    'of %s names its arguments and flags, and fits the terminal',
    async (name) => {
      const command = commands.find((candidate) => candidate.name === name);
      const { code, stdout, stderr } = await say(...name.split(' '), '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`\nUsage: portcullis ${name} `);
      for (const flag of [...Object.keys(command?.flags ?? {}), 'json', 'help'])
        expect(stdout).toContain(`  --${flag}`);
      for (const positional of Object.keys(command?.positionals ?? {}))
        expect(stdout).toContain(`  ${positional.toUpperCase()} `);
      expect(stdout).toMatch(/^[^\n]+\.\n\n/);
      expect(await say('help', ...name.split(' '))).toEqual({ code, stdout, stderr });
      const wide = stdout.split('\n').filter((line) => line.length > 110 && !line.includes('portcullis '));
      expect(wide).toEqual([]);
    },
  );

  test('of a group lists its commands', async () => {
    const { code, stdout } = await say('user');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: portcullis user COMMAND \[FLAGS\]\n\n {2}user add NAME/);
    expect(await say('user', '--help')).toEqual(await say('user'));
    expect(await say('help', 'user')).toEqual(await say('user'));
  });

  test('of a program with its own MCP server is about that program', async () => {
    const { code, stdout } = await sayToProgram('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('\nUsage: node server.ts [FLAGS]\n');
    expect(stdout).not.toMatch(/--mcp|portcullis serve/);
    expect(await sayToProgram('--prt', '3000')).toMatchObject({
      code: 2,
      stderr: 'portcullis: unknown flag --prt; did you mean --port?\n  see: node server.ts --help\n',
    });
  });

  test('--version prints the version', async () => {
    const told = { code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' };
    for (const word of ['--version', '-v', 'version']) expect(await say(word)).toEqual(told);
  });
});

describe('mistakes', () => {
  test.for([
    [['srve'], "unknown command 'srve'; did you mean 'serve'?"],
    [['users'], "unknown command 'users'; did you mean 'user'?"],
    [['user', 'ad'], "unknown command 'user ad'; did you mean 'user add'?"],
    [['usr', 'add', 'bob'], "unknown command 'usr'; did you mean 'user add'?"],
    [['user', 'remove', 'bob'], "unknown command 'user remove'; did you mean 'user delete'?"],
    [['start'], "unknown command 'start'; did you mean 'serve'?"],
    [['xyzzy'], "unknown command 'xyzzy'"],
    [['--json', 'user', 'list'], 'unknown flag --json: the command comes first'],
    [['user', 'list', '--jsn'], 'unknown flag --jsn; did you mean --json?'],
    [['user', 'add'], 'NAME is missing'],
    [['user', 'list', 'extra'], "unexpected 'extra'"],
  ] as const)('%j ends with 2 and says: %s', async ([words, message]) => {
    const { code, stdout, stderr } = await say(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (words.some((word) => word === '--json'))
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'usage', message } });
    else expect(stderr.split('\n')[0]).toBe(`portcullis: ${message}`);
  });
});
