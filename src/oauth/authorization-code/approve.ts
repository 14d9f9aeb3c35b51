import { hashSecret } from '../../core/hash.ts';
import type { GrantId, Subject } from '../../core/ids.ts';
import { type Random, randomId, randomSecret } from '../../core/random.ts';
import type { AuthorizationCode, Grant, GrantDetails } from '../../core/records.ts';
import { ValidatedRedirectUri } from './redirect-uri.ts';
import type { AuthorizeRequest } from './request.ts';

/** What the user decided. */
export interface ApprovedAuthorization extends Pick<GrantDetails, 'acr' | 'amr'> {
  readonly subject: Subject;
  /** The scopes granted: those asked for, or fewer. */
  readonly scopes: readonly string[];
  /** When the user signed in, milliseconds since the epoch. */
  readonly authenticatedAt: number;
}

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
  const grant: Grant = {
    grantId: randomId(using.random) as GrantId,
    clientId: request.client.clientId,
    subject: approval.subject,
    scopes: approval.scopes.filter((scope) => request.scopes.includes(scope)),
    resource: request.resource,
    authenticatedAt: approval.authenticatedAt,
    approvedAt: using.now,
    ...(approval.acr === undefined ? {} : { acr: approval.acr }),
    ...(approval.amr === undefined ? {} : { amr: approval.amr }),
  };
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
