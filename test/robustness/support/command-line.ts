import { Readable } from 'node:stream';
import { run } from '../../../src/cli/run.ts';
import type { Terminal, TerminalInput } from '../../../src/cli/terminal.ts';
import { settings } from './server-process.ts';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a `portcullis` command in this process, beside whatever server has the same data. */
export async function portcullis(words: readonly string[], directory: string, input = ''): Promise<CommandEnd> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    environment: settings,
    directory,
    input: Readable.from([input]) as unknown as TerminalInput,
    isInteractive: false,
    columns: undefined,
    style: (_, text) => text,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  };
  const code = await run([...words, '--data', `${directory}/data`], terminal);
  return { code, out, err };
}
