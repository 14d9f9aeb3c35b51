import type { BrowserContextOptions } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { axeFindings } from './axe.ts';
import { seeEveryPage } from './live-pages.ts';
import { chromiumScenes } from './scene.ts';

const openScene = chromiumScenes();
const desktop = { width: 1100, height: 800 };
const phone = { width: 360, height: 740 };
const views: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light', viewport: desktop }],
  ['dark', { colorScheme: 'dark', viewport: desktop }],
  ['a light phone', { colorScheme: 'light', viewport: phone, hasTouch: true }],
  ['a dark phone', { colorScheme: 'dark', viewport: phone, hasTouch: true }],
];

const everyPage = () => ({ clock: new ManualClock(), config: { deviceAuthorization: { enabled: true } } });

describe('every page of a running server', () => {
  it.each(views)('in %s gives axe nothing to report, has one heading and fits its width', async (_view, options) => {
    const scene = await openScene(everyPage());
    const found: string[] = [];
    const names: string[] = [];
    await seeEveryPage(scene, { ...options, bypassCSP: true }, async (name, { page }) => {
      names.push(name);
      for (const finding of await axeFindings(page)) found.push(`${name}: ${finding}`);
      const headings = await page.locator('h1').count();
      if (headings !== 1) found.push(`${name}: ${headings} main headings`);
      const overflow = await page.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);
      if (overflow > 0) found.push(`${name}: ${overflow} px too wide`);
    });
    expect(found).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(20);
    expect(new Set(names).size).toBe(names.length);
  });

  it('is sent with a strict policy, not to be stored, and without a word of the server’s software', async () => {
    const scene = await openScene(everyPage());
    const found: string[] = [];
    await seeEveryPage(scene, {}, async (name, { page }) => {
      const answer = await page.request.get(page.url(), { headers: { accept: 'text/html' }, maxRedirects: 0 });
      const headers = answer.headers();
      const policy = headers['content-security-policy'] ?? '';
      for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) {
        if (!policy.includes(directive)) found.push(`${name}: no ${directive} in ${policy}`);
      }
      const expected = { 'cache-control': /no-store/, 'x-content-type-options': /nosniff/, 'referrer-policy': /./ };
      for (const [header, pattern] of Object.entries(expected)) {
        if (!pattern.test(headers[header] ?? '')) found.push(`${name}: ${header} is ${headers[header]}`);
      }
      if (headers['server'] !== undefined || headers['x-powered-by'] !== undefined)
        found.push(`${name}: names software`);
    });
    expect(found).toEqual([]);
  });
});
