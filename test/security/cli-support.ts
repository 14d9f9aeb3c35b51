import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Terminal, TerminalInput } from '../../src/cli/terminal.ts';

/** An empty directory for one test. */
export function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-security-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A terminal at which nobody sits, and everything that was written to it. */
export function terminalIn(
  directory: string,
  environment: Readonly<Record<string, string>> = {},
  input = '',
): { readonly terminal: Terminal; readonly output: () => string } {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const terminal: Terminal = {
    environment,
    directory,
    input: Readable.from([input]) as unknown as TerminalInput,
    isInteractive: false,
    columns: undefined,
    style: (_, text) => text,
    out: write,
    err: write,
  };
  return { terminal, output: () => written.join('') };
}
