import { type Html, html } from './markup.ts';

// Without `Intl`: its formats take five megabytes of every process, for one language and one time zone.
const units: readonly (readonly [string, number])[] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** A moment as a phrase: "3 hours ago", "in 2 days", "just now". Both times are milliseconds since the epoch. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(at - now);
  const largest = units.find(([, milliseconds]) => distance >= milliseconds);
  if (largest === undefined) return 'just now';
  const [unit, milliseconds] = largest;
  const span = plural(Math.floor(distance / milliseconds), unit);
  return at < now ? `${span} ago` : `in ${span}`;
}

/** A moment for the page: absolute in UTC, then relative, machine-readable. Both times are milliseconds since the epoch. */
export function moment(at: number, now: number): Html {
  const date = new Date(at);
  return html`<time datetime="${date.toISOString()}">${calendar(date)} UTC</time> <span class="nowrap">(${relativeTime(at, now)})</span>`;
}

/** A waiting time in words, rounded up: "45 seconds", "2 minutes". */
export function waitingTime(seconds: number): string {
  if (seconds < 60) return plural(Math.max(1, Math.ceil(seconds)), 'second');
  if (seconds < 3600) return plural(Math.ceil(seconds / 60), 'minute');
  return plural(Math.ceil(seconds / 3600), 'hour');
}

/** Such as "3 Nov 2026, 06:05". @see ECMA-262, `Date.prototype.toUTCString` */
function calendar(date: Date): string {
  const [, day, month, year, time = ''] = date.toUTCString().split(' ');
  return `${Number(day)} ${month} ${year}, ${time.slice(0, 5)}`;
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
