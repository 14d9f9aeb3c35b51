import { medianSample, type Sample } from './load/measure.ts';
import { type Patience, toleratedWork } from './load/quiet.ts';
import { type MeasureName, measureNames, type Runner } from './load/runner.ts';

/** The median of one measure of one server, with every slice that it was made of. */
export interface Result {
  readonly measure: MeasureName;
  readonly concurrency: number;
  readonly server: string;
  readonly sample: Sample;
  readonly slices: readonly Sample[];
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly concurrencies: readonly number[];
  readonly measures: readonly MeasureName[];
  readonly patience: Patience;
  /** Told before each round. */
  readonly onRound?: (round: number) => void;
}

/**
 * Measures several servers in turns: for each measure and concurrency one slice of each, round after round, so that what
 * else the machine does falls on all of them. The first round warms up and does not count.
 */
export async function runRounds(runners: readonly Runner[], options: RoundsOptions): Promise<Result[]> {
  const slices = new Map<string, { measure: MeasureName; concurrency: number; server: string; slices: Sample[] }>();
  if (options.measures.includes('MCP request')) for (const runner of runners) await runner.warmUp();
  for (let round = 0; round <= options.rounds; round += 1) {
    options.onRound?.(round);
    const order = round % 2 === 0 ? runners : [...runners].reverse();
    for (const concurrency of options.concurrencies) {
      for (const name of options.measures) {
        for (const runner of order.filter((runner) => runner.can(name))) {
          const sample =
            round === 0
              ? await runner.run(name, concurrency)
              : await undisturbed(runner, name, concurrency, options.patience);
          if (round === 0) continue;
          const key = `${name} ${concurrency} ${runner.name}`;
          const entry = slices.get(key) ?? { measure: name, concurrency, server: runner.name, slices: [] };
          entry.slices.push(sample);
          slices.set(key, entry);
        }
      }
    }
  }
  const names = runners.map(({ name }) => name);
  return [...slices.values()]
    .sort((a, b) => names.indexOf(a.server) - names.indexOf(b.server))
    .map((entry) => ({ ...entry, sample: medianSample(entry.slices) }));
}

/** A slice beside which the machine did little else, if three tries bring one. */
async function undisturbed(
  runner: Runner,
  name: MeasureName,
  concurrency: number,
  patience: Patience,
): Promise<Sample> {
  for (let tries = 1; ; tries += 1) {
    await patience.untilQuiet();
    const sample = await runner.run(name, concurrency);
    if (sample.otherWork <= toleratedWork || tries === 3) return sample;
  }
}

/** The measures that the options name, or all. */
export function chosenMeasures(names: readonly string[]): MeasureName[] {
  const unknown = names.filter((name) => !measureNames.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`no measure is called '${unknown.join("', '")}'; there are: ${measureNames.join(', ')}`);
  return measureNames.filter((name) => names.length === 0 || names.includes(name));
}
