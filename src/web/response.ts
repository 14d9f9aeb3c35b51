import { hash } from 'node:crypto';
import { textResponse } from '../core/text-response.ts';
import type { Html } from './markup.ts';
import { styles } from './styles.ts';

/** The CSP source expression of the one inline style sheet. */
export const styleSource = `'sha256-${hash('sha256', styles, 'base64')}'`;

export interface HtmlResponseOptions {
  /** Default: 200. */
  readonly status?: number;
  /**
   * Where a form of the page may end besides this server, as CSP sources. Browsers built on Chromium and WebKit hold every
   * redirect that follows a submission to it, also those that the client's callback makes. `unrestricted` leaves the
   * directive out: for pages whose form may end at a client. Default: nowhere else.
   */
  readonly formAction?: readonly string[] | 'unrestricted';
  /** Complete `Set-Cookie` values. */
  readonly setCookies?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A page with the headers that all pages have.
 * @see https://www.w3.org/TR/CSP3/
 */
export function htmlResponse(page: Html, options: HtmlResponseOptions = {}): Response {
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy(options.formAction ?? []),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // `no-referrer` would make browsers send `Origin: null` with our own forms (Fetch, "append a request Origin header").
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // Web clients open this server in a pop-up, and their callback reports to `window.opener`. Any other value cuts that
    // link for good, even for the callback's own page.
    'cross-origin-opener-policy': 'unsafe-none',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...options.headers,
  });
  for (const cookie of options.setCookies ?? []) headers.append('set-cookie', cookie);
  return textResponse(String(page), { status: options.status ?? 200, headers });
}

/** A redirect that turns a POST into a GET and is not cached. */
export function seeOther(location: string, options: { readonly setCookies?: readonly string[] } = {}): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store', 'referrer-policy': 'same-origin' });
  for (const cookie of options.setCookies ?? []) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

/**
 * The narrowest CSP source that lets a form end at a redirect URI: its origin, or its scheme where it has no host.
 * Hosts that a CSP cannot name are covered by port (IPv6 literals) or by scheme.
 * @throws TypeError where it is not an absolute URL
 */
export function formActionSource(redirectUri: string): string {
  const url = new URL(redirectUri);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return url.protocol;
  if (url.hostname.startsWith('[')) return `${url.protocol}//*${url.port === '' ? '' : `:${url.port}`}`;
  // URL hosts may hold `;` and `,`, which would start another directive or policy.
  return /^[a-z0-9._-]+$/.test(url.hostname) ? url.origin : url.protocol;
}

function contentSecurityPolicy(formAction: readonly string[] | 'unrestricted'): string {
  const directives = [
    "default-src 'none'",
    `style-src ${styleSource}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  if (formAction !== 'unrestricted') directives.push(["form-action 'self'", ...formAction].join(' '));
  return directives.join('; ');
}
