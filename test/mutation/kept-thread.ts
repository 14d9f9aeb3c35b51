import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PoolOptions, TestProject, Vite } from 'vitest/node';

type Listener = (value: unknown) => void;

/** Runs after which a thread is replaced, so that what they leave behind stays little. */
const runsOfOneThread = 40;

let kept: { readonly thread: Worker; runs: number } | undefined;

/**
 * A thread of Vitest's that the next run takes over, with the modules that it has loaded: to load them is most of the work
 * of trying one change. Runs that change what happens while modules are loaded have a thread of their own.
 */
class KeptThread {
  readonly name = 'kept-thread';
  readonly #options: PoolOptions;
  readonly #fresh: boolean;
  readonly #listeners: [event: string, listener: Listener][] = [];
  #thread: Worker | undefined;
  #isDone = false;

  constructor(options: PoolOptions, fresh: boolean) {
    this.#options = options;
    this.#fresh = fresh;
  }

  async start(): Promise<void> {
    this.#thread = (this.#fresh ? undefined : kept?.thread) ?? this.#open();
    if (!this.#fresh) kept = { thread: this.#thread, runs: (kept?.runs ?? 0) + 1 };
  }

  #open(): Worker {
    const { distPath, env, execArgv } = this.#options;
    const thread = new Worker(join(distPath, 'workers', 'threads.js'), { env, execArgv, stdout: true, stderr: true });
    thread.setMaxListeners(0);
    return thread;
  }

  on(event: string, listener: Listener): void {
    this.#listeners.push([event, listener]);
    this.#thread?.on(event, listener);
  }

  off(event: string, listener: Listener): void {
    this.#thread?.off(event, listener);
  }

  send(message: unknown): void {
    const { type } = message as { readonly type?: string };
    if (type !== 'stop') {
      this.#thread?.postMessage(message);
      return;
    }
    // The thread goes on; only this run of it is over.
    this.#isDone = true;
    for (const [event, listener] of this.#listeners)
      if (event === 'message') listener({ type: 'stopped', __vitest_worker_response__: true });
  }

  async stop(): Promise<void> {
    for (const [event, listener] of this.#listeners) this.#thread?.off(event, listener);
    const isWorn = kept?.thread === this.#thread && kept?.runs === runsOfOneThread;
    if (this.#isDone && !this.#fresh && !isWorn) return;
    if (kept?.thread === this.#thread) kept = undefined;
    await this.#thread?.terminate();
  }

  canReuse(): boolean {
    return true;
  }

  deserialize(data: unknown): unknown {
    return data;
  }
}

/** Makes Vitest run the tests in kept threads, whatever pool Stryker asks for. */
export function keptThreads(): Vite.Plugin {
  return {
    name: 'kept-threads',
    configureVitest({ project }: { readonly project: TestProject }) {
      Object.assign(project.config, {
        pool: 'kept-thread',
        poolRunner: {
          name: 'kept-thread',
          createPoolWorker(options: PoolOptions) {
            const { mode, mutantActivation } = project.getProvidedContext() as unknown as Record<string, unknown>;
            const fresh = mode !== 'mutant' || mutantActivation !== 'runtime';
            return new KeptThread(options, fresh);
          },
        },
      });
    },
  };
}
