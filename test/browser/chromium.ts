import { type Browser, chromium } from 'playwright-core';

/** Starts the Chromium that the set-up found. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    ...(process.env.PORTCULLIS_CHROMIUM ? { executablePath: process.env.PORTCULLIS_CHROMIUM } : {}),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
