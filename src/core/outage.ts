import { OAuthError } from './errors.ts';

/** A failure whose cause may pass, such as a full disk. Thrown by a store, it is answered with 503 instead of 500. */
export interface Outage extends Error {
  /** When to try again. */
  readonly retryAfterSeconds: number;
}

/**
 * How a failure that is the server's own is answered: `temporarily_unavailable` with `Retry-After` where its cause may
 * pass, otherwise `server_error`. Nothing of the failure itself is told.
 * @see RFC 9110 §15.6.4
 */
export function failureAnswer(failure: unknown): OAuthError {
  if (!isOutage(failure)) {
    return new OAuthError('server_error', 'the server could not process the request; try again later');
  }
  const seconds = failure.retryAfterSeconds;
  return new OAuthError('temporarily_unavailable', `the server cannot do this now; try again in ${seconds} seconds`, {
    headers: { 'retry-after': String(seconds) },
  });
}

function isOutage(failure: unknown): failure is Outage {
  return failure instanceof Error && 'retryAfterSeconds' in failure && typeof failure.retryAfterSeconds === 'number';
}
