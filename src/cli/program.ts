import { relative } from 'node:path';
import type { ExitCode } from './failures.ts';
import type { EmbeddedServer } from './mcp-module.ts';
import { run, runAlone } from './run.ts';
import { serveCommand } from './serve.ts';
import { processTerminal } from './terminal.ts';

/** Runs the `portcullis` command as this process. */
export async function startProgram(words: readonly string[]): Promise<void> {
  leaveQuietly();
  finish(await run(words, processTerminal(process)));
}

/** Runs `portcullis serve` with an MCP server of its own as this process. */
export async function startServer(server: EmbeddedServer): Promise<void> {
  leaveQuietly();
  const program = `node ${relative(process.cwd(), process.argv[1] ?? '')}`;
  finish(await runAlone(serveCommand(server), process.argv.slice(2), processTerminal(process), program));
}

/**
 * Ends without a stack trace where results cannot be written: the reader of a pipe has gone (`portcullis user list | head
 * -1`), or the disk is full. A log that cannot be written ends nothing.
 */
function leaveQuietly(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.stderr.write(`portcullis: the output cannot be written: ${error.message}\n`);
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

// What is left open, such as timers of an MCP module, does not keep the process alive for long.
function finish(exitCode: ExitCode): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), 500).unref();
}
