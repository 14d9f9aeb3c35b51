import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contenders.ts';
import { metadataRequest } from './load/client.ts';
import { Connection } from './load/connection.ts';
import { ServerProcess } from './load/server-process.ts';
import { median } from './load/statistics.ts';

export interface Startup {
  readonly name: string;
  /** Milliseconds from the start of the process to the first metadata answer, on an empty folder; every try. */
  readonly tries: readonly number[];
  readonly median: number;
  /** After that answer. */
  readonly residentBytes: number;
}

/** Where the run keeps its files, and how it starts servers. */
export interface Workshop {
  readonly folder: string;
  /** Where the servers' scripts were built to. */
  readonly scripts: string;
  readonly pinned: boolean;
  /** The product's build. */
  readonly build: string;
}

export function startServer(contender: Contender, workshop: Workshop, folder: string): Promise<ServerProcess> {
  return ServerProcess.start({
    script: join(workshop.scripts, contender.script),
    folder,
    pinned: workshop.pinned,
    environment: { BENCH_BUILD: workshop.build, ...contender.environment },
  });
}

/** Starts every contender `tries` times, in turns, each time on an empty folder. */
export async function measureStartup(
  contenders: readonly Contender[],
  workshop: Workshop,
  tries: number,
): Promise<Startup[]> {
  const results = contenders.map(({ name }) => ({ name, times: [] as number[], resident: [] as number[] }));
  for (let round = 0; round < tries; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const { time, residentBytes } = await startOnce(contender, workshop);
      results[index]?.times.push(time);
      results[index]?.resident.push(residentBytes);
    }
  }
  return results.map(({ name, times, resident }) => ({
    name,
    tries: times,
    median: median(times),
    residentBytes: median(resident),
  }));
}

async function startOnce(contender: Contender, workshop: Workshop): Promise<{ time: number; residentBytes: number }> {
  const folder = mkdtempSync(join(workshop.folder, 'start-'));
  const begun = performance.now();
  const server = await startServer(contender, workshop, folder);
  try {
    const connection = await Connection.open(server.port);
    const answer = await connection.send(metadataRequest(server.port, server.metadataPath));
    const time = performance.now() - begun;
    connection.close();
    if (answer.status !== 200) throw new Error(`${contender.name}: no metadata, but status ${answer.status}`);
    return { time, residentBytes: (await server.usage()).residentBytes };
  } finally {
    await server.stop();
  }
}
