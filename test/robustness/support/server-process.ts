import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const waiting = fileURLToPath(new URL('../fixtures/waiting.ts', import.meta.url));

/** Where every server of these tests says that it is. Each listens on a port of its own, as behind a proxy. */
export const publicOrigin = 'http://localhost:3000';

/** Settings under which nothing but the matter of the test stands in its way. */
export const settings: Readonly<Record<string, string>> = {
  PORTCULLIS_BASE_URL: publicOrigin,
  PORTCULLIS_MCP: waiting,
  PORTCULLIS_PASSWORDS__MEMORY_KIB: '7168',
  PORTCULLIS_PASSWORDS__PASSES: '1',
  PORTCULLIS_REGISTRATION__RATE_LIMIT__LIMIT: '1000000',
  PORTCULLIS_AUTHORIZE__RATE_LIMIT__LIMIT: '1000000',
  PORTCULLIS_SIGN_IN__RATE_LIMIT__LIMIT: '1000000',
  PORTCULLIS_SIGN_IN__FREE_FAILURES: '1000000',
  PORTCULLIS_SIGN_IN__ACCOUNT_FAILURES: '1000000',
  PORTCULLIS_SIGN_IN__ADDRESS_FAILURES: '1000000',
  PORTCULLIS_CLIENT_AUTHENTICATION__FREE_FAILURES: '1000000',
  PORTCULLIS_CLIENT_AUTHENTICATION__ACCOUNT_FAILURES: '1000000',
  PORTCULLIS_CLIENT_AUTHENTICATION__ADDRESS_FAILURES: '1000000',
};

export interface ProcessOptions {
  /** Working directory; the data directory is `data` in it. */
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the program as its last words: for limits and permissions. */
  readonly wrapper?: readonly string[];
  /** What standard input holds. */
  readonly input?: string;
  /** A file descriptor that the log goes to instead of `stderr`. */
  readonly log?: number;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `portcullis` process, whatever it does. */
export class Program {
  readonly #child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';

  constructor(words: readonly string[], options: ProcessOptions) {
    const { directory, environment = {}, wrapper = [], input = '', log = 'pipe' } = options;
    const [command = process.execPath, ...rest] = [...wrapper, process.execPath, program, ...words];
    this.#child = spawn(command, rest, {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, ...settings, ...environment },
      stdio: ['pipe', 'pipe', log],
    });
    this.#child.stdin?.on('error', () => {}).end(input);
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.finished = once(this.#child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it at once. */
  async kill(): Promise<Finished> {
    this.#child.kill('SIGKILL');
    return this.finished;
  }
}

/** A `portcullis serve` that listens. */
export interface Server {
  readonly program: Program;
  readonly port: number;
  readonly setupUrl: string | undefined;
  /** Time from the start of the process to its first line. */
  readonly startedIn: number;
}

/**
 * Starts `portcullis serve` on a free port.
 * @throws Error with what it said where it ends instead
 */
export async function startServer(options: ProcessOptions): Promise<Server> {
  const startedAt = performance.now();
  const server = new Program(['serve', '--port', '0', '--json'], options);
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (server.stdout.endsWith('\n') || !server.isRunning) resolve();
  }, 5);
  await promise;
  clearInterval(timer);
  if (!server.stdout.endsWith('\n')) {
    const { code, signal, stderr } = await server.finished;
    throw new Error(`the server ended with ${code ?? signal}: ${stderr}`);
  }
  const { port, setupUrl } = JSON.parse(server.stdout) as { port: number; setupUrl: string | null };
  return { program: server, port, setupUrl: setupUrl ?? undefined, startedIn: performance.now() - startedAt };
}

/** Runs a command of `portcullis` to its end. */
export function runProgram(words: readonly string[], options: ProcessOptions): Promise<Finished> {
  return new Program(words, options).finished;
}
