import { OAuthError } from '../../core/errors.ts';
import type { Params } from '../../core/params.ts';
import { type AcrValues, isRecent, type SignIn, type SignInDemand } from '../../core/sign-in-demand.ts';

/** What an authorization request says of the sign-in that it needs. */
export interface RequestedSignIn {
  /** When the request came, milliseconds since the epoch. */
  readonly receivedAt: number;
  /**
   * How long before that the user may have signed in at most, in milliseconds: what the client asked for, or less where a
   * scope demands it; 0 for `prompt=login` and `select_account`. Absent: however long.
   */
  readonly maxAge?: number;
  /** The ways of signing in that will do, the weakest first. Absent: all. */
  readonly acrValues?: readonly string[];
}

/**
 * Reads `max_age` and `acr_values`, and adds what the scopes demand anyway: a token that falls short of it would be refused
 * where it is used, and the client sent back here.
 * @param demanded by the requested scopes
 * @param prompts of the request
 * @throws OAuthError `invalid_request`, or `unmet_authentication_requirements` where no way of signing in is that strong
 * @see OpenID Connect Core §3.1.2.1, RFC 9470 §5
 */
export function requestedSignIn(
  params: Params,
  demanded: SignInDemand | undefined,
  prompts: readonly string[],
  known: AcrValues,
  now: number,
): RequestedSignIn {
  const limits = [
    requestedMaxAge(params),
    demanded?.maxAgeSeconds,
    prompts.includes('login') || prompts.includes('select_account') ? 0 : undefined,
  ].filter((seconds) => seconds !== undefined);
  const acrValues = requestedAcrValues(params, demanded, known);
  return {
    receivedAt: now,
    ...(limits.length === 0 ? {} : { maxAge: Math.min(...limits) * 1000 }),
    ...(acrValues === undefined ? {} : { acrValues }),
  };
}

function requestedMaxAge(params: Params): number | undefined {
  const value = params.get('max_age');
  if (value === undefined) return undefined;
  if (!/^\d{1,10}$/.test(value))
    throw new OAuthError('invalid_request', 'max_age must be a number of seconds: digits only, 10 at most');
  return Number(value);
}

function requestedAcrValues(
  params: Params,
  demanded: SignInDemand | undefined,
  known: AcrValues,
): readonly string[] | undefined {
  const asked = (params.get('acr_values') ?? '').split(' ').filter((value) => value !== '');
  const weakest = known.all.find((value) => asked.includes(value));
  if (asked.length > 0 && weakest === undefined) {
    const have = known.all.length === 0 ? 'tells no two ways of signing in apart' : `has ${known.all.join(' ')}`;
    throw new OAuthError('unmet_authentication_requirements', `none of the acr_values can be had: this server ${have}`);
  }
  const needed = known.strictest([{ ...(weakest === undefined ? {} : { acr: weakest }) }, demanded])?.acr;
  return needed === undefined ? undefined : known.atLeast(needed);
}

/** Whether a sign-in is recent enough for a request. @param now milliseconds since the epoch */
export function isRecentEnough(
  { receivedAt, maxAge }: RequestedSignIn,
  { authenticatedAt }: SignIn,
  now: number,
): boolean {
  return maxAge === undefined || isRecent(authenticatedAt, receivedAt - maxAge, now);
}

/** Whether a sign-in is strong enough for a request. */
export function isStrongEnough({ acrValues }: RequestedSignIn, { acr }: SignIn): boolean {
  return acrValues === undefined || (acr !== undefined && acrValues.includes(acr));
}

/**
 * @param now milliseconds since the epoch
 * @throws OAuthError `login_required` or `unmet_authentication_requirements` where the sign-in is not what was asked for
 */
export function assertSignIn(request: RequestedSignIn, signIn: SignIn, now: number): void {
  if (!isRecentEnough(request, signIn, now))
    throw new OAuthError('login_required', 'the user signed in too long ago for this request, and has to do so again');
  if (!isStrongEnough(request, signIn)) throw unmetRequirements();
}

/** @see OpenID Connect Core Error Code unmet_authentication_requirements */
export function unmetRequirements(): OAuthError {
  return new OAuthError(
    'unmet_authentication_requirements',
    'the user cannot sign in in any of the ways that the request asks for',
  );
}
