import type { BrowserContext } from 'playwright-core';

/** What a browser did beside showing pages. */
export interface Watch {
  /** Requests that were no navigation of a page, and navigations to places that were not foreseen. */
  readonly requests: readonly string[];
  /** What was written to the console, and errors that nothing caught. */
  readonly complaints: readonly string[];
}

// Said of every document whose status is 400 or more.
const statusOfDocument = /^Failed to load resource: the server responded with a status of 4\d\d /;

/**
 * Watches all pages of a browser.
 * @param places origins and schemes where they may go; more may be added later
 */
export function watch(context: BrowserContext, places: ReadonlySet<string>): Watch {
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    const foreseen = places.has(url.origin) || places.has(url.protocol);
    if (url.protocol !== 'data:' && !(request.isNavigationRequest() && foreseen))
      requests.push(`${request.resourceType()} ${url.href}`);
  });
  context.on('console', (message) => {
    if (!statusOfDocument.test(message.text())) complaints.push(`${message.location().url}: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(error.error().message));
  return { requests, complaints };
}
