/** Draws the pictures of the documentation from the sample pages: `node scripts/screenshots.ts`, into `docs/images`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { samplePages } from '../test/browser/sample-pages.ts';
import { ensureChromium } from './ensure-chromium.mjs';
import { withPalette } from './palette-png.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'images');
const pictures = [
  { file: 'consent.png', page: 'consent', colorScheme: 'light', width: 620 },
  { file: 'sign-in-dark.png', page: 'sign-in', colorScheme: 'dark', width: 500 },
] as const;
const largest = 150_000;

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});
try {
  for (const { file, page: name, colorScheme, width } of pictures) {
    const context = await browser.newContext({ colorScheme, deviceScaleFactor: 2, viewport: { width, height: 640 } });
    const page = await context.newPage();
    await page.setContent(String(samplePages[name]));
    // Gradients and shadows need more colours than a palette has.
    await page.addStyleTag({
      content: 'body { background-image: none } .card { box-shadow: none } input { caret-color: transparent }',
    });
    const picture = withPalette(await page.screenshot({ fullPage: true }));
    console.log(`docs/images/${file}: ${picture.length} bytes`);
    if (picture.length > largest) throw new Error(`${file} has more than ${largest} bytes`);
    writeFileSync(join(folder, file), picture);
    await context.close();
  }
} finally {
  await browser.close();
}
