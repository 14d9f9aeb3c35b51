import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Puts a colour or weight on text, where the output is a terminal that shows it. */
export type Style = (format: Format, text: string) => string;

/** As much of standard input as commands use. */
export interface TerminalInput extends AsyncIterable<string | Buffer> {
  readonly isTTY?: boolean;
  setRawMode?(mode: boolean): unknown;
  setEncoding(encoding: 'utf8'): unknown;
  on(event: 'data', listener: (chunk: string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: string) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  unshift(chunk: string): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Where a command runs. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly input: TerminalInput;
  /** Whether a person can be asked something. */
  readonly isInteractive: boolean;
  /** Width of the output in characters; `undefined` where it is no terminal. */
  readonly columns: number | undefined;
  readonly style: Style;
  /** For results. */
  out(text: string): void;
  /** For questions, errors and logs. */
  err(text: string): void;
}

/** The terminal that a process was started in. */
export function processTerminal(process: NodeJS.Process): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    environment: process.env,
    directory: process.cwd(),
    input: stdin,
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    columns: stdout.isTTY === true && stdout.columns > 0 ? stdout.columns : undefined,
    style: (format, text) => styleText(format, text, { stream: stdout }),
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
  };
}
