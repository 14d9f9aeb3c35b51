import { OAuthError } from '../../core/errors.ts';
import type { Client } from '../../core/records.ts';

const loopbackUri = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?((?:[/?].*)?)$/;

/**
 * Proof that a redirect URI is one of the client's. Nothing else is ever redirected to.
 * @see RFC 9700 §4.1.3
 */
export class ValidatedRedirectUri {
  readonly #uri: string;

  private constructor(uri: string) {
    this.#uri = uri;
  }

  /**
   * Matches what the request names, byte for byte, with what the client registered. For loopback hosts the port may
   * differ. An omitted URI stands for the only registered one.
   * @throws OAuthError `invalid_request`; such an error must be shown, never redirected
   * @see RFC 9700 §2.1, RFC 8252 §7.3
   */
  static match(client: Client, requested: string | undefined): ValidatedRedirectUri {
    if (requested === undefined) {
      const [only, ...others] = client.redirectUris;
      if (only === undefined || others.length > 0) {
        throw new OAuthError(
          'invalid_request',
          `redirect_uri is required: the client registered ${client.redirectUris.length} of them`,
        );
      }
      return new ValidatedRedirectUri(only);
    }
    if (client.redirectUris.some((registered) => matches(registered, requested)))
      return new ValidatedRedirectUri(requested);
    throw new OAuthError(
      'invalid_request',
      'redirect_uri is not registered for this client; it must match character by character (the port of a loopback address may differ)',
      { parameter: 'redirect_uri' },
    );
  }

  /** @throws TypeError for anything that `match` did not make */
  static assert(value: ValidatedRedirectUri): void {
    if (!(#uri in value)) throw new TypeError('only a ValidatedRedirectUri may be redirected to');
  }

  toString(): string {
    return this.#uri;
  }

  /** The address to send the browser to: the URI kept byte for byte, the parameters appended to its query. */
  with(parameters: Readonly<Record<string, string | undefined>>): string {
    const appended = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) appended.set(name, value);
    const query = this.#uri.indexOf('?');
    const separator = query === -1 ? '?' : query === this.#uri.length - 1 || this.#uri.endsWith('&') ? '' : '&';
    return `${this.#uri}${separator}${appended}`;
  }
}

function matches(registered: string, requested: string): boolean {
  if (registered === requested) return true;
  const a = loopbackUri.exec(registered);
  const b = loopbackUri.exec(requested);
  if (a === null || b === null) return false;
  return a[1] === b[1] && a[3] === b[3] && (b[2] === undefined || isPort(b[2]));
}

function isPort(digits: string): boolean {
  const port = Number(digits);
  return port >= 1 && port <= 65_535;
}
