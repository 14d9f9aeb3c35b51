import { onTestFinished } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { SecurityEvent } from '../../src/core/events.ts';
import type { RequestContext } from '../../src/core/http.ts';
import type { User, UserRole } from '../../src/identity/users/user.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis, type PortcullisRuntime } from '../../src/portcullis/portcullis.ts';
import type { Services } from '../../src/portcullis/services.ts';
import { TestBrowser, type TestPage } from '../../src/testing/test-browser.ts';
import { testDatabase } from './engine.ts';
import { testLimits, testUser } from './portcullis-harness.ts';

export const origin = 'https://mcp.example.com';

/** The product in memory, with a clock that tests move, and browsers at addresses that tests choose. */
export interface IdentityHarness {
  readonly portcullis: Portcullis;
  readonly services: Services;
  readonly clock: ManualClock;
  readonly events: readonly SecurityEvent[];
  readonly send: (request: Request, context?: RequestContext) => Promise<Response>;
  readonly browser: (clientAddress?: string) => TestBrowser;
  readonly addUser: (userName: string, role?: UserRole) => Promise<User>;
}

/** What a test may put in the place of the world around it. */
export interface Surroundings extends Pick<PortcullisRuntime, 'egress'> {
  readonly clock?: ManualClock;
}

/** Opens it for one test; every user that it adds has the password of `testUser`. */
export async function openIdentity(
  config: PortcullisConfig = {},
  { clock = new ManualClock(), ...runtime }: Surroundings = {},
): Promise<IdentityHarness> {
  const events: SecurityEvent[] = [];
  const portcullis = await Portcullis.open(
    { ...testLimits, baseUrl: origin, name: 'Example Notes', ...(await testDatabase()), ...config },
    { ...runtime, clock, onEvent: (event) => events.push(event) },
  );
  onTestFinished(() => portcullis.close());
  const { services } = portcullis;
  const send = async (request: Request, context: RequestContext = {}) => {
    const response = await portcullis.handle(request, context);
    if (response === undefined) throw new Error(`nothing answers ${request.url}`);
    return response;
  };
  return {
    portcullis,
    services,
    clock,
    events,
    send,
    browser: (clientAddress = '192.0.2.1') => new TestBrowser((request) => send(request, { clientAddress }), origin),
    addUser: async (userName, role = 'user') =>
      services.users.create({ userName, role, passwordHash: await services.passwords.hash(testUser.password) }),
  };
}

/** Signs a user in from the sign-in page and returns the page after it. */
export async function signInAs(
  browser: TestBrowser,
  username: string,
  password: string = testUser.password,
): Promise<TestPage> {
  await browser.visit(`${origin}/sign-in`);
  return onPage(await browser.submit({ username, password }));
}

/** @throws Error where the browser has left the server */
export function onPage(arrived: TestPage | URL): TestPage {
  if (arrived instanceof URL) throw new Error(`the browser went to ${arrived.href}`);
  return arrived;
}

/** Stores a client and a redeemed grant of a user, as an authorization leaves them. */
export async function addGrant(
  { services, clock }: IdentityHarness,
  subject: string,
  clientId: string,
  grantId: string,
): Promise<void> {
  const now = clock.now();
  const metadata = JSON.stringify({
    clientName: `App ${clientId}`,
    redirectUris: [],
    grantTypes: [],
    responseTypes: [],
    scopes: [],
  });
  await services.database.write(
    {
      sql: `INSERT INTO clients (client_id, registered_by, issued_at, metadata) VALUES (?, 'dynamic', ?, ?)
        ON CONFLICT (client_id) DO NOTHING`,
      values: [clientId, now, metadata],
    },
    {
      sql: `INSERT INTO grants (grant_id, client_id, subject, scopes, resource, authenticated_at, approved_at, redeemed_at, expires_at)
        VALUES (?, ?, ?, '["notes:read"]', ?, ?, ?, ?, ?)`,
      values: [grantId, clientId, subject, services.provider.settings.resource, now, now, now, now + 86_400_000],
    },
    {
      sql: `INSERT INTO consents (user_id, client_id, redirect_host, resource, scope, granted_at) VALUES (?, ?, 'http://localhost', ?, 'notes:read', ?)
        ON CONFLICT (user_id, client_id, redirect_host, resource, scope) DO NOTHING`,
      values: [subject, clientId, services.provider.settings.resource, now],
    },
  );
}
