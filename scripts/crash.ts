/**
 * `npm run crash`: kills a server under load again and again, and counts what it lost.
 * Ends with 1 where anything was lost, spent twice or revived, or a start was not clean.
 */
import { crashRounds } from '../test/robustness/crash/rounds.ts';
import { campaignOptions } from './campaign-options.ts';

const usage = `npm run crash -- [options]
  --rounds N   how often the server is killed (default 50)
  --seed N     the same choices as another run with this seed (default: drawn)`;

const { rounds, seed } = campaignOptions('crash', usage, { rounds: 50 });
process.stdout.write(`crash: ${rounds} rounds, seed ${seed}\n`);
const startedAt = performance.now();
const { acknowledged, checked, violations } = await crashRounds({
  rounds,
  seed,
  onRound: (round, milliseconds, { total }) =>
    process.stdout.write(`  round ${round} in ${Math.round(milliseconds)} ms, ${total} acknowledged so far\n`),
});
const counts = (map: ReadonlyMap<string, number>) => [...map].map(([what, count]) => `${count} ${what}`).join(', ');
process.stdout.write(
  `kill -9 at a random moment, ${rounds} times, in ${Math.round((performance.now() - startedAt) / 1000)} s\n`,
);
process.stdout.write(`acknowledged   ${counts(acknowledged)}\nchecked        ${counts(checked)}\n`);
const rows = [
  ['lost', violations.lost],
  ['spent twice', violations.spentTwice],
  ['came back', violations.cameBack],
  ['unclean', violations.unclean],
] as const;
for (const [label, found] of rows) {
  process.stdout.write(`${label.padEnd(15)}${found.length}\n`);
  for (const what of found.slice(0, 20)) process.stdout.write(`  ${what}\n`);
}
const failed = rows.some(([, found]) => found.length > 0);
process.stdout.write(failed ? 'crash: failed\n' : 'crash: passed\n');
process.exitCode = failed ? 1 : 0;
