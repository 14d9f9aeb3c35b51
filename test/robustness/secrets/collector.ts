const secretFields = new Set([
  ...['code', 'code_verifier', 'client_secret', 'refresh_token', 'access_token', 'token', 'request', 'csrf_token'],
  ...['password', 'password_again', 'current_password', 'new_password', 'new_password_again'],
]);
const shortest = 8;

/** An answer that told of an error. */
export interface ErrorAnswer {
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

/** Learns every secret of a run from what goes over the wire, and keeps the error answers to look for them in. */
export class SecretCollector {
  readonly secrets = new Set<string>();
  readonly errors: ErrorAnswer[] = [];
  /** Set while requests put secrets where they do not belong: their answers may repeat them to whoever sent them. */
  isProvoking = false;

  add(secret: string): void {
    if (secret.length >= shortest) this.secrets.add(secret);
  }

  /** Takes an exchange in; to be given to a `Wire`. */
  readonly see = async (request: Request, response: Response, body: string): Promise<void> => {
    if (response.status >= 400 && !this.isProvoking)
      this.errors.push({ url: request.url, status: response.status, body });
    this.#fromFields(new URL(request.url).searchParams);
    this.#fromHeaders(request.headers);
    for (const cookie of response.headers.getSetCookie()) this.add(/=([^;]*)/.exec(cookie)?.[1] ?? '');
    const location = response.headers.get('location');
    if (location !== null) this.#fromFields(new URL(location, request.url).searchParams);
    for (const [, name = '', value = ''] of body.matchAll(/name="([^"]+)" value="([^"]+)"/g)) this.#field(name, value);
    for (const [, name = '', value = ''] of body.matchAll(/"([a-z_]+)":"([^"]+)"/g)) this.#field(name, value);
    const text = await request.clone().text();
    if (!text.startsWith('{')) this.#fromFields(new URLSearchParams(text));
  };

  #fromHeaders(headers: Headers): void {
    const [scheme, credentials = ''] = (headers.get('authorization') ?? '').split(' ');
    this.add(credentials);
    if (scheme === 'Basic')
      this.add(decodeURIComponent(Buffer.from(credentials, 'base64').toString().split(':')[1] ?? ''));
    for (const pair of (headers.get('cookie') ?? '').split('; ')) this.add(pair.slice(pair.indexOf('=') + 1));
  }

  #fromFields(fields: URLSearchParams): void {
    for (const [name, value] of fields) this.#field(name, value);
  }

  #field(name: string, value: string): void {
    if (secretFields.has(name)) this.add(value);
  }
}

/** The secrets that a text gives away, as they are or encoded in one of the usual ways. */
export function secretsIn(text: string, secrets: Iterable<string>): string[] {
  return [...secrets].filter((secret) => {
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString('base64'),
      bytes.toString('base64url'),
      bytes.toString('hex'),
    ];
    return forms.some((form) => text.includes(form));
  });
}
