import { setTimeout } from 'node:timers/promises';
import { abuses, endOf, vanish } from './abuse.ts';
import {
  fuzzAnything,
  fuzzDocuments,
  fuzzFlows,
  mutationsPerFlow,
  newTally,
  requestsPerDocument,
  type Tally,
} from './campaign.ts';
import { type FuzzedServer, startFuzzedServer } from './server.ts';
import { origin } from './subject.ts';
import { LoopWatch, leakedHandles, measureVitals, type Vitals } from './vitals.ts';

export interface FuzzOptions {
  /** Requests to generate. */
  readonly requests: number;
  readonly seed: number;
  /** The longest that it may take, in milliseconds. */
  readonly time: number;
  /** Counted up as requests are sent. */
  readonly tally?: Tally;
}

export interface FuzzReport extends Tally {
  /** The longest that the event loop was held up, in milliseconds of processor time; the generator runs on the same one. */
  readonly stall: number;
  readonly before: Vitals;
  readonly after: Vitals;
  readonly leaked: readonly string[];
}

// What is drawn from anything, what is a valid flow with something changed, and what comes with a hostile document.
const flowShare = 0.4;
const documentShare = 0.05;

/**
 * Sends generated requests to a server of its own and measures it before and after.
 * @throws Error with the request that was taken badly, and the seed
 */
export async function fuzz({ requests, seed, time, tally = newTally() }: FuzzOptions): Promise<FuzzReport> {
  const server = await startFuzzedServer();
  try {
    const flows = Math.ceil((requests * flowShare) / mutationsPerFlow);
    // Compiled code and filled caches are no leak.
    await fuzzAnything(server, newTally(), { runs: 500, seed: seed + 1, time });
    const before = await measureVitals();
    const watch = new LoopWatch();
    await fuzzFlows(server, tally, { runs: flows, seed, time: time / 2 });
    const documents = Math.ceil((requests * documentShare) / requestsPerDocument);
    await fuzzDocuments(server, tally, { runs: documents, seed, time: time / 4 });
    while (tally.requests < requests) {
      const sent = tally.requests;
      await fuzzAnything(server, tally, { runs: requests - sent, seed: seed + sent, time: time / 2 });
      if (tally.requests - sent < requests - sent) throw new Error(`only ${tally.requests} requests in ${time} ms`);
    }
    const stall = watch.stop();
    await isWell(server);
    const after = await measureVitals();
    return { ...tally, stall, before, after, leaked: leakedHandles(before, after) };
  } finally {
    await server.close();
  }
}

/** Every misuse of a connection at once, each some times over, and then as many clients that vanish. */
export async function abuse(
  times: number,
): Promise<{ readonly connections: number; readonly leaked: readonly string[] }> {
  const server = await startFuzzedServer(1);
  try {
    const before = await measureVitals();
    const all = Array.from({ length: times }, () => abuses).flat();
    const ends = await Promise.all(
      all.map(async (one) => {
        const outcome = await endOf(one, server.connectOutside());
        return { one, end: outcome.kind === 'answered' ? outcome.response.status : outcome.kind };
      }),
    );
    await vanish(() => server.connectOutside(), all.length);
    for (const { one, end } of ends) {
      if (!one.ends.some((allowed) => allowed === end)) throw new Error(`a client that ${one.name} got: ${end}`);
    }
    await isWell(server);
    return { connections: all.length * 2, leaked: leakedHandles(before, await settled(before)) };
  } finally {
    await server.close();
  }
}

/** Connections whose body was refused are read for a few seconds more, so that the answer arrives. */
async function settled(before: Vitals): Promise<Vitals> {
  let now = await measureVitals();
  for (let waited = 0; waited < 8000 && leakedHandles(before, now).length > 0; waited += 250) {
    await setTimeout(250);
    now = await measureVitals();
  }
  return now;
}

async function isWell(server: FuzzedServer): Promise<void> {
  const failures = server.takeFailures();
  if (failures.length > 0) throw new Error(`the server failed: ${String(failures[0])}`);
  const response = await server.send(new Request(`${origin}/readyz`));
  if (response.status !== 200) throw new Error(`the server is not ready any more: ${response.status}`);
}
