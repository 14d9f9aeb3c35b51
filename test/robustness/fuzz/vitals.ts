import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const megabyte = 1024 * 1024;

/** What a process that leaks or stalls shows. */
export interface Vitals {
  /** Objects on the heap after garbage collection, in MB. */
  readonly heap: number;
  /** All memory of the process, in MB. */
  readonly resident: number;
  /** Sockets, servers, timers and the like that are open, by kind. */
  readonly handles: Readonly<Record<string, number>>;
}

/** Measures once everything that is on its way out has gone. */
export async function measureVitals(): Promise<Vitals> {
  for (let round = 0; round < 3; round += 1) {
    await setTimeout(50);
    collectGarbage();
  }
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return {
    heap: Math.round(process.memoryUsage().heapUsed / megabyte),
    resident: Math.round(process.memoryUsage().rss / megabyte),
    handles,
  };
}

/** Handles of kinds that there are more of than before, with how many more. */
export function leakedHandles(before: Vitals, after: Vitals): readonly string[] {
  return Object.entries(after.handles)
    .filter(([kind, count]) => count > (before.handles[kind] ?? 0))
    .map(([kind, count]) => `${count - (before.handles[kind] ?? 0)} ${kind}`);
}

/** How often the event loop is looked at, in milliseconds. */
const tick = 5;

/** Watches how long the event loop is held up, by its own work: in processor time, so that other programs do not count. */
export class LoopWatch {
  readonly #timer: NodeJS.Timeout;
  #last = process.threadCpuUsage();
  #longest = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), tick).unref();
  }

  /** The longest stall since the start, in milliseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return Math.round(this.#longest);
  }

  #look(): void {
    const { user, system } = process.threadCpuUsage(this.#last);
    this.#last = process.threadCpuUsage();
    this.#longest = Math.max(this.#longest, (user + system) / 1000);
  }
}
