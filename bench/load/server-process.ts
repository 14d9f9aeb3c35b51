import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Description, Prepared, Question, Reply, Usage } from '../servers/protocol.ts';

const longestWait = 60_000;
const core = '0';

/** Whether processes can be bound to one core each, so that servers and the load do not take turns on one. */
export function canPin(): boolean {
  return spawnSync('taskset', ['-c', core, 'true'], { stdio: 'ignore' }).status === 0;
}

/** Keeps this process, which makes the load, off the servers' core. */
export function pinLoad(): void {
  spawnSync('taskset', ['-a', '-c', '-p', '1', String(process.pid)], { stdio: 'ignore' });
}

export interface StartOptions {
  /** The server's JavaScript file. */
  readonly script: string;
  /** Where the server keeps its data. */
  readonly folder: string;
  readonly pinned: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A server in a process of its own. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #description: Description;
  /** Milliseconds from the start of the process until it listened and could answer. */
  readonly listenedAfter: number;
  #prepared: Prepared | undefined;

  private constructor(child: ChildProcess, description: Description, listenedAfter: number) {
    this.#child = child;
    this.#description = description;
    this.listenedAfter = listenedAfter;
  }

  static async start({ script, folder, pinned, environment = {} }: StartOptions): Promise<ServerProcess> {
    const node = [process.execPath, script, folder] as const;
    const [command, ...args] = pinned ? ['taskset', '-c', core, ...node] : node;
    const begun = performance.now();
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production', ...environment },
    });
    const reply = await replyOf(child, 'listening', script);
    return new ServerProcess(child, reply.description, performance.now() - begun);
  }

  get port(): number {
    return this.#description.port;
  }

  get metadataPath(): string {
    return this.#description.metadataPath;
  }

  /** The client and the signed-in browser, made at the first call. */
  async prepared(): Promise<Prepared> {
    this.#prepared ??= (await this.#ask('prepare', 'prepared')).prepared;
    return this.#prepared;
  }

  async usage(): Promise<Usage> {
    return (await this.#ask('usage', 'usage')).usage;
  }

  /** Runs `work` under the server's own sampling profiler. */
  async profile(work: () => Promise<unknown>): Promise<unknown> {
    await this.#ask('profile', 'profiling');
    await work();
    return (await this.#ask('profiled', 'profile')).profile;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send('stop' satisfies Question);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), longestWait);
    await exited;
    clearTimeout(timer);
  }

  #ask<Kind extends Reply['kind']>(question: Question, kind: Kind): Promise<Extract<Reply, { kind: Kind }>> {
    const reply = replyOf(this.#child, kind, question);
    this.#child.send(question);
    return reply;
  }
}

function replyOf<Kind extends Reply['kind']>(
  child: ChildProcess,
  kind: Kind,
  of: string,
): Promise<Extract<Reply, { kind: Kind }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Extract<Reply, { kind: Kind }>>();
  const fail = (reason: string) => reject(new Error(`${of}: ${reason}`));
  const onMessage = (reply: Reply) => {
    if (reply.kind === kind) resolve(reply as Extract<Reply, { kind: Kind }>);
    else if (reply.kind === 'failed') fail(reply.message);
  };
  const onExit = (code: number | null) => fail(`the server ended with ${code}`);
  const timer = setTimeout(() => fail('no answer in time'), longestWait);
  child.on('message', onMessage).once('exit', onExit).once('error', reject);
  return promise.finally(() => {
    clearTimeout(timer);
    child.off('message', onMessage).off('exit', onExit).off('error', reject);
  });
}
