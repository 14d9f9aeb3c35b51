/** Every OAuth error code that Portcullis can answer, as registered with IANA. */
export const oauthErrorCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'authorization_pending',
  'slow_down',
  'expired_token',
  'request_not_supported',
  'request_uri_not_supported',
  'invalid_request_uri',
  'unmet_authentication_requirements',
  'login_required',
  'consent_required',
  'interaction_required',
  'invalid_redirect_uri',
  'invalid_client_metadata',
  'invalid_software_statement',
  'unapproved_software_statement',
  'invalid_token',
  'insufficient_scope',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'insufficient_user_authentication',
] as const;

export type OAuthErrorCode = (typeof oauthErrorCodes)[number];

export interface OAuthErrorOptions {
  /** HTTP status where the error is answered directly; 400 unless the code has another. */
  readonly status?: number;
  /** Name of the request's parameter whose value is at fault, where the page for a person depends on it. Never sent. */
  readonly parameter?: string;
  /** For the operator: what to change. Never sent. */
  readonly hint?: string;
  /** For the log: facts without secrets. Never sent. */
  readonly detail?: unknown;
  /** Extra response headers, such as `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A protocol error. `description` is for the client's developer and is sent as `error_description`;
 * `hint` is for the operator and `detail` for the log.
 * @see RFC 6749 §5.2
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;
  readonly description: string;
  readonly status: number;
  readonly parameter: string | undefined;
  readonly hint: string | undefined;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(`${code}: ${description}`);
    this.code = code;
    this.description = printable(description);
    this.status = options.status ?? statusOf(code);
    this.parameter = options.parameter;
    this.hint = options.hint;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

/**
 * Thrown by a subclass of `OAuthProvider` when a code or refresh token turns out to be spent already:
 * the base class then revokes what the first use opened and answers `invalid_grant`.
 * @see RFC 9700 §4.14.2
 */
export class AlreadySpentError extends Error {
  override readonly name = 'AlreadySpentError';
}

function statusOf(code: OAuthErrorCode): number {
  switch (code) {
    case 'invalid_client':
    case 'invalid_token':
    case 'login_required':
    case 'insufficient_user_authentication':
      return 401;
    case 'access_denied':
    case 'insufficient_scope':
      return 403;
    case 'server_error':
      return 500;
    case 'temporarily_unavailable':
      return 503;
    case 'invalid_request':
    case 'invalid_grant':
    case 'unauthorized_client':
    case 'unsupported_grant_type':
    case 'unsupported_response_type':
    case 'invalid_scope':
    case 'invalid_target':
    case 'authorization_pending':
    case 'slow_down':
    case 'expired_token':
    case 'request_not_supported':
    case 'request_uri_not_supported':
    case 'invalid_request_uri':
    case 'unmet_authentication_requirements':
    case 'consent_required':
    case 'interaction_required':
    case 'invalid_redirect_uri':
    case 'invalid_client_metadata':
    case 'invalid_software_statement':
    case 'unapproved_software_statement':
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return 400;
  }
}

// RFC 6749 §5.2: error_description holds %x20-21 / %x23-5B / %x5D-7E only.
function printable(text: string): string {
  return text
    .replace(/["\\]/g, "'")
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 500);
}
