import { type Contender, openMcp, portcullis } from './contenders.ts';
import type { Floors } from './floors.ts';
import { toleratedWork } from './load/quiet.ts';
import { type Machine, machineLines } from './machine.ts';
import type { Options } from './options.ts';
import type { Result } from './rounds.ts';
import type { Scale } from './scale.ts';
import type { Startup } from './startup.ts';

export interface Memory {
  readonly name: string;
  /** After all rounds. */
  readonly residentBytes: number;
}

/** What was measured on another engine than SQLite. */
export interface EngineReport {
  /** With its version. */
  readonly engine: string;
  readonly contenders: readonly Contender[];
  readonly results: readonly Result[];
  readonly memory: readonly Memory[];
}

export interface Report {
  readonly machine: Machine;
  readonly measuredAt: string;
  readonly options: Options;
  readonly contenders: readonly Contender[];
  readonly results: readonly Result[];
  readonly startup: readonly Startup[];
  readonly floors: Floors;
  readonly memory: readonly Memory[];
  readonly scale: Scale | undefined;
  readonly postgres: EngineReport | undefined;
}

type Row = readonly string[];

const heading: Row = [
  'measure',
  'at once',
  'server',
  'per second',
  'ours ÷ it',
  'p50 ms',
  'p99 ms',
  'CPU µs',
  'slowest–fastest slice',
];

/** One table in Markdown, with what it was measured on before it and its notes behind it. */
export function renderReport(report: Report): string {
  const { contenders, machine, measuredAt, options } = report;
  const rows = [
    ...speedRows(report.results, options),
    ...floorRows(report.floors),
    ...startupRows(report.startup),
    ...memoryRows(report.memory, report.startup),
    ...(report.scale === undefined ? [] : scaleRows(report.scale, options)),
  ];
  return [
    ...machineLines(machine),
    `${measuredAt}; medians of ${options.rounds} slices of about ${options.seconds} s each, in turns`,
    ...disturbance([...report.results, ...(report.scale?.results ?? []), ...(report.postgres?.results ?? [])]),
    '',
    ...markdown([heading, ...rows]),
    '',
    ...(report.postgres === undefined ? [] : engineLines(report.postgres, options)),
    ...contenders.map(({ name, note, storage }) => `- ${name} (${storage}): ${note}`),
    '- CPU µs: processor time of the server process, all threads, for one request (for the flow: one whole flow)',
    '- ours ÷ it: our requests per second over theirs; for start-up, memory and processor time theirs over ours: above 1 we are better',
  ].join('\n');
}

/** The same table for another engine. Its server has the load's core, so that each of ours has one to itself. */
function engineLines({ engine, contenders, results, memory }: EngineReport, options: Options): string[] {
  return [
    `On ${engine}, which shares the load's core:`,
    '',
    ...markdown([heading, ...speedRows(results, options), ...memoryRows(memory, [])]),
    '',
    ...contenders.map(({ name, note, storage }) => `- ${name} (${storage}): ${note}`),
  ];
}

/** How much of the run other work of the machine took part in. */
function disturbance(results: readonly Result[]): string[] {
  const slices = results.flatMap((result) => result.slices);
  const disturbed = slices.filter(({ otherWork }) => otherWork > toleratedWork).length;
  return [`${disturbed} of ${slices.length} slices ran beside other work of more than ${toleratedWork} cores`];
}

function speedRows(results: readonly Result[], { concurrencies }: Options): Row[] {
  const measures = [...new Set(results.map(({ measure }) => measure))];
  return measures.flatMap((measure) =>
    concurrencies.flatMap((concurrency) => {
      const here = results.filter((result) => result.measure === measure && result.concurrency === concurrency);
      const ours = here.find(({ server }) => server === portcullis.name);
      return inOrder(here).map((result) => speedRow(result, ours));
    }),
  );
}

