/**
 * `npm run model`: random sequences of requests, administration and waiting, compared after every step with a reference
 * model. Ends with 1 where they disagree, and tells the shortest sequence that shows it.
 */
import { inMemoryWorld } from '../test/protocol/model/in-memory-world.ts';
import { portcullisWorld } from '../test/protocol/model/portcullis-world.ts';
import { newTally, trySequences } from '../test/protocol/model/sequences.ts';
import { campaignOptions } from './campaign-options.ts';

const usage = `npm run model -- [options]
  --runs N     how many sequences are tried on each kind of provider (default 2000)
  --minutes N  the longest that it may take (default 20)
  --length N   steps in the longest sequence (default 40)
  --seed N     the same sequences as another run with this seed (default: drawn)`;

const { runs, minutes, length, seed } = campaignOptions('model', usage, { runs: 2000, minutes: 20, length: 40 });
const kinds = [
  { name: 'InMemoryProvider', create: () => inMemoryWorld(), isAdministered: false },
  { name: 'Portcullis', create: () => portcullisWorld(), isAdministered: true },
];

process.stdout.write(`model: ${runs} sequences of up to ${length} steps, seed ${seed}\n`);
const end = performance.now() + minutes * 60_000;
for (const [index, { name, create, isAdministered }] of kinds.entries()) {
  const tally = newTally();
  const progress = setInterval(
    () => process.stdout.write(`  ${name}: ${tally.sequences} sequences, ${tally.comparisons} steps\n`),
    10_000,
  ).unref();
  const time = Math.max(1, (end - performance.now()) / (kinds.length - index));
  const found = await trySequences(create, isAdministered, { runs, seed, time, length, tally });
  clearInterval(progress);
  process.stdout.write(`${name}: ${tally.sequences} sequences, ${tally.comparisons} steps, compared after each\n`);
  for (const [doing, { done, granted }] of [...tally.steps].sort(([, a], [, b]) => b.done - a.done))
    process.stdout.write(`  ${doing.padEnd(22)}${done}${granted === 0 ? '' : `, with new tokens ${granted}`}\n`);
  if (found !== undefined) {
    process.stdout.write(`model: ${name} and the reference disagree; ${found.report}\n`);
    process.exitCode = 1;
  }
}
if (process.exitCode !== 1) process.stdout.write('model: passed\n');
