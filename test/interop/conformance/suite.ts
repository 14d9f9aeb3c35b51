import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

/** One thing that the suite looked at. */
export interface Check {
  readonly scenario: string;
  readonly id: string;
  readonly status: string;
  readonly message: string | undefined;
}

/**
 * Runs the protocol project's own conformance suite as a program.
 * @param onLine told of every line that it prints
 * @returns every check, read from the files that it leaves
 */
export async function runConformance(
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<Check[]> {
  const output = mkdtempSync(join(tmpdir(), 'portcullis-conformance-'));
  try {
    const child = spawn(process.execPath, [program, ...args, '--output-dir', output], {
      cwd: output,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    child.stderr.resume();
    await once(child, 'close');
    return readdirSync(output).flatMap((folder) => checksIn(output, folder));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

function checksIn(output: string, folder: string): Check[] {
  const scenario = folder
    .replace(/-\d{4}-\d\d-\d\dT.*$/, '')
    .replace(/^authorization-server-|^server-(?!initialize|session|stateless|sse)/, '');
  const checks = JSON.parse(readFileSync(join(output, folder, 'checks.json'), 'utf8')) as {
    id: string;
    status: string;
    errorMessage?: string;
  }[];
  return checks.map(({ id, status, errorMessage }) => ({ scenario, id, status, message: errorMessage }));
}
