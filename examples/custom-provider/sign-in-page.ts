import {
  type AuthorizeRequest,
  hashSecret,
  OAuthError,
  type OAuthProvider,
  randomId,
  randomSecret,
  type SecretHash,
  secretMatches,
} from 'portcullis';
import type { Users } from './users.ts';

const patience = 10 * 60_000;
const maximumPending = 10_000;
const maximumAttempts = 5;
const maximumFormLength = 4096;

/** An authorization request whose user is at the page. */
interface Pending {
  readonly request: AuthorizeRequest;
  readonly expiresAt: number;
  /** Hash of the cookie of the one browser that may answer. */
  browser?: SecretHash;
  attempts: number;
}

/** One page that signs the user in and asks for consent. It keeps no session: every approval takes the password. */
export class SignInPage {
  readonly #provider: OAuthProvider;
  readonly #users: Users;
  readonly #approve: (request: AuthorizeRequest, userId: number) => string;
  readonly #url: URL;
  readonly #pending = new Map<string, Pending>();

  /** @param approve issues the code; returns where the browser goes with it */
  constructor(provider: OAuthProvider, users: Users, approve: (request: AuthorizeRequest, userId: number) => string) {
    this.#provider = provider;
    this.#users = users;
    this.#approve = approve;
    this.#url = new URL(`${provider.settings.baseUrl}/sign-in`);
  }

  begin(request: AuthorizeRequest): URL {
    if (request.prompt.includes('none')) throw new OAuthError('login_required', 'the user has to sign in');
    const now = this.#provider.clock.now();
    for (const [id, { expiresAt }] of this.#pending) if (expiresAt <= now) this.#pending.delete(id);
    if (this.#pending.size >= maximumPending)
      throw new OAuthError('temporarily_unavailable', 'too many people are signing in');
    const id = randomId(this.#provider.random);
    this.#pending.set(id, { request, expiresAt: now + patience, attempts: 0 });
    return new URL(`?request=${id}`, this.#url);
  }

  async handle(request: Request): Promise<Response | undefined> {
    const url = new URL(request.url);
    if (url.pathname !== this.#url.pathname) return undefined;
    const fields =
      request.method === 'POST'
        ? new URLSearchParams((await request.text()).slice(0, maximumFormLength))
        : url.searchParams;
    const id = fields.get('request') ?? '';
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.expiresAt <= this.#provider.clock.now())
      return page(400, 'This sign-in has expired.');
    if (pending.browser === undefined) return this.#adopt(id, pending);
    const cookie = new RegExp(`(?:^|; )sign-in-${id}=([\\w-]+)`).exec(request.headers.get('cookie') ?? '')?.[1];
    if (cookie === undefined || !secretMatches(cookie, pending.browser))
      return page(403, 'This sign-in was begun in another browser.');
    return request.method === 'POST' ? this.#answer(id, pending, fields) : form(200, id, pending);
  }

  /** The first browser that asks for the page is the only one that may answer it. */
  #adopt(id: string, pending: Pending): Response {
    const cookie = randomSecret(this.#provider.random);
    pending.browser = hashSecret(cookie);
    const response = form(200, id, pending);
    const attributes = `Max-Age=600; Path=${this.#url.pathname}; HttpOnly; SameSite=Lax${this.#url.protocol === 'https:' ? '; Secure' : ''}`;
    response.headers.set('set-cookie', `sign-in-${id}=${cookie}; ${attributes}`);
    return response;
  }

  async #answer(id: string, pending: Pending, fields: URLSearchParams): Promise<Response> {
    const { redirectUri, state } = pending.request;
    if (fields.get('decision') !== 'approve') {
      this.#pending.delete(id);
      return seeOther(redirectUri.with({ error: 'access_denied', state, iss: this.#provider.settings.issuer }));
    }
    pending.attempts += 1;
    if (pending.attempts > maximumAttempts) return page(429, 'Too many attempts.');
    const userId = await this.#users.signIn(fields.get('email') ?? '', fields.get('password') ?? '');
    if (userId === undefined) return form(401, id, pending);
    return this.#pending.delete(id)
      ? seeOther(this.#approve(pending.request, userId))
      : page(400, 'This was answered already.');
  }
}

function form(status: number, id: string, { request }: Pending): Response {
  const target = new URL(request.redirectUri.toString());
  const destination = target.origin === 'null' ? target.protocol : target.origin;
  const { clientName, clientId } = request.client;
  // Chromium applies form-action to the redirect that answers the form too.
  return page(
    status,
    status === 200 ? '' : 'E-mail or password is wrong.',
    `<p><b>${escaped(clientName ?? clientId)}</b> (not verified) asks for <b>${escaped(request.scopes.join(', '))}</b>. You will be sent to ${escaped(destination)}.
    <form method="post"><input type="hidden" name="request" value="${id}">
    <p><label>E-mail <input name="email" type="email" autocomplete="username"></label>
    <p><label>Password <input name="password" type="password" autocomplete="current-password"></label>
    <p><button name="decision" value="approve">Sign in and allow</button> <button name="decision" value="deny">Deny</button></form>`,
    `form-action 'self' ${destination}`,
  );
}

function page(
  status: number,
  alert: string,
  content = '<p>Start again from the application.',
  policy = "form-action 'none'",
): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title><h1>Sign in</h1><p role="alert">${alert}</p>${content}`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; frame-ancestors 'none'; ${policy}`,
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  };
  return new Response(html, { status, headers });
}

function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
