import { type Html, html } from './markup.ts';

const absolute = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** A moment as a phrase: "3 hours ago", "in 2 days", "just now". Both times are milliseconds since the epoch. */
export function relativeTime(at: number, now: number): string {
  const difference = at - now;
  for (const [unit, milliseconds] of units) {
    if (Math.abs(difference) >= milliseconds) return relative.format(Math.trunc(difference / milliseconds), unit);
  }
  return 'just now';
}

/** A moment for the page: absolute in UTC, then relative, machine-readable. Both times are milliseconds since the epoch. */
export function moment(at: number, now: number): Html {
  const date = new Date(at);
  return html`<time datetime="${date.toISOString()}">${absolute.format(date)} UTC</time> <span class="nowrap">(${relativeTime(at, now)})</span>`;
}

/** A waiting time in words, rounded up: "45 seconds", "2 minutes". */
export function waitingTime(seconds: number): string {
  if (seconds < 60) return plural(Math.max(1, Math.ceil(seconds)), 'second');
  if (seconds < 3600) return plural(Math.ceil(seconds / 60), 'minute');
  return plural(Math.ceil(seconds / 3600), 'hour');
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
