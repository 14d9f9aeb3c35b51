import { monitorEventLoopDelay } from 'node:perf_hooks';
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

/** Watches how long the event loop is held up. */
export class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: 5 });

  constructor() {
    this.#histogram.enable();
  }

  /** The longest stall since the start, in milliseconds. */
  stop(): number {
    this.#histogram.disable();
    return Math.round(this.#histogram.max / 1e6);
  }
}
