import fc from 'fast-check';
import { compare, compareThoroughly } from './comparison.ts';
import { isPossible, play } from './play.ts';
import { poll } from './play-devices.ts';
import { nameOf } from './play-parties.ts';
import { redeem, refresh } from './play-tokens.ts';
import { asItShould, sendingOf } from './presenting.ts';
import { Reference } from './reference.ts';
import { issuers } from './rules.ts';
import { type Action, anyAction, type Doing, people } from './steps.ts';
import { Cast, type CreateWorld, type World } from './world.ts';

/** What was done and what came of it. */
export interface Tally {
  sequences: number;
  /** Steps by what they do; `granted` are those that yielded tokens. */
  readonly steps: Map<Doing, { done: number; granted: number }>;
  /** Comparisons of the server with the reference. */
  comparisons: number;
}

export function newTally(): Tally {
  return { sequences: 0, steps: new Map(), comparisons: 0 };
}

/** A step that prints as what came of it, so that a sequence that fails reads like a report. */
class Step implements fc.AsyncCommand<Reference, Cast, true> {
  readonly #action: Action;
  readonly #tally: Tally;
  #told: string | undefined;

  constructor(action: Action, tally: Tally) {
    this.#action = action;
    this.#tally = tally;
  }

  async check(reference: Reference): Promise<boolean> {
    return isPossible(this.#action, reference);
  }

  async run(reference: Reference, cast: Cast): Promise<void> {
    this.#told = undefined;
    const before = reference.accessTokens.length;
    this.#told = await play(this.#action, reference, cast);
    const counts = this.#tally.steps.get(this.#action.do) ?? { done: 0, granted: 0 };
    counts.done += 1;
    if (reference.accessTokens.length > before) counts.granted += 1;
    this.#tally.steps.set(this.#action.do, counts);
    await compare(reference, cast);
    this.#tally.comparisons += 1;
  }

  toString(): string {
    const { do: doing, ...how } = this.#action;
    return `\n  ${doing}: ${this.#told ?? JSON.stringify(how)}`;
  }
}

export interface SequenceOptions {
  /** Sequences to try. */
  readonly runs: number;
  readonly seed: number;
  /** The longest that it may take, in milliseconds. Default: for ever. */
  readonly time?: number;
  readonly tally?: Tally;
  /** Whether a sequence that fails is made as short as possible. Default: yes. */
  readonly shrinks?: boolean;
  /** Steps in the longest sequence. Default: 30. */
  readonly length?: number;
}

/** A sequence after which, or in which, the server and the reference disagree. */
export interface Disagreement {
  /** Steps of the shortest sequence that was found. */
  readonly length: number;
  /** What was done, step by step, and what is wrong then. */
  readonly report: string;
}

/**
 * Tries random sequences of steps on one kind of server, each on a server of its own. After every step it is compared with
 * the reference, and in the end everything that was ever issued is presented once more.
 * @returns the shortest sequence that shows a disagreement; `undefined` where none was found
 */
export async function trySequences(
  create: CreateWorld,
  isAdministered: boolean,
  options: SequenceOptions,
): Promise<Disagreement | undefined> {
  const { runs, seed, time, tally = newTally(), shrinks = true, length = 30 } = options;
  const step = anyAction(isAdministered).map((action) => new Step(action, tally));
  const property = fc.asyncProperty(fc.commands([step], { maxCommands: length, size: 'max' }), async (steps) => {
    await playOn(create, steps);
    tally.sequences += 1;
  });
  const found = await fc.check(property, {
    numRuns: runs,
    seed,
    // Long sequences are as good as short ones: what is found is made short afterwards.
    unbiased: true,
    endOnFailure: !shrinks,
    ...(time === undefined ? {} : { interruptAfterTimeLimit: time, markInterruptAsFailure: false }),
  });
  return found.failed && found.counterexample !== null
    ? reportOf(create, [...found.counterexample[0]], seed)
    : undefined;
}

async function playOn(create: CreateWorld, steps: Iterable<fc.AsyncCommand<Reference, Cast, true>>): Promise<void> {
  const world = await create();
  try {
    const { reference, cast } = await begin(world);
    await fc.asyncModelRun(() => ({ model: reference, real: cast }), steps);
    await presentEverything(reference, cast);
  } finally {
    await world.close();
  }
}

/** Plays it once more, because what the steps tell is of the last time that they were taken. */
async function reportOf(
  create: CreateWorld,
  steps: readonly fc.AsyncCommand<Reference, Cast, true>[],
  seed: number,
): Promise<Disagreement> {
  const error = await playOn(create, steps).catch((thrown: unknown) => thrown);
  const message = error instanceof Error ? error.message : 'the same sequence went well when it was played again';
  return { length: steps.length, report: `seed ${seed}:${steps.map(String).join('')}\n${message}` };
}

/** Two clients and a few people. */
async function begin(world: World): Promise<{ readonly reference: Reference; readonly cast: Cast }> {
  const reference = new Reference(world.clock.now(), world.freedoms);
  const cast = new Cast(world);
  await cast.addServers();
  for (const kind of ['public', 'confidential'] as const) {
    await cast.register(kind);
    reference.addClient(kind);
  }
  for (let count = 0; count < people; count += 1) {
    await world.addUser();
    reference.users.push({ state: 'active', signedInAt: Number.NEGATIVE_INFINITY });
    // The first issuer knows everybody, the other one nobody.
    reference.links.set(`0 ${count}`, count);
    await world.link(count, issuers[0], nameOf(count));
  }
  return { reference, cast };
}

/** Whether a token is dead or alive shows for good only when it is used: the newest first, so that the living come to it. */
async function presentEverything(reference: Reference, cast: Cast): Promise<void> {
  await compareThoroughly(reference, cast);
  for (const index of [...reference.refreshTokens.keys()].reverse())
    await refresh(index, 'none', sendingOf(reference.refreshTokens, index, asItShould, reference), reference, cast);
  for (const index of [...reference.codes.keys()].reverse())
    await redeem(index, 'right', sendingOf(reference.codes, index, asItShould, reference), reference, cast);
  for (const index of [...reference.devices.keys()].reverse()) await poll(index, asItShould, reference, cast);
  await compare(reference, cast);
}
