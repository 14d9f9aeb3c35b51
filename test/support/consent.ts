import { expect } from 'vitest';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { TestBrowser, type TestPage } from '../../src/testing/test-browser.ts';
import {
  createTestClient,
  formPost,
  type Parameters,
  type PreparedAuthorization,
  type TestClient,
  type TestClientOptions,
  type Tokens,
  tokensOf,
} from '../../src/testing/test-client.ts';
import { type IdentityHarness, onPage, openIdentity, origin, type Surroundings } from './identity.ts';
import { testLimits, testUser } from './portcullis-harness.ts';

export const notes: PortcullisConfig = {
  scopes: {
    read: { title: 'Read notes', description: 'See all notes.', tools: ['list_notes', 'search_notes'] },
    write: { title: 'Write notes', tools: ['add_note'] },
    delete: { title: 'Delete notes', tools: ['delete_note'] },
  },
  requiredScopes: ['read'],
};

const all = 'read write delete';

/** A server with users `ada` and `bob`, its clients, and the devices that people come with. */
export interface ConsentHarness extends IdentityHarness {
  readonly client: (options?: TestClientOptions) => Promise<TestClient>;
  readonly device: () => Device;
}

export async function openConsent(
  config: PortcullisConfig = {},
  surroundings: Surroundings = {},
): Promise<ConsentHarness> {
  const harness = await openIdentity(
    { ...notes, ...config, registration: { ...testLimits.registration, ...config.registration } },
    surroundings,
  );
  await harness.addUser('ada');
  await harness.addUser('bob');
  return {
    ...harness,
    client: (options) =>
      createTestClient(harness.portcullis, { scope: all, redirectUri: 'https://app.example/cb', ...options }),
    device: () => new Device(harness),
  };
}

/** A person's browser: any number of tabs over one set of cookies, and requests that no form would send. */
export class Device {
  readonly cookies = new Map<string, string>();
  readonly #harness: IdentityHarness;
  readonly #clientAddress: string;

  constructor(harness: IdentityHarness, clientAddress = '192.0.2.1') {
    this.#harness = harness;
    this.#clientAddress = clientAddress;
  }

  readonly send = async (request: Request): Promise<Response> => {
    const sent = new Request(request);
    sent.headers.delete('cookie');
    if (this.cookies.size > 0)
      sent.headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await this.#harness.send(sent, { clientAddress: this.#clientAddress });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(name.length + 1));
    }
    return response;
  };

  tab(): TestBrowser {
    return new TestBrowser(this.send, origin);
  }

  /** GETs an address, following nothing. */
  get(url: URL | string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(
      new Request(new URL(url, origin), { headers: { accept: 'text/html', 'sec-fetch-site': 'none', ...headers } }),
    );
  }

  /** Posts a form to `/consent`, following nothing. */
  post(fields: Parameters, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(
      formPost(`${origin}/consent`, fields, {
        accept: 'text/html',
        origin,
        'sec-fetch-site': 'same-origin',
        ...headers,
      }),
    );
  }

  async signIn(username: string = testUser.userName): Promise<void> {
    const tab = this.tab();
    await tab.visit(`${origin}/sign-in?again=1`);
    expect(onPage(await tab.submit({ username, password: testUser.password })).url.pathname).toBe('/account');
  }
}

/** The address of the consent page for a new authorization request. */
export async function startRequest(device: Device, prepared: PreparedAuthorization): Promise<URL> {
  const response = await device.get(prepared.url);
  expect(response.status).toBe(302);
  const next = new URL(response.headers.get('location') ?? '', origin);
  expect(next.pathname).toBe('/consent');
  return next;
}

/** The consent page in a tab, for a user who is signed in. */
export async function consentPageIn(tab: TestBrowser, url: URL | string): Promise<TestPage> {
  const page = onPage(await tab.visit(url));
  expect([page.status, page.html.includes('name="decision"')], page.html.slice(-2000)).toEqual([200, true]);
  return page;
}

/** The fields of a consent page that are sent whatever the person does. */
export function hiddenFields({ html }: Pick<TestPage, 'html'>): Record<string, string> {
  const form = /<form method="post" action="\/consent".*?<\/form>/s.exec(html)?.[0] ?? '';
  return Object.fromEntries(
    [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

/** The scopes that a page lets the person untick, and those that it does not. */
export function scopesOn({ html }: Pick<TestPage, 'html'>): { optional: string[]; required: string[] } {
  return {
    optional: [...html.matchAll(/<input type="checkbox"[^>]* name="scope:([^"]*)"/g)].map(([, name = '']) => name),
    required: [...html.matchAll(/<input type="hidden" name="scope:([^"]*)"/g)].map(([, name = '']) => name),
  };
}

/** Redeems the code that arrived at a client. */
export async function redeemed(client: TestClient, prepared: PreparedAuthorization, arrived: URL): Promise<Tokens> {
  return tokensOf(await client.redeem(client.receiveCode(prepared, arrived)));
}

/** Asserts that a request was refused with a page, and that no code has been issued for anybody. */
export async function expectRefused(harness: IdentityHarness, response: Response, status: number): Promise<string> {
  expect([response.status, response.headers.get('location')]).toEqual([status, null]);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await harness.services.database.read('SELECT count(*) AS n FROM authorization_codes')).toEqual([{ n: 0 }]);
  return response.text();
}
