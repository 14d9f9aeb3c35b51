import { OAuthError } from '../../core/errors.ts';

/** The token of `Authorization: Bearer`: an initial or a registration access token. @see RFC 6750 §2.1 */
export function bearerTokenOf({ headers }: Request): string | undefined {
  return /^bearer +([\w.~+/-]{1,500}=*)$/i.exec(headers.get('authorization') ?? '')?.[1];
}

/** @see RFC 7592 §2: a registration access token that is wrong, or of a client that is gone, is 401. */
export function bearerRefusal(description: string): OAuthError {
  return new OAuthError('invalid_token', description, {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  });
}
