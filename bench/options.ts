import { parseArgs } from 'node:util';

export const engineNames = ['sqlite', 'postgres'] as const;
export type Engine = (typeof engineNames)[number];

export interface Options {
  /** Seconds that one slice of one measure takes. */
  readonly seconds: number;
  readonly rounds: number;
  readonly concurrencies: readonly number[];
  /** Names of contenders to measure; all where empty. */
  readonly only: readonly string[];
  readonly measures: readonly string[];
  /** Stored grants to compare, or none. */
  readonly grants: readonly number[];
  readonly startups: number;
  /** Databases to measure on, one after the other. */
  readonly engines: readonly Engine[];
  /** Another build of the product, measured beside `dist/`. */
  readonly against: string | undefined;
  /** Seconds to wait, in all, for other work of the machine to end. */
  readonly patience: number;
  /** Folder for processor profiles of the product's process. */
  readonly profile: string | undefined;
}

export const usage = `npm run bench -- [options]
  --quick               short slices, one round: a look, not a measurement
  --rounds N            rounds of interleaved slices (default 5)
  --seconds S           length of one slice (default 1)
  --concurrency A,B     connections at once (default 1,16,64)
  --only NAMES          some servers only, such as "Portcullis,oidc-provider"
  --measures NAMES      some measures only, such as "code exchange,refresh"
  --engines NAMES       sqlite, postgres, or both (default; --quick: sqlite)
  --no-scale            leaves out the comparison of 1,000 with 1,000,000 stored grants
  --grants A,B          other numbers of stored grants
  --against FOLDER      another build of the product, measured in the same run
  --patience S          waits so long, in all, for other work of the machine to end (default 300)
  --profile FOLDER      writes processor profiles of the product's process there`;

export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      concurrency: { type: 'string' },
      only: { type: 'string' },
      measures: { type: 'string' },
      engines: { type: 'string' },
      'no-scale': { type: 'boolean', default: false },
      grants: { type: 'string' },
      against: { type: 'string' },
      patience: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick } = values;
  return {
    seconds: Number(values.seconds ?? (quick ? 0.3 : 1)),
    rounds: Number(values.rounds ?? (quick ? 1 : 5)),
    concurrencies: list(values.concurrency ?? '1,16,64').map(Number),
    only: list(values.only ?? ''),
    measures: list(values.measures ?? ''),
    grants:
      values['no-scale'] || (quick && values.grants === undefined)
        ? []
        : list(values.grants ?? '1000,1000000').map(Number),
    engines: enginesOf(values.engines ?? (quick ? 'sqlite' : engineNames.join(','))),
    startups: quick ? 3 : 5,
    against: values.against,
    patience: Number(values.patience ?? (quick ? 0 : 300)),
    profile: values.profile,
  };
}

/** @throws Error for a name that no engine has */
function enginesOf(text: string): Engine[] {
  const unknown = list(text).filter((name) => !engineNames.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`no engine is called '${unknown.join("', '")}'; there are: ${engineNames.join(', ')}`);
  return engineNames.filter((name) => list(text).includes(name));
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
