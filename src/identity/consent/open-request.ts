import { hashSecret } from '../../core/hash.ts';
import type { SecretHash } from '../../core/ids.ts';
import { randomSecret } from '../../core/random.ts';
import { type Cookies, createCookies } from '../../web/cookies.ts';
import { PageError } from '../page.ts';
import type { IdentityServices } from '../services.ts';
import type { PendingRequest } from './pending-requests.ts';

/** A request that waits for a decision, and the one browser that may make it. */
export interface OpenRequest {
  readonly pending: PendingRequest;
  /** Of the secret that this browser has for this request. */
  readonly browserHash: SecretHash;
  /** `Set-Cookie` values to send with a page that asks. */
  readonly setCookies: readonly string[];
  /** `Set-Cookie` values to send once the request is finished. */
  readonly clearCookies: readonly string[];
}

const cookieStart = 'portcullis-request-';

/** How many unfinished requests one browser can have; with more cookies of them the server could not be reached any more. */
const maximumRequests = 16;

/**
 * Finds a pending request for the browser that asks. The first browser that opens it gets a secret, and from then on no
 * other one may go on with it.
 * @param id as in the page's address or form
 * @throws PageError where the request is finished, has expired, or is another browser's
 */
export async function openRequest(id: string, request: Request, services: IdentityServices): Promise<OpenRequest> {
  const { provider, requests } = services;
  const pending = await requests.find(id);
  if (pending === undefined) throw finishedOrExpired(services);
  const cookies = createCookies(provider.settings.baseUrl);
  const cookieBase = `${cookieStart}${pending.hash.slice(0, 16)}`;
  const sent = cookies.read(request, cookieBase);
  const secret = sent ?? randomSecret(provider.random);
  const browserHash = hashSecret(secret);
  const mayBind = sent !== undefined || request.method === 'GET';
  if (!mayBind || !(await requests.bind(pending, browserHash))) throw otherBrowser();
  const maxAgeSeconds = requests.lifetime / 1000;
  return {
    pending: { ...pending, browserHash },
    browserHash,
    setCookies:
      sent === undefined ? [...surplus(request, cookies), cookies.set(cookieBase, secret, { maxAgeSeconds })] : [],
    clearCookies: [cookies.clear(cookieBase)],
  };
}

/** `Set-Cookie` values that give the oldest requests of a browser up, where one more would be too many. */
function surplus(request: Request, cookies: Cookies): string[] {
  const open = cookies
    .basesOf(request, cookieStart)
    .filter((base) => /^[\w-]{16}$/.test(base.slice(cookieStart.length)));
  return open.slice(0, Math.max(0, open.length - maximumRequests + 1)).map((base) => cookies.clear(base));
}

/** For whoever comes with a request that waits no more. */
export function finishedOrExpired({ paths }: IdentityServices): PageError {
  return new PageError(400, {
    title: 'This request is finished or has expired',
    message: 'It was answered already, waited too long, or its app is no longer registered.',
    next: 'If the app is not connected, go back to it and connect again.',
    link: { url: paths.signIn, label: 'Sign in to your account' },
  });
}

function otherBrowser(): PageError {
  return new PageError(403, {
    title: 'This request belongs to another browser',
    message: 'It was started in another browser, or this browser refuses cookies. Nothing was done.',
    next: 'Go back to the app and connect again, in this browser.',
  });
}