function speedRow({ measure, concurrency, server, sample, slices }: Result, ours: Result | undefined): Row {
  const rates = slices.map(({ perSecond }) => perSecond);
  return [
    measure,
    String(concurrency),
    server,
    whole(sample.perSecond),
    ours === undefined ? '' : ratio(ours.sample.perSecond, sample.perSecond),
    sample.p50.toFixed(2),
    sample.p99.toFixed(2),
    whole(sample.cpuMicroseconds),
    `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`,
  ];
}

/** Ours first, the rest as they were measured. */
function inOrder(results: readonly Result[]): Result[] {
  const rank = ({ server }: Result) => (server === portcullis.name ? 0 : server === openMcp.name ? 2 : 1);
  return [...results].sort((a, b) => rank(a) - rank(b));
}

function floorRows({ formPost, steps }: Floors): Row[] {
  const { perSecond, p50, p99, cpuMicroseconds } = formPost;
  return [
    [
      'floor: such a form on bare node:http',
      '16',
      '',
      whole(perSecond),
      '',
      p50.toFixed(2),
      p99.toFixed(2),
      whole(cpuMicroseconds),
      '',
    ],
    ...Object.entries(steps).map(([name, microseconds]) => [
      `floor: ${name}`,
      '',
      '',
      `${microseconds.toFixed(1)} µs`,
      '',
      '',
      '',
      '',
      '',
    ]),
  ];
}

function startupRows(startup: readonly Startup[]): Row[] {
  const ours = startup.find(({ name }) => name === portcullis.name)?.median;
  return startup.map(({ name, median, tries }) => [
    'start to first metadata answer',
    '',
    name,
    `${whole(median)} ms`,
    ours === undefined ? '' : ratio(median, ours),
    '',
    '',
    '',
    `${whole(Math.min(...tries))}–${whole(Math.max(...tries))} ms`,
  ]);
}

function memoryRows(memory: readonly Memory[], startup: readonly Startup[]): Row[] {
  const started = startup.map(({ name, residentBytes }) => ({
    name,
    residentBytes,
    when: 'resident memory after start',
  }));
  const worked = memory.map((entry) => ({ ...entry, when: 'resident memory after the rounds' }));
  return [...started, ...worked].map(({ name, residentBytes, when }, _index, all) => {
    const ours = all.find((entry) => entry.name === portcullis.name && entry.when === when)?.residentBytes;
    return [
      when,
      '',
      name,
      mebibytes(residentBytes),
      ours === undefined ? '' : ratio(residentBytes, ours),
      '',
      '',
      '',
      '',
    ];
  });
}

function scaleRows({ stored, results }: Scale, { concurrencies }: Options): Row[] {
  const smallest = stored[0]?.name;
  const measures = [...new Set(results.map(({ measure }) => measure))];
  const speed = measures.flatMap((measure) =>
    concurrencies.flatMap((concurrency) => {
      const here = results.filter((result) => result.measure === measure && result.concurrency === concurrency);
      const base = here.find(({ server }) => server === smallest);
      return here.map((result) => [
        ...speedRow(result, undefined).slice(0, 4),
        base === undefined || base === result
          ? ''
          : `CPU ${ratio(result.sample.cpuMicroseconds, base.sample.cpuMicroseconds)}, time ${ratio(base.sample.perSecond, result.sample.perSecond)}`,
        ...speedRow(result, undefined).slice(5),
      ]);
    }),
  );
  const sizes = stored.map(({ name, databaseBytes, residentBytes }) => [
    'database, resident memory',
    '',
    name,
    mebibytes(databaseBytes),
    mebibytes(residentBytes),
    '',
    '',
    '',
    '',
  ]);
  return [...speed, ...sizes];
}

function markdown(rows: readonly Row[]): string[] {
  const widths = heading.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: Row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...rest] = rows;
  return [line(first), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest.map(line)];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function ratio(value: number, base: number): string {
  return `${(value / base).toFixed(2)}×`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
