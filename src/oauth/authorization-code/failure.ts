import type { OAuthError } from '../../core/errors.ts';
import { redirect } from '../../core/http.ts';
import { ValidatedRedirectUri } from './redirect-uri.ts';

/**
 * Where an authorization error goes: shown to the person at the browser, or sent to the client. Only an error that has a
 * `ValidatedRedirectUri` can be redirected.
 * @see RFC 6749 §4.1.2.1
 */
export type AuthorizationFailure =
  | { readonly show: 'page'; readonly error: OAuthError }
  | {
      readonly show: 'redirect';
      readonly error: OAuthError;
      readonly to: ValidatedRedirectUri;
      readonly state?: string;
    };

/**
 * The error redirect to the client.
 * @see RFC 9207 §2
 */
export function redirectWithError(
  to: ValidatedRedirectUri,
  error: OAuthError,
  state: string | undefined,
  issuer: string,
): Response {
  ValidatedRedirectUri.assert(to);
  return redirect(to.with({ error: error.code, error_description: error.description, state, iss: issuer }));
}
