/** A browser for the peers' set-up: keeps cookies and follows redirects within one origin. */
export class Browser {
  readonly #origin: string;
  readonly #cookies = new Map<string, { readonly value: string; readonly path: string }>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** What the browser sends with a request for a path. */
  headersFor(path: string): Readonly<Record<string, string>> {
    const sent = [...this.#cookies].filter(([, cookie]) => path.startsWith(cookie.path));
    return sent.length === 0 ? {} : { Cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; ') };
  }

  async send(url: URL | string, init: RequestInit = {}): Promise<Response> {
    const { href, pathname } = new URL(url, this.#origin);
    const headers = {
      ...Object.fromEntries(new Headers(init.headers)),
      ...this.headersFor(pathname),
      Origin: this.#origin,
    };
    const response = await fetch(href, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    return response;
  }

  /** @returns the first address outside the origin, or the last response inside it */
  async follow(url: URL | string): Promise<URL | Response> {
    let next = new URL(url, this.#origin);
    for (let step = 0; step < 12; step += 1) {
      const response = await this.send(next);
      const location = response.headers.get('location');
      if (location === null) return response;
      await response.body?.cancel();
      next = new URL(location, next);
      if (next.origin !== this.#origin) return next;
    }
    throw new Error('too many redirects');
  }

  #keep(cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(';');
    const name = pair.slice(0, pair.indexOf('=')).trim();
    const value = pair.slice(pair.indexOf('=') + 1).trim();
    const expires = attributes
      .map((attribute) => /^\s*expires=(.*)$/i.exec(attribute)?.[1])
      .find((date) => date !== undefined);
    const gone = value === '' || (expires !== undefined && Date.parse(expires) < Date.now());
    const path =
      attributes.map((attribute) => /^\s*path=(.*)$/i.exec(attribute)?.[1]).find((value) => value !== undefined) ?? '/';
    if (gone) this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path });
  }
}
