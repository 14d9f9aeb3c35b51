import type { Usage } from '../servers/protocol.ts';
import { Connection } from './connection.ts';
import { machineBusy } from './quiet.ts';
import { median, percentile } from './statistics.ts';

/** One unit of work on one connection: a request, or a flow of several. Throws where an answer is not the right one. */
export type Task = (connection: Connection, index: number) => Promise<void>;

/** What one slice of work cost. Times are in milliseconds unless named otherwise. */
export interface Sample {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server's process for one task, in microseconds. */
  readonly cpuMicroseconds: number;
  readonly tasks: number;
  /** Cores that neither the server nor the load, but other work of the machine used meanwhile. */
  readonly otherWork: number;
}

/** Whose processor time is counted. */
export interface Measured {
  readonly port: number;
  usage(): Promise<Usage>;
}

/**
 * Runs `count` tasks, `concurrency` at a time, each on a keep-alive connection of its own.
 * @param count at most; the slice also ends after `limit` milliseconds
 */
export async function measure(
  server: Measured,
  task: Task,
  concurrency: number,
  count: number,
  limit = 20_000,
): Promise<Sample> {
  const lanes = Math.min(concurrency, count);
  const connections = await Promise.all(Array.from({ length: lanes }, () => Connection.open(server.port)));
  const latencies = new Float64Array(count);
  let next = 0;
  let done = 0;
  const before = await server.usage();
  const ownBefore = ownMicroseconds();
  const machineBefore = machineBusy();
  const start = performance.now();
  const lane = async (connection: Connection) => {
    while (next < count) {
      const index = next++;
      const begun = performance.now();
      if (begun - start > limit) return;
      await task(connection, index);
      latencies[done++] = performance.now() - begun;
    }
  };
  try {
    await Promise.all(connections.map(lane));
  } finally {
    for (const connection of connections) connection.close();
  }
  const elapsed = performance.now() - start;
  const machine = (machineBusy() - machineBefore) * 1000;
  const own = ownMicroseconds() - ownBefore;
  const after = await server.usage();
  const used = after.cpuMicroseconds - before.cpuMicroseconds;
  const sorted = latencies.slice(0, done).sort();
  return {
    perSecond: (done / elapsed) * 1000,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    cpuMicroseconds: used / done,
    tasks: done,
    otherWork: Math.max(0, machine - own - used) / 1000 / elapsed,
  };
}

/** The median of each figure over several slices of the same work. */
export function medianSample(samples: readonly Sample[]): Sample {
  const of = (figure: (sample: Sample) => number) => median(samples.map(figure));
  return {
    perSecond: of((sample) => sample.perSecond),
    p50: of((sample) => sample.p50),
    p99: of((sample) => sample.p99),
    cpuMicroseconds: of((sample) => sample.cpuMicroseconds),
    tasks: of((sample) => sample.tasks),
    otherWork: of((sample) => sample.otherWork),
  };
}

function ownMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
