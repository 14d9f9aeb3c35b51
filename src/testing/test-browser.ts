import assert from 'node:assert/strict';
import { formPost, type Parameters } from './test-client.ts';

const longestWay = 20;

/** A page that a `TestBrowser` stands on. */
export interface TestPage {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

/**
 * As much of a browser as sign-in and consent pages without JavaScript need: it keeps cookies, follows redirects within the
 * server, fills in forms, and stops where a redirect leaves the server.
 */
export class TestBrowser {
  readonly #send: (request: Request) => Promise<Response>;
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();
  #page: TestPage | undefined;

  /**
   * @param send answers a request, such as `sendTo(provider)` or a `fetch` that does not follow redirects
   * @param origin of the server; redirects elsewhere are returned instead of followed
   */
  constructor(send: (request: Request) => Promise<Response>, origin: string) {
    this.#send = send;
    this.#origin = new URL(origin).origin;
  }

  /** The page that the last request ended on. */
  get page(): TestPage {
    assert.ok(this.#page, 'the browser is on no page');
    return this.#page;
  }

  /** @returns the page, or the address outside the server that the way led to */
  visit(url: URL | string): Promise<TestPage | URL> {
    return this.#follow(new Request(url, { headers: { accept: 'text/html', 'sec-fetch-site': 'none' } }));
  }

  /**
   * Submits a form of the present page: its hidden and preset fields, overridden by `fields`. The form is the first that
   * has all the named fields or buttons.
   */
  submit(fields: Parameters = {}): Promise<TestPage | URL> {
    const { url, html } = this.page;
    const form = formsOf(html).find(({ names }) => Object.keys(fields).every((name) => names.has(name)));
    assert.ok(form, `no form with ${Object.keys(fields).join(', ') || 'any fields'} on ${url}: ${textOf(html)}`);
    const target = new URL(form.action, url).href;
    return this.#follow(
      formPost(
        target,
        { ...form.preset, ...fields },
        { accept: 'text/html', origin: this.#origin, 'sec-fetch-site': 'same-origin' },
      ),
    );
  }

  /** The same, where the way must end outside the server: at the client's redirect URI. */
  async submitAndLeave(fields: Parameters = {}): Promise<URL> {
    const arrived = await this.submit(fields);
    if (arrived instanceof URL) return arrived;
    return assert.fail(`the browser stayed on ${arrived.url} (${arrived.status}): ${textOf(arrived.html)}`);
  }

  async #follow(first: Request): Promise<TestPage | URL> {
    let request = first;
    for (let step = 0; step < longestWay; step += 1) {
      if (this.#cookies.size > 0)
        request.headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
      const url = new URL(request.url);
      const response = await this.#send(request);
      this.#keepCookies(response.headers);
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) {
        this.#page = { url, status: response.status, headers: response.headers, html: await response.text() };
        return this.#page;
      }
      const next = new URL(location, url);
      if (next.origin !== this.#origin) return next;
      request = new Request(next, {
        headers: { accept: 'text/html', 'sec-fetch-site': first.headers.get('sec-fetch-site') ?? 'none' },
      });
    }
    return assert.fail(`more than ${longestWay} redirects from ${first.url}`);
  }

  #keepCookies(headers: Headers): void {
    for (const cookie of headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split(';');
      const name = pair.slice(0, pair.indexOf('=')).trim();
      if (attributes.some((attribute) => /^\s*max-age=(0|-\d+)\s*$/i.test(attribute))) this.#cookies.delete(name);
      else this.#cookies.set(name, pair.slice(pair.indexOf('=') + 1).trim());
    }
  }
}

/** What a page says, as far as it helps in the message of a failed test. */
function textOf(html: string): string {
  return html
    .replace(/<(style|head|svg)\b.*?<\/\1>|<[^>]*>/gis, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500);
}

interface Form {
  readonly action: string;
  /** What a browser would send of this form if nothing were changed and no button named. */
  readonly preset: Readonly<Record<string, string>>;
  readonly names: ReadonlySet<string>;
}

function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)].map(([, attributes = '', content = '']) => {
    const fields = [...content.matchAll(/<(input|button)\b([^>]*)>/gi)].map(([, tag = '', text = '']) => ({
      tag: tag.toLowerCase(),
      ...attributesOf(text),
    }));
    const preset = fields.filter(isSentByItself).map(({ name = '', value }) => [name, value ?? 'on'] as const);
    return {
      action: attributesOf(attributes).action ?? '',
      preset: Object.fromEntries(preset),
      names: new Set(fields.flatMap(({ name }) => name ?? [])),
    };
  });
}

interface Attributes {
  readonly [name: string]: string | undefined;
  readonly name?: string;
  readonly value?: string;
  readonly type?: string;
  readonly checked?: string;
  readonly action?: string;
}

function isSentByItself(field: Attributes & { readonly tag: string }): boolean {
  const type = field.type?.toLowerCase() ?? 'text';
  if (field.tag === 'button' || field.name === undefined || ['submit', 'button', 'reset', 'image'].includes(type))
    return false;
  return type === 'checkbox' || type === 'radio'
    ? field.checked !== undefined
    : type === 'hidden' || field.value !== undefined;
}

function attributesOf(text: string): Attributes {
  const found = [...text.matchAll(/([a-z][a-z0-9-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi)];
  return Object.fromEntries(
    found.map(([, name = '', double, single, bare]) => [name.toLowerCase(), decoded(double ?? single ?? bare ?? '')]),
  );
}

function decoded(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (entity, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return named[name] ?? entity;
  });
}
