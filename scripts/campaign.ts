/**
 * `npm run campaign`: a quarter of an hour of generated and changed requests to a server in a process of its own, which is
 * measured from inside. Ends with 1 where a request was taken badly, or the server held itself up or grew.
 */
import { endure } from '../test/robustness/campaign/endure.ts';
import type { LoopReport } from '../test/robustness/campaign/loop-watch.ts';
import type { Memory } from '../test/robustness/campaign/messages.ts';
import { campaignOptions } from './campaign-options.ts';

const usage = `npm run campaign -- [options]
  --minutes N   how long requests are sent (default 15)
  --clients N   how many clients send at the same time (default 4)
  --sample N    seconds between two measurements of memory (default 15)
  --seed N      the same requests as another run with this seed (default: drawn)`;

const { minutes, clients, sample, seed } = campaignOptions('campaign', usage, { minutes: 15, clients: 4, sample: 15 });
/** The longest that the server may hold its event loop up itself, in milliseconds of processor time. */
const longestStall = 100;
/** What the second half of a run may need more than the first, in MB: caches fill for as long as there are new clients. */
const mostGrowth = 32;

process.stdout.write(`campaign: ${minutes} minutes, ${clients} clients, seed ${seed}\n`);
const report = await endure({
  time: minutes * 60_000,
  seed,
  clients,
  sampleEvery: sample * 1000,
  onSample: ({ heap, resident }, { requests }) =>
    process.stdout.write(`  ${requests} sent; heap ${heap} MB, resident ${resident} MB\n`),
});

const { samples, loop, sweep, statuses, requests, documents, slowest } = report;
const answers = [...statuses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([status, count]) => `${status}: ${count}`);
const halves = [samples.slice(1, Math.ceil(samples.length / 2)), samples.slice(Math.ceil(samples.length / 2))];
const [first = 0, second = 0] = halves.map((half) => mean(half.map(({ heap }) => heap)));
const [firstResident = 0, secondResident = 0] = halves.map((half) => mean(half.map(({ resident }) => resident)));
const rows = [
  ['requests, hostile documents', `${requests}, ${documents}`],
  ['answers', answers.join(', ')],
  ['5xx, crashes, hangs', '0, but 503 where the host of a document was down'],
  ['slowest answer', `${Math.round(slowest)} ms, as the client saw it`],
  ['event loop', loopRow(loop)],
  [
    'longest call of the database',
    `${loop.database.wall} ms, ${loop.database.own} of processor: ${loop.database.what}`,
  ],
  ['longest garbage collection', `${loop.collection} ms`],
  ['heap', `${first} MB in the first half, ${second} MB in the second; ${seriesOf(samples, 'heap')}`],
  ['resident memory', `${firstResident} MB, ${secondResident} MB; ${seriesOf(samples, 'resident')}`],
  ['removed when time ran out', `${sweep.removed} rows in ${sweep.milliseconds} ms under load; ${loopRow(sweep.loop)}`],
];
for (const [label = '', value] of rows) process.stdout.write(`${label.padEnd(30)}${value}\n`);
process.stdout.write('the worst stalls, by the clock and by processor time, and what ran then\n');
for (const { at, wall, own, during } of sweep.loop.worst)
  process.stdout.write(
    `  at ${Math.round(at / 1000)} s: ${wall} ms, ${own} of processor: ${during.join('; ') || 'nothing known'}\n`,
  );

const complaints = [
  ...(sweep.loop.longestOwn > longestStall ? [`the event loop was held up for ${sweep.loop.longestOwn} ms`] : []),
  ...(second - first > mostGrowth ? [`the heap grew by ${Math.round(second - first)} MB`] : []),
];
process.stdout.write(complaints.length === 0 ? 'campaign: passed\n' : `campaign: ${complaints.join('; ')}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

function loopRow({ p50, p99, longest, longestOwn }: LoopReport): string {
  return `late by ${p50} ms in the middle, ${p99} ms at 99 %, ${longest} ms at most; of processor time ${longestOwn} ms at most`;
}

function mean(values: readonly number[]): number {
  return values.length === 0
    ? 0
    : Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 10) / 10;
}

/** Ten of the values, in order. */
function seriesOf(all: readonly Memory[], name: 'heap' | 'resident'): string {
  const step = Math.max(1, Math.floor(all.length / 10));
  return all.flatMap((one, index) => (index % step === 0 ? [Math.round(one[name])] : [])).join(' ');
}
