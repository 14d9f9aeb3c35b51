import { OAuthError, type OAuthErrorOptions } from '../../core/errors.ts';

/** What a client is told whose id, or the document behind it, cannot be used: nothing about the inside of this network. */
export function unusable(description: string, options: Pick<OAuthErrorOptions, 'hint' | 'detail'> = {}): OAuthError {
  return new OAuthError('invalid_client', description, { status: 400, ...options });
}
