import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export const password = 'violet kettle harbour 9';

/** The module of test/cli/fixtures with this name. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** A directory for one test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-cli-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly directory: string;
  /** Standard input. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function start(words: readonly string[], { directory, environment = {} }: Options): ChildProcess {
  const cheapHashes = { PORTCULLIS_PASSWORDS__MEMORY_KIB: '7168', PORTCULLIS_PASSWORDS__PASSES: '1' };
  return spawn(process.execPath, [program, ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, ...cheapHashes, ...environment },
    stdio: 'pipe',
  });
}

/** Runs `portcullis` to its end, in a directory of its own. */
export async function portcullis(words: readonly string[], options: Options): Promise<Finished> {
  const child = start(words, options);
  child.stdin?.end(options.input ?? '');
  const [stdout, stderr] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  return { code: child.exitCode, stdout, stderr };
}

/** The same with `--json`, which must succeed. */
export async function portcullisJson(words: readonly string[], options: Options): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await portcullis([...words, '--json'], options);
  if (code !== 0) throw new Error(`portcullis ${words.join(' ')} ended with ${code}: ${stderr}`);
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`not one line: ${stdout}`);
  return JSON.parse(stdout);
}

export async function addUser(name: string, directory: string, ...flags: readonly string[]): Promise<void> {
  await portcullisJson(['user', 'add', name, '--password-stdin', ...flags], { directory, input: `${password}\n` });
}

/** What `portcullis serve --json` tells. */
export interface Served {
  readonly mcpUrl: string;
  readonly signInUrl: string;
  readonly accountUrl: string;
  readonly setupUrl: string | null;
  readonly database: string;
  readonly port: number;
  readonly warnings: readonly string[];
}

/** A command that goes on until the test is over. */
export interface Running {
  /** Sends a signal without waiting for anything. */
  signal(name: NodeJS.Signals): void;
  /** Waits for the end. */
  readonly finished: Promise<Finished>;
  /** What it has printed so far. */
  told(): string;
  /** Resolves as soon as the log says this. */
  logged(words: string): Promise<void>;
}

/** Starts a server and waits until it has said that it listens. */
export async function launch(words: readonly string[], options: Options): Promise<Running> {
  const child = start(words, options);
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
      said[stream] += chunk;
    });
  }
  const finished = once(child, 'close').then(() => ({ code: child.exitCode, ...said }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await finished;
  });
  const logged = async (expected: string) => {
    while (!said.stderr.includes(expected)) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said.stderr}`);
      await setTimeout(20);
    }
  };
  await logged('"server.started"');
  return { signal: (name) => child.kill(name), finished, told: () => said.stdout, logged };
}

/** A `portcullis serve` that is known by what it told. */
export interface Serving extends Running {
  readonly facts: Served;
  readonly origin: string;
}

/** Starts `portcullis serve` on a free port. */
export async function serving(words: readonly string[], options: Options): Promise<Serving> {
  const running = await launch(['serve', '--port', '0', '--json', ...words], options);
  const facts = JSON.parse(running.told()) as Served;
  return { ...running, facts, origin: new URL(facts.mcpUrl).origin };
}

/** A port that nobody listens on, for now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
