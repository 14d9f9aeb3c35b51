import type { ManualClock } from '../core/clock.ts';
import type { ProviderEnvironment } from '../core/environment.ts';
import type { ClientId } from '../core/ids.ts';
import type { Lifetimes, OAuthProviderOptions } from '../core/settings.ts';
import type { OAuthProvider } from '../provider.ts';
import type { TestBrowser } from './test-browser.ts';

/** What a case wants the provider built with: pass it on to `OAuthProvider`'s constructor. */
export interface HarnessRequest {
  readonly options: OAuthProviderOptions;
  /** With a clock that the case turns, the lifetimes that it counts on, and a sink that it reads events from. */
  readonly environment: ProviderEnvironment & { readonly clock: ManualClock; readonly lifetimes: Lifetimes };
}

/** One provider under test, on a store of its own that no other case has touched. */
export interface Harness {
  readonly provider: OAuthProvider;
  /**
   * Brings an authorization request through sign-in and consent, as a user who agrees to everything.
   * Needed where `authorize` leads to pages instead of straight back to the client.
   * @param url the authorization request, or the page of yours that it led to
   * @param browser new for each request, pointed at the provider
   * @returns the client's redirect URI with what was appended to it
   */
  authorize?(url: URL, browser: TestBrowser): Promise<URL>;
  /**
   * Makes a user whom a trusted issuer means by a subject, for providers that take identity assertions and do not make users
   * by themselves.
   */
  addIdentity?(issuer: string, subject: string): Promise<void>;
  /**
   * Decides on a device's request as its user. Without it devices are not tried.
   * @param url the request's `verification_uri_complete`
   * @param browser new for each request, pointed at the provider
   */
  decideOnDevice?(url: URL, decision: 'allow' | 'deny', browser: TestBrowser): Promise<void>;
  /**
   * Makes an initial access token that is good for so many clients, as an administrator would: for providers that implement
   * `registerInvitedClient`. Without it such tokens are tried only where they are wrong.
   */
  invite?(uses: number): Promise<string>;
  /** Approves a client that waits, as an administrator would: for providers that implement `registerPendingClient`. */
  approveClient?(clientId: ClientId): Promise<void>;
  /** All that the store holds, as text, to be searched for secrets. Without it nothing is searched. */
  dumpStorage?(): Promise<string>;
  close?(): Promise<void>;
}

/** Makes a provider for one case. */
export type CreateHarness = (request: HarnessRequest) => Harness | Promise<Harness>;

/** What a case needs different from the usual fixture. */
export interface Fixture {
  readonly options?: Partial<OAuthProviderOptions>;
  readonly environment?: Omit<ProviderEnvironment, 'clock' | 'lifetimes' | 'onEvent'>;
  readonly lifetimes?: Partial<Lifetimes>;
}

const second = 1000;
const minute = 60 * second;

/** Lifetimes of the fixture, in milliseconds. */
export const fixtureLifetimes: Lifetimes = {
  pushedRequest: minute,
  authorizationCode: minute,
  deviceCode: 10 * minute,
  accessToken: 10 * minute,
  refreshToken: 60 * minute,
  refreshTokenAbsolute: 180 * minute,
  refreshTokenGrace: 30 * second,
};

/** The server of the fixture: scopes `read` and `write`, of which every request needs `read`. */
export const fixtureOptions: OAuthProviderOptions = {
  baseUrl: 'https://mcp.example.com',
  clientRegistration: { enabled: true, validScopes: ['read', 'write'], defaultScopes: ['read'] },
  requiredScopes: ['read'],
};

export const fixtureScopes: NonNullable<ProviderEnvironment['scopes']> = {
  read: { title: 'Read notes', tools: ['list_notes'] },
  write: { title: 'Write notes', tools: ['add_note'] },
};
