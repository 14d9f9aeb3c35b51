import type { OAuthErrorCode } from '../../core/errors.ts';
import { formatScope } from '../../core/scopes.ts';
import { textResponse } from '../../core/text-response.ts';

/** How an access token is sent: by whoever holds it, or by the holder of its key. */
export type TokenScheme = 'Bearer' | 'DPoP';

const challengeErrors = [
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
  'insufficient_user_authentication',
  'invalid_dpop_proof',
  'use_dpop_nonce',
] as const satisfies readonly OAuthErrorCode[];

/** The errors of a resource. @see RFC 6750 §3.1, RFC 9449 §7.1, §9, RFC 9470 §3 */
export type ChallengeError = (typeof challengeErrors)[number];

export function isChallengeError(code: OAuthErrorCode): code is ChallengeError {
  return (challengeErrors as readonly OAuthErrorCode[]).includes(code);
}

export interface Challenge {
  readonly error?: ChallengeError;
  readonly description?: string;
  /** The scopes that the request needs, all of them. */
  readonly scopes: readonly string[];
  readonly resourceMetadataUrl: string;
  /** The ways of signing in of which the request needs one (RFC 9470 §3). */
  readonly acrValues?: readonly string[];
  /** How long ago the user may have signed in at most, in seconds. */
  readonly maxAgeSeconds?: number;
  /** The scheme that all this is said of. Default: Bearer. */
  readonly scheme?: TokenScheme;
  /** The algorithms of proofs. Absent: DPoP is not to be had here. */
  readonly proofAlgorithms?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A `WWW-Authenticate` value. A challenge for Bearer says beside it that DPoP would do; clients that know one scheme only
 * look at the first.
 * @see RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1
 */
export function wwwAuthenticate(challenge: Challenge): string {
  const { scheme = 'Bearer', proofAlgorithms } = challenge;
  const algorithms = proofAlgorithms === undefined ? undefined : proofAlgorithms.join(' ');
  const own = authScheme(scheme, [
    ['error', challenge.error],
    ['error_description', challenge.description],
    ['scope', challenge.scopes.length > 0 ? formatScope(challenge.scopes) : undefined],
    ['acr_values', challenge.acrValues?.join(' ')],
    ['max_age', challenge.maxAgeSeconds?.toString()],
    ['resource_metadata', challenge.resourceMetadataUrl],
    ['algs', scheme === 'DPoP' ? algorithms : undefined],
  ]);
  return scheme === 'DPoP' || algorithms === undefined ? own : `${own}, ${authScheme('DPoP', [['algs', algorithms]])}`;
}

function authScheme(scheme: TokenScheme, parameters: readonly [string, string | undefined][]): string {
  const present = parameters.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${scheme} ${present.map(([name, value]) => `${name}="${value.replace(/[^\x20-\x7e]|["\\]/g, "'")}"`).join(', ')}`;
}

// Read by developers, and by people who open the MCP endpoint in a browser.
const missingToken = 'an access token is required; an MCP client that is given this address obtains one';

/**
 * The whole response to a request that may not pass. 401 where the token or its proof is missing or invalid, or its user has
 * to sign in again, 403 where it lacks scope.
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
      ...challenge.headers,
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'www-authenticate': wwwAuthenticate(challenge),
      'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce',
    },
  });
}
