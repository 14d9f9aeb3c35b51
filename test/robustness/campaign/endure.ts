import { setTimeout as pause } from 'node:timers/promises';
import {
  type CampaignOptions,
  fuzzAnything,
  fuzzDocuments,
  fuzzFlows,
  newTally,
  type Tally,
} from '../fuzz/campaign.ts';
import type { FuzzedServer } from '../fuzz/server.ts';
import type { LoopReport } from './loop-watch.ts';
import type { Memory } from './messages.ts';
import { RemoteServer } from './remote-server.ts';

export interface EnduranceOptions {
  /** How long requests are sent, in milliseconds. */
  readonly time: number;
  readonly seed: number;
  /** Clients at the same time. */
  readonly clients: number;
  /** How often memory is measured, in milliseconds. */
  readonly sampleEvery: number;
  /** Told of every measurement. */
  readonly onSample?: (sample: Memory, tally: Tally) => void;
}

export interface EnduranceReport extends Tally {
  /** Metadata documents that the server asked for. */
  readonly documents: number;
  readonly samples: readonly Memory[];
  readonly loop: LoopReport;
  /** Of the time in which everything was swept away, with requests going on. */
  readonly sweep: { readonly removed: number; readonly milliseconds: number; readonly loop: LoopReport };
}

type Slice = (server: FuzzedServer, tally: Tally, options: CampaignOptions) => Promise<void>;

/** What one client sends, in turn: requests without any sense, valid flows with changes, hostile documents. */
const slices: readonly (readonly [Slice, runs: number])[] = [
  [fuzzAnything, 100],
  [fuzzFlows, 8],
  [fuzzDocuments, 10],
];

/**
 * Sends generated and mutated requests to a server in a process of its own, and measures it from inside.
 * @throws Error with the request that was taken badly
 */
export async function endure(options: EnduranceOptions): Promise<EnduranceReport> {
  const { time, seed, clients, sampleEvery, onSample = () => {} } = options;
  const server = await RemoteServer.start();
  try {
    const tally = newTally();
    // Compiled code and the first of everything are no leak, and no stall of a server that runs.
    for (const [send, runs] of slices) await send(server, newTally(), { runs, seed: seed + 1, time: 120_000 });
    server.begin();
    const samples: Memory[] = [await server.memory()];
    const ends = performance.now() + time;
    const isOver = () => performance.now() >= ends;
    const sampling = (async () => {
      while (!isOver()) {
        await pause(Math.min(sampleEvery, Math.max(0, ends - performance.now())));
        const sample = await server.memory();
        samples.push(sample);
        onSample(sample, tally);
      }
    })();
    await Promise.all([sampling, ...sendUntil(isOver, slices, { server, tally, clients, seed })]);
    const loop = await server.loop();
    const sweep = await sweepUnderLoad(server, seed);
    await isWell(server);
    return { ...tally, documents: server.documents.asked, samples, loop, sweep };
  } finally {
    await server.close();
  }
}

interface Sending {
  readonly server: FuzzedServer;
  readonly tally: Tally;
  readonly clients: number;
  readonly seed: number;
}

function sendUntil(
  isOver: () => boolean,
  kinds: typeof slices,
  { server, tally, clients, seed }: Sending,
): Promise<void>[] {
  return Array.from({ length: clients }, async (_, client) => {
    for (let turn = client; !isOver(); turn += 1) {
      const [send, runs] = kinds[turn % kinds.length] ?? [fuzzAnything, 1];
      await send(server, tally, { runs, seed: seed + client + turn * clients, time: 120_000 });
    }
  });
}

/** Time runs out for all that was stored, and it is removed while clients come as before. */
async function sweepUnderLoad(server: RemoteServer, seed: number): Promise<EnduranceReport['sweep']> {
  let isSwept = false;
  const startedAt = performance.now();
  // No flows: nobody's code or session lives through it.
  const load = { server, tally: newTally(), clients: 2, seed: seed + 2 };
  const sending = sendUntil(() => isSwept, [[fuzzAnything, 20]], load);
  const removed = await server.sweep(400);
  const milliseconds = Math.round(performance.now() - startedAt);
  isSwept = true;
  await Promise.all(sending);
  return { removed, milliseconds, loop: await server.loop() };
}

async function isWell(server: RemoteServer): Promise<void> {
  const [failure] = server.takeFailures();
  if (failure !== undefined) throw new Error(`the server failed: ${failure}`);
  const response = await server.send(new Request(`${server.addresses.settings.baseUrl}/readyz`));
  if (response.status !== 200) throw new Error(`the server is not ready any more: ${response.status}`);
}
