/** Reads and writes the cookies of one deployment. */
export interface Cookies {
  /** Whether cookies carry `Secure` and the `__Host-` prefix: the base URL is https. */
  readonly secure: boolean;
  /** The full name of a cookie, see `cookieName`. */
  name(base: string): string;
  /** The first value of a cookie in the request. */
  read(request: Request, base: string): string | undefined;
  /** The bases of the request's cookies of this deployment that begin so, in the order sent: browsers send the oldest first. */
  basesOf(request: Request, start: string): string[];
  /** A `Set-Cookie` value. Without `maxAgeSeconds` the cookie ends with the browser session. */
  set(base: string, value: string, options?: { readonly maxAgeSeconds?: number }): string;
  /** A `Set-Cookie` value that removes the cookie. */
  clear(base: string): string;
}

/**
 * The name of a cookie: with the `__Host-` prefix over https, and with the port where the base URL names one, because
 * browsers share cookies between all ports of a host.
 * @see RFC 6265bis §4.1.3.2
 */
export function cookieName(base: string, baseUrl: string): string {
  const url = new URL(baseUrl);
  const port = url.port === '' ? '' : `-${url.port}`;
  return `${url.protocol === 'https:' ? '__Host-' : ''}${base}${port}`;
}

/**
 * Parses a `Cookie` header; the first of equal names wins. Only blanks and tabs are stripped: browsers keep what else
 * looks like white space as part of the name, where it hides a `__Host-` prefix from them, and a sibling domain sets it.
 */
export function parseCookies(header: string | null): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? '').split(';')) {
    const separator = pair.indexOf('=');
    if (separator < 1) continue;
    const name = stripped(pair.slice(0, separator));
    if (name !== '' && !cookies.has(name)) cookies.set(name, stripped(pair.slice(separator + 1)));
  }
  return cookies;
}

function stripped(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/** Cookies for a deployment: always `HttpOnly`, `SameSite=Lax`, `Path=/`, and `Secure` exactly where the base URL is https. */
export function createCookies(baseUrl: string): Cookies {
  const secure = new URL(baseUrl).protocol === 'https:';
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  const name = (base: string) => cookieName(base, baseUrl);
  return {
    secure,
    name,
    read: (request, base) => parseCookies(request.headers.get('cookie')).get(name(base)),
    basesOf(request, start) {
      const [before = '', after = ''] = name('\0').split('\0');
      return [...parseCookies(request.headers.get('cookie')).keys()]
        .filter((full) => full.startsWith(before + start) && full.endsWith(after))
        .map((full) => full.slice(before.length, full.length - after.length));
    },
    set(base, value, options = {}) {
      if (!/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(value)) {
        throw new TypeError(`the value of cookie '${base}' has characters that RFC 6265 §4.1.1 does not allow`);
      }
      const maxAge = options.maxAgeSeconds === undefined ? '' : `; Max-Age=${Math.floor(options.maxAgeSeconds)}`;
      return `${name(base)}=${value}${attributes}${maxAge}`;
    },
    clear: (base) => `${name(base)}=${attributes}; Max-Age=0`,
  };
}
