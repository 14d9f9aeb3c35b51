import { parseArgs } from 'node:util';

/**
 * The options of a campaign of generated work: whole numbers, `--seed` among them. Prints the usage and ends the process
 * where it is asked for, or where an option is none of these.
 * @param defaults what is taken where an option is absent
 */
export function campaignOptions<Name extends string>(
  program: string,
  usage: string,
  defaults: Readonly<Record<Name, number>>,
): Readonly<Record<Name | 'seed', number>> {
  const all: Record<string, number> = { seed: Math.floor(Math.random() * 2 ** 31), ...defaults };
  const options = Object.fromEntries(Object.keys(all).map((name) => [name, { type: 'string' } as const]));
  try {
    const { help, ...given } = parseArgs({ options: { ...options, help: { type: 'boolean' } } }).values;
    if (help === true) {
      process.stdout.write(`${usage}\n`);
      process.exit(0);
    }
    for (const [name, text] of Object.entries(given)) all[name] = wholeNumber(name, String(text));
    return all as Record<Name | 'seed', number>;
  } catch (error) {
    process.stderr.write(`${program}: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new Error(`--${name} takes a whole number above 0, not '${text}'`);
  return Number(text);
}
