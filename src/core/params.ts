import { OAuthError } from './errors.ts';
import { maximumFormBytes, mediaType, readBody } from './http.ts';

const maximumParameters = 64;
const maximumValueLength = 16_384;
const controlCharacters = /\p{Cc}/u;

/**
 * Request parameters after the checks that hold for every OAuth endpoint: each at most once, bounded in
 * number and length, no control characters, valid UTF-8. An empty value counts as absent.
 * @see RFC 6749 §3.1
 */
export class Params {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /**
   * Parses an `application/x-www-form-urlencoded` string: a query or a form body.
   * @param most how many parameters there may be
   * @throws OAuthError `invalid_request` naming the offending parameter
   */
  static parse(encoded: string, most = maximumParameters): Params {
    // Counted before it is parsed: `URLSearchParams` takes time in the square of the number of names without a value.
    if (encoded.split('&', most + 1).length > most) {
      throw new OAuthError('invalid_request', `more than ${most} parameters`);
    }
    const values = new Map<string, string>();
    const seen = new Set<string>();
    // A question mark at the beginning is part of the first name; `URLSearchParams` would take it for a query's own.
    for (const [name, value] of new URLSearchParams(encoded.startsWith('?') ? `?${encoded}` : encoded)) {
      // RFC 6749 §3.1: parameters MUST NOT be included more than once. RFC 8707 §2 allows several `resource`; this server has one per token.
      if (seen.has(name)) {
        throw new OAuthError('invalid_request', `parameter '${nameForHumans(name)}' is sent more than once`);
      }
      seen.add(name);
      if (value.length > maximumValueLength) {
        throw new OAuthError(
          'invalid_request',
          `parameter '${nameForHumans(name)}' is longer than ${maximumValueLength} characters`,
        );
      }
      if (controlCharacters.test(name) || controlCharacters.test(value)) {
        throw new OAuthError('invalid_request', `parameter '${nameForHumans(name)}' contains control characters`);
      }
      if (value.includes('\ufffd') || name.includes('\ufffd')) {
        throw new OAuthError('invalid_request', `parameter '${nameForHumans(name)}' is not valid UTF-8`);
      }
      // RFC 6749 §3.1: parameters sent without a value are treated as omitted.
      if (value !== '') values.set(name, value);
    }
    return new Params(values);
  }

  /**
   * Reads and parses the body of a form post.
   * @param limit of the body, in bytes
   * @throws OAuthError `invalid_request` for another content type or a malformed body, with status 413 for a longer one
   */
  static async ofForm(request: Request, limit = maximumFormBytes): Promise<Params> {
    if (mediaType(request) !== 'application/x-www-form-urlencoded') {
      throw new OAuthError('invalid_request', 'send the parameters as application/x-www-form-urlencoded');
    }
    return Params.parse(await readBody(request, limit));
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** @throws OAuthError `invalid_request` naming the parameter when it is absent */
  require(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new OAuthError('invalid_request', `parameter '${name}' is required`);
    return value;
  }

  /** The parameters again, form-encoded, but for those left out. */
  encodedWithout(left: readonly string[]): string {
    return new URLSearchParams([...this.#values].filter(([name]) => !left.includes(name))).toString();
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }
}

function nameForHumans(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
}
