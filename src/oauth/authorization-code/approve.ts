import { hashSecret } from '../../core/hash.ts';
import { type Random, randomSecret } from '../../core/random.ts';
import type { AuthorizationCode } from '../../core/records.ts';
import { type ApprovedAuthorization, approvedGrant } from '../token/approved-grant.ts';
import { ValidatedRedirectUri } from './redirect-uri.ts';
import type { AuthorizeRequest } from './request.ts';

export interface IssuedCode {
  /** To be stored. The code itself is in `redirectTo` only. */
  readonly record: AuthorizationCode;
  /** Where the browser goes next: the client's redirect URI with `code`, `state` and `iss`. */
  readonly redirectTo: string;
}

/**
 * Turns an approved request into an authorization code: the record to store and the address to redirect to.
 * @param lifetime of the code, in milliseconds
 * @throws TypeError where the request's redirect URI was not validated
 * @see OAuth 2.1 §4.1.2, RFC 9207 §2
 */
export function issueCode(
  request: AuthorizeRequest,
  approval: ApprovedAuthorization,
  using: { readonly random: Random; readonly now: number; readonly lifetime: number; readonly issuer: string },
): IssuedCode {
  ValidatedRedirectUri.assert(request.redirectUri);
  const code = randomSecret(using.random);
  const { client, scopes, resource } = request;
  const grant = approvedGrant({ clientId: client.clientId, scopes, resource }, approval, using);
  return {
    record: {
      kind: 'authorization_code',
      hash: hashSecret(code),
      grant,
      redirectUri: request.redirectUri.toString(),
      redirectUriWasSent: request.redirectUriWasSent,
      codeChallenge: request.codeChallenge,
      expiresAt: using.now + using.lifetime,
      ...(request.keyThumbprint === undefined ? {} : { keyThumbprint: request.keyThumbprint }),
    },
    redirectTo: request.redirectUri.with({ code, state: request.state, iss: using.issuer }),
  };
}
