import { OAuthError } from '../../core/errors.ts';
import { requestPath } from '../../core/http.ts';
import type { ResourceUri } from '../../core/ids.ts';
import type { AccessToken } from '../../core/records.ts';
import { originOf } from '../../core/urls.ts';
import type { Gate } from '../token/gate.ts';
import type { ProvenKey } from '../token/sender-constraint.ts';
import type { TokenScheme } from './challenge.ts';
import { VerifiedAccessToken } from './verified-access-token.ts';

/** An access token as it came, and how. */
export interface PresentedToken {
  readonly scheme: TokenScheme;
  readonly token: string;
}

/**
 * The token of the `Authorization` header; any other place counts as absent, and so does the DPoP scheme where the
 * provider does not know it.
 * @returns `undefined` where there is none, an `invalid_request` where the header has something else after the scheme's name
 * @see RFC 6750 §2.1, RFC 9449 §7.1
 */
export function presentedToken(headers: Headers, provider: Gate): PresentedToken | OAuthError | undefined {
  const [, name, rest = ''] = /^(bearer|dpop) +(\S.*)$/i.exec(headers.get('authorization') ?? '') ?? [];
  if (name === undefined) return undefined;
  const scheme = name.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer';
  if (scheme === 'DPoP' && provider.senderConstraint === undefined) return undefined;
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(rest))
    return new OAuthError('invalid_request', `Authorization must be ${scheme} and one access token`);
  return { scheme, token: rest };
}

/** A token that may pass, with what is still to be said to its client. */
export interface AdmittedToken {
  readonly token: VerifiedAccessToken;
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** The same token, verified once more; `undefined` where it has expired or was revoked meanwhile. */
  readonly again: () => Promise<VerifiedAccessToken | undefined>;
}

/** Why a token may not pass, and the scheme of the one that would. */
export interface RefusedToken {
  readonly token?: undefined;
  readonly error: OAuthError;
  readonly scheme: TokenScheme;
}

/**
 * Decides whether a request may use the token that it presents, in this order: alive and for this resource → the scheme
 * is the one that it was issued for → the key that it is bound to is proved.
 * @see RFC 9449 §7.1, §7.2
 */
export async function admitToken(
  request: Request,
  { scheme, token }: PresentedToken,
  resource: ResourceUri,
  provider: Gate,
): Promise<AdmittedToken | RefusedToken> {
  const record = await provider.verifyToken(token, resource);
  // No proof is looked at for a token that is worth nothing anyway.
  if (record === undefined || !VerifiedAccessToken.isAlive(record, resource, provider.clock.now()))
    return { error: unusableToken(), scheme };
  const wrongScheme = schemeRefusal(scheme, record, provider);
  if (wrongScheme !== undefined) return { error: wrongScheme, scheme: 'DPoP' };
  let proven: ProvenKey | undefined;
  try {
    proven = await provenKey(request, token, record, provider);
  } catch (error) {
    if (error instanceof OAuthError) return { error, scheme };
    throw error;
  }
  const check = (found: AccessToken | undefined) =>
    VerifiedAccessToken.check(found, token, resource, provider.clock.now(), proven?.keyThumbprint);
  const verified = check(record);
  if (verified === undefined) return { error: unusableToken(), scheme };
  return {
    token: verified,
    responseHeaders: proven?.responseHeaders ?? {},
    again: async () => check(await provider.verifyToken(token, resource)),
  };
}

/** The refusal of a token that is worth nothing: why concerns nobody who holds it. */
export function unusableToken(): OAuthError {
  return new OAuthError(
    'invalid_token',
    'the access token is unknown, expired, revoked, or was issued for another resource',
  );
}

function schemeRefusal(
  scheme: TokenScheme,
  { keyThumbprint }: AccessToken,
  { senderConstraint }: Gate,
): OAuthError | undefined {
  switch (scheme) {
    case 'DPoP':
      return keyThumbprint === undefined
        ? new OAuthError('invalid_token', 'the access token is bound to no key: send it as Authorization: Bearer')
        : undefined;
    case 'Bearer':
      if (keyThumbprint !== undefined)
        return new OAuthError(
          'invalid_token',
          'the access token is bound to a key: send it as Authorization: DPoP, with a proof in the DPoP header',
        );
      return senderConstraint?.isRequired === true
        ? new OAuthError('invalid_token', 'this server takes no bearer tokens: get one that is bound to a key (DPoP)')
        : undefined;
  }
}

/** @throws OAuthError where the token is bound to a key and the request does not prove it */
async function provenKey(
  request: Request,
  token: string,
  { keyThumbprint, resource }: AccessToken,
  { senderConstraint }: Gate,
): Promise<ProvenKey | undefined> {
  if (keyThumbprint === undefined) return undefined;
  const url = `${originOf(resource)}${requestPath(request)}`;
  return senderConstraint?.prove(request, { url, accessToken: { token, keyThumbprint } });
}
