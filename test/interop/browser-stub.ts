/**
 * Stands in for the browser that a program starts, as `BROWSER` or `xdg-open`: signs in, allows, and goes on to the
 * program's callback. `node browser-stub.ts <address>`, with the person in PERSON as JSON and a log of visits in VISITS.
 */
import { appendFileSync } from 'node:fs';
import { HeadlessBrowser, type Person } from './headless-browser.ts';

const address = new URL(process.argv[2] ?? '');
const browser = new HeadlessBrowser(address.origin, JSON.parse(process.env['PERSON'] ?? '{}') as Person);
const callback = await browser.authorize(address);
const answer = await fetch(callback);
appendFileSync(process.env['VISITS'] ?? '', `${browser.visited.join(' ')} ${callback.pathname} ${answer.status}\n`);
