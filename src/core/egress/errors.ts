/** Why nothing was fetched. */
export const egressErrorCodes = [
  'invalid_url',
  'host_refused',
  'busy',
  'unreachable',
  'aborted',
  'redirected',
  'bad_status',
  'bad_answer',
  'bad_content_type',
  'bad_encoding',
  'too_large',
  'too_slow',
] as const;

export type EgressErrorCode = (typeof egressErrorCodes)[number];

/**
 * A document that was not fetched. `description` may be shown to anybody: whatever went wrong before the other side
 * answered has one text, so that nobody learns from it what is inside this network. `detail` is for the log.
 */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly code: EgressErrorCode;
  readonly description: string;
  /** For the log: facts without secrets. Never sent. */
  readonly detail: string;
  /** Of the answer, where its status is what was wrong. */
  readonly status: number | undefined;
  /** Whether the rules of this server forbade it. For the log: where a name leads inside, the code does not tell. */
  readonly wasRefused: boolean;
  /** Whether the same request may succeed later, with nothing changed at either side. */
  readonly mayPass: boolean;

  constructor(
    code: EgressErrorCode,
    description: string,
    options: {
      readonly detail?: string;
      readonly status?: number;
      readonly cause?: unknown;
      readonly wasRefused?: boolean;
    } = {},
  ) {
    super(`${code}: ${description}`, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.description = description;
    this.detail = options.detail ?? description;
    this.status = options.status;
    this.wasRefused = options.wasRefused ?? ['invalid_url', 'host_refused', 'busy'].includes(code);
    this.mayPass = passes(code, options.status);
  }
}

function passes(code: EgressErrorCode, status: number | undefined): boolean {
  switch (code) {
    case 'busy':
    case 'unreachable':
    case 'aborted':
    case 'bad_answer':
    case 'too_slow':
      return true;
    case 'bad_status':
      // RFC 9110 §15.5.9, §15.6; RFC 6585 §4.
      return status !== undefined && (status === 408 || status === 429 || status >= 500);
    case 'invalid_url':
    case 'host_refused':
    case 'redirected':
    case 'bad_content_type':
    case 'bad_encoding':
    case 'too_large':
      return false;
  }
}

// One text for everything that happens before an answer, whatever it was.
const unreachableText = 'the host cannot be reached, or may not be fetched from';

/** The other side did not answer. */
export function unreachable(detail: string, cause?: unknown): EgressError {
  return new EgressError('unreachable', unreachableText, { detail, ...(cause === undefined ? {} : { cause }) });
}

/** The other side was not asked because of where it is: to the caller, the same. */
export function forbidden(detail: string): EgressError {
  return new EgressError('unreachable', unreachableText, { detail, wasRefused: true });
}
