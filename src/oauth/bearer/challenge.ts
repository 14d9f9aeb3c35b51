import type { OAuthErrorCode } from '../../core/errors.ts';
import { formatScope } from '../../core/scopes.ts';
import { textResponse } from '../../core/text-response.ts';

export interface Challenge {
  readonly error?: Extract<OAuthErrorCode, 'invalid_token' | 'insufficient_scope' | 'invalid_request'>;
  readonly description?: string;
  /** The scopes that the request needs, all of them. */
  readonly scopes: readonly string[];
  readonly resourceMetadataUrl: string;
}

/**
 * A `WWW-Authenticate` value for the Bearer scheme.
 * @see RFC 6750 §3, RFC 9728 §5.1
 */
export function bearerChallenge(challenge: Challenge): string {
  const parameters: [string, string | undefined][] = [
    ['error', challenge.error],
    ['error_description', challenge.description],
    ['scope', challenge.scopes.length > 0 ? formatScope(challenge.scopes) : undefined],
    ['resource_metadata', challenge.resourceMetadataUrl],
  ];
  const present = parameters.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `Bearer ${present.map(([name, value]) => `${name}="${value.replace(/[^\x20-\x7e]|["\\]/g, "'")}"`).join(', ')}`;
}

// Read by developers, and by people who open the MCP endpoint in a browser.
const missingToken = 'an access token is required; an MCP client that is given this address obtains one';

/**
 * The whole response to a request that may not pass. 401 where the token is missing or invalid, 403 where it lacks scope.
 * @see RFC 6750 §3.1
 */
export function challengeResponse(challenge: Challenge): Response {
  const status = challenge.error === 'insufficient_scope' ? 403 : challenge.error === 'invalid_request' ? 400 : 401;
  // RFC 6750 §3.1: a request without any credentials is told how to authenticate and no error code.
  const body =
    challenge.error === undefined
      ? { error: 'invalid_token', error_description: missingToken }
      : { error: challenge.error, error_description: challenge.description };
  return textResponse(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'www-authenticate': bearerChallenge(challenge),
      'access-control-expose-headers': 'WWW-Authenticate',
    },
  });
}
