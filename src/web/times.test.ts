import { describe, expect, it } from 'vitest';
import { moment, relativeTime, waitingTime } from './times.ts';

const now = Date.UTC(2026, 10, 23, 9, 30);

describe('times', () => {
  it('are absolute in UTC, relative, and machine-readable', () => {
    expect(String(moment(Date.UTC(2026, 10, 23, 6, 5, 4), now))).toBe(
      '<time datetime="2026-11-23T06:05:04.000Z">23 Nov 2026, 06:05 UTC</time> <span class="nowrap">(3 hours ago)</span>',
    );
  });

  it('have no leading zero in the day, and midnight is 00:00', () => {
    expect(String(moment(Date.UTC(2026, 8, 3), now))).toContain('>3 Sep 2026, 00:00 UTC<');
  });

  it.each([
    [0, 'just now'],
    [59_999, 'just now'],
    [-59_000, 'just now'],
    [-60_000, '1 minute ago'],
    [-3_599_000, '59 minutes ago'],
    [-86_400_000, '1 day ago'],
    [-400 * 86_400_000, '1 year ago'],
    [-31 * 86_400_000, '1 month ago'],
    [60_000, 'in 1 minute'],
    [2 * 86_400_000, 'in 2 days'],
    [86_400_000 - 1, 'in 23 hours'],
  ])('at a distance of %d ms read "%s"', (distance, phrase) => {
    expect(relativeTime(now + distance, now)).toBe(phrase);
  });

  it.each([
    [0.2, '1 second'],
    [45, '45 seconds'],
    [61, '2 minutes'],
    [3600, '1 hour'],
  ])('to wait of %d s read "%s"', (seconds, phrase) => {
    expect(waitingTime(seconds)).toBe(phrase);
  });
});
