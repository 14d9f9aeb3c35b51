import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consentPage } from '../../src/web/pages/consent.ts';
import { formActionSource, type HtmlResponseOptions, htmlResponse } from '../../src/web/response.ts';
import { consentProps, samplePages } from './sample-pages.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const desktop = { width: 1100, height: 800 };
const phone = { width: 360, height: 740 };
const views: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light', viewport: desktop }],
  ['dark', { colorScheme: 'dark', viewport: desktop }],
  ['a light phone', { colorScheme: 'light', viewport: phone }],
  ['a dark phone', { colorScheme: 'dark', viewport: phone }],
];

let browser: Browser;
const servers: Server[] = [];

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  host = '127.0.0.1',
): Promise<string> {
  const server = createServer((request, response) => void handler(request, response));
  servers.push(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function send(response: ServerResponse, page: Response): Promise<void> {
  response.writeHead(page.status, [...page.headers].flat());
  response.end(await page.text());
}

beforeAll(async () => {
  browser = await chromium.launch({
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
});

afterAll(async () => {
  await browser?.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe('every page', () => {
  let base = '';
  beforeAll(async () => {
    base = await serve(async (request, response) => {
      const page = samplePages[(request.url ?? '').slice(1)];
      if (page === undefined) response.writeHead(404).end();
      else await send(response, htmlResponse(page));
    });
  });

  async function inView(options: BrowserContextOptions, visit: (page: Page, name: string) => Promise<void>) {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      for (const name of Object.keys(samplePages)) {
        await page.goto(`${base}/${name}`);
        await visit(page, name);
      }
    } finally {
      await context.close();
    }
  }

  it.each(views)('in %s gives axe nothing to report', async (_view, options) => {
    const found: string[] = [];
    await inView({ ...options, bypassCSP: true }, async (page, name) => {
      await page.evaluate(axeSource);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      for (const { id, nodes } of violations)
        found.push(`${name}: ${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
    });
    expect(found).toEqual([]);
  });

  it.each(views.filter(([, { colorScheme }]) => colorScheme === 'light'))(
    'in %s fits its width, keeps to its policy and asks the server for nothing else [PITFALL-14]',
    async (_view, options) => {
      const found: string[] = [];
      await inView(options, async (page, name) => {
        const told: string[] = [];
        const asked: string[] = [];
        page.removeAllListeners();
        page.on('console', (message) => told.push(message.text()));
        page.on('request', (request) => asked.push(request.url()));
        await page.reload();
        const overflow = await page.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);
        if (overflow > 0) found.push(`${name}: ${overflow} px too wide`);
        if (told.length > 0) found.push(`${name}: ${told.join(' | ')}`);
        const others = asked.filter((url) => url !== `${base}/${name}` && !url.startsWith('data:'));
        if (others.length > 0) found.push(`${name}: asked for ${others.join(' ')}`);
      });
      expect(found).toEqual([]);
    },
  );

  it('has touch targets of at least 44 pixels on a phone', async () => {
    const small: string[] = [];
    await inView({ viewport: phone, hasTouch: true }, async (page, name) => {
      const heights = await page
        .locator('button, a.button, a.brand, .field input, .scope label, summary')
        .evaluateAll((elements) =>
          elements.map((element) => [element.outerHTML, element.getBoundingClientRect().height] as const),
        );
      for (const [element, height] of heights) if (height < 44) small.push(`${name}: ${height} px: ${element}`);
    });
    expect(small).toEqual([]);
  });

  it('works without JavaScript', async () => {
    await inView({ javaScriptEnabled: false, viewport: desktop }, async (page) => {
      expect(await page.locator('h1').count()).toBe(1);
      expect(await page.locator('script').count()).toBe(0);
    });
  });

  it.each([
    ['sign-in', ['User name', 'Password', 'Sign in', 'Harbour Notes']],
    [
      'consent',
      [
        'Not you? Sign in as someone else',
        'Write notes for you',
        'Delete your notes',
        'Deny access',
        'Allow access',
        'your account',
      ],
    ],
    [
      'setup',
      [
        'User name',
        'Your name (optional)',
        'E-mail address (optional)',
        'Password',
        'Password again',
        'Create administrator',
        'Harbour Notes',
      ],
    ],
  ])('%s is walked through by keyboard in reading order', async (name, expected) => {
    const page = await browser.newPage({ viewport: desktop });
    await page.goto(`${base}/${name}`);
    const walked: string[] = [];
    const focused = async () => {
      const element = page.locator(':focus');
      if ((await element.count()) === 0) return undefined;
      return element.evaluate((node) => ({
        name: String(
          (node.matches('input') ? node.closest('.field, .scope')?.querySelector('label') : node)?.textContent,
        ).trim(),
        ring: node.computedStyleMap().get('outline-style')?.toString(),
      }));
    };
    for (let step = 0; step < expected.length; step++) {
      // Pages with a first field start in it.
      if (step > 0 || (await focused()) === undefined) await page.keyboard.press('Tab');
      let at = await focused();
      if (at === undefined) {
        await page.keyboard.press('Tab');
        at = await focused();
      }
      expect(at?.ring).toBe('solid');
      walked.push(at?.name ?? '');
    }
    expect(walked).toEqual(expected);
    await page.close();
  });
});

describe('the consent form in Chromium', () => {
  /**
   * Serves the consent page for a redirect URI, presses Allow, and tells where the browser ended. An app's own scheme
   * changes nothing that could be waited for.
   */
  async function allow(
    redirectUri: string,
    formAction: HtmlResponseOptions['formAction'] = [],
    ending: 'page' | 'app' = 'page',
  ) {
    const base = await serve(async (request, response) => {
      if (request.method === 'POST') response.writeHead(303, { location: redirectUri }).end();
      else
        await send(
          response,
          htmlResponse(consentPage({ ...consentProps, from: { kind: 'redirect', redirectUri } }), { formAction }),
        );
    });
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(base);
    const patience = ending === 'page' ? 10_000 : 1500;
    const blocked = page
      .waitForEvent('console', { predicate: (message) => message.text().includes('form-action'), timeout: patience })
      .then(() => true);
    const left = page.waitForURL((url) => !url.href.startsWith(base), { timeout: patience }).then(() => false);
    await page.getByRole('button', { name: 'Allow access' }).click({ noWaitAfter: true });
    const outcome = { blocked: await Promise.any([blocked, left]).catch(() => false), url: page.url() };
    await page.close();
    await Promise.allSettled([blocked, left]);
    return outcome;
  }

  const callback = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('done');

  it('reaches a callback on this computer when the policy names it, and not otherwise [PITFALL-13]', async () => {
    const client = await serve((_request, response) => void callback(response));
    expect(await allow(`${client}/cb?code=1`, [formActionSource(client)])).toEqual({
      url: `${client}/cb?code=1`,
      blocked: false,
    });
    expect((await allow(`${client}/cb?code=1`)).blocked).toBe(true);
  });

  it('reaches a callback on an IPv6 address', async () => {
    const client = await serve((_request, response) => void callback(response), '::1');
    expect(await allow(`${client}/cb`, [formActionSource(client)])).toEqual({ url: `${client}/cb`, blocked: false });
  });

  it('may open an app by its own scheme', async () => {
    expect((await allow('cursor://cb?code=1', [formActionSource('cursor://cb')], 'app')).blocked).toBe(false);
    expect((await allow('cursor://cb?code=1')).blocked).toBe(true);
  });

  it('follows a callback that itself redirects elsewhere only when form-action is left out [PITFALL-13]', async () => {
    const end = await serve((_request, response) => void callback(response));
    const client = await serve(
      (_request, response) => void response.writeHead(302, { location: `${end}/welcome` }).end(),
    );
    expect(await allow(`${client}/cb`, 'unrestricted')).toEqual({ url: `${end}/welcome`, blocked: false });
    expect((await allow(`${client}/cb`, [formActionSource(client)])).blocked).toBe(true);

    // As claude.ai does with the desktop app.
    const toApp = await serve(
      (_request, response) => void response.writeHead(302, { location: 'claude://done' }).end(),
    );
    expect((await allow(`${toApp}/cb`, 'unrestricted', 'app')).blocked).toBe(false);
  });

  it('leaves the callback its link to the window that opened the pop-up', async () => {
    const client = await serve((_request, response) => void callback(response));
    const base = await serve(async (request, response) => {
      if (request.method === 'POST') response.writeHead(303, { location: `${client}/cb` }).end();
      else await send(response, htmlResponse(consentPage(consentProps), { formAction: 'unrestricted' }));
    });
    const page = await browser.newPage();
    await page.goto(client);
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.evaluate(`void window.open('${base}')`)]);
    await popup.getByRole('button', { name: 'Allow access' }).click();
    await popup.waitForURL(`${client}/cb`);
    expect(await popup.evaluate('window.opener !== null')).toBe(true);
    await popup.close();
    await page.close();
  });
});
