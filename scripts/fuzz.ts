/**
 * `npm run fuzz`: generated requests against every endpoint and page, and every misuse of a connection that we know.
 * Ends with 1 where anything was taken badly.
 */
import { newTally } from '../test/robustness/fuzz/campaign.ts';
import { abuse, fuzz } from '../test/robustness/fuzz/report.ts';
import { campaignOptions } from './campaign-options.ts';

const usage = `npm run fuzz -- [options]
  --requests N   how many requests are generated (default 100000)
  --seconds N    the longest that it may take (default 900)
  --seed N       the same requests as another run with this seed (default: drawn)`;

const { requests, seconds, seed } = campaignOptions('fuzz', usage, { requests: 100_000, seconds: 900 });
// A growth of the heap that is no cache any more, in MB.
const mostGrowth = 96;

process.stdout.write(`fuzz: ${requests} requests, seed ${seed}\n`);
const startedAt = performance.now();
const tally = newTally();
const progress = setInterval(() => process.stdout.write(`  ${tally.requests} sent\n`), 10_000).unref();
const report = await fuzz({ requests, seed, time: seconds * 1000, tally });
clearInterval(progress);
const misused = await abuse(4);

const { statuses, before, after, stall, slowest, overSockets } = report;
const answers = [...statuses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([status, count]) => `${status}: ${count}`);
const leaked = [...report.leaked, ...misused.leaked];
const rows = [
  [
    'requests',
    `${report.requests}, ${overSockets} of them over sockets, in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  ],
  ['answers', answers.join(', ')],
  ['5xx, crashes, hangs', '0'],
  ['misused connections', String(misused.connections)],
  ['slowest answer', `${Math.round(slowest)} ms`],
  ['longest stall of the event loop', `${stall} ms of processor time, the generator's own work included`],
  ['heap after garbage collection', `${before.heap} MB before, ${after.heap} MB after`],
  ['resident memory', `${before.resident} MB before, ${after.resident} MB after, the database in memory included`],
  ['handles left open', leaked.length === 0 ? 'none' : leaked.join(', ')],
];
for (const [label = '', value] of rows) process.stdout.write(`${label.padEnd(33)}${value}\n`);
const failed = leaked.length > 0 || after.heap - before.heap > mostGrowth;
process.stdout.write(failed ? 'fuzz: something leaks\n' : 'fuzz: passed\n');
process.exitCode = failed ? 1 : 0;
