import { AlreadySpentError, type OAuthError } from '../../core/errors.ts';
import type { AuthorizationCode, DeviceCode, RefreshToken } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/** How the reuse of a code or token of one kind is told. */
export interface ReplayTold {
  readonly name: 'code.replayed' | 'token.reused';
  readonly reason?: string;
  /** The answer to who came second. */
  readonly refusal: () => OAuthError;
}

/**
 * What the failure to spend a code or refresh token is answered with. Where it was spent already, all that its first use
 * opened is revoked: one of two holders stole it, and which one cannot be told, so both lose.
 * @returns what to throw: `error` itself where it is another failure
 * @see RFC 9700 §4.14.2
 */
export async function endReplayed(
  error: unknown,
  record: AuthorizationCode | DeviceCode | RefreshToken,
  { refusal, ...event }: ReplayTold,
  provider: OAuthProvider,
): Promise<unknown> {
  if (!(error instanceof AlreadySpentError)) return error;
  await provider.revokeToken(record);
  const { clientId, grantId, subject } = record.grant;
  provider.report({ ...event, clientId, grantId, subject });
  return refusal();
}
