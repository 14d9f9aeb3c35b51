import { CommandError } from './failures.ts';

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const longest = 366 * 86_400_000;

/**
 * Reads a span of time that was typed: `30m`, `12h`, `7d`.
 * @param flag for the message
 * @returns milliseconds
 * @throws CommandError for anything else, and for more than a year
 */
export function durationFrom(flag: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const span = Number(count) * (units[unit ?? ''] ?? Number.NaN);
  if (span >= 0 && span <= longest) return span;
  throw new CommandError('usage', `${flag} '${text}' is not a time up to a year, such as 7d, 12h or 30m`);
}
