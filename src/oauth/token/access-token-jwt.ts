import { type KeyObject, sign, verify } from 'node:crypto';
import type { ClientId, GrantId, ResourceUri, Subject } from '../../core/ids.ts';
import type { AccessToken } from '../../core/records.ts';
import { formatScope } from '../../core/scopes.ts';

export const signingAlgorithms = ['EdDSA', 'ES256', 'RS256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** A key that access tokens are verified with. */
export interface VerificationKey {
  readonly keyId: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: KeyObject;
}

/** A key that access tokens are signed with. */
export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
}

/** The JOSE header of every token that a key signs, encoded: the same bytes each time. @see RFC 9068 §2.1 */
export function encodedHeader(key: VerificationKey): string {
  return encode({ alg: key.algorithm, typ: 'at+jwt', kid: key.keyId });
}

/**
 * Signs an access token. Its further claims cannot replace those of the profile.
 * @see RFC 9068 §2
 */
export function signAccessToken(token: AccessToken, issuer: string, key: SigningKey): string {
  const payload = encode({
    ...token.claims,
    iss: issuer,
    sub: token.subject,
    aud: token.resource,
    exp: Math.floor(token.expiresAt / 1000),
    iat: Math.floor(token.issuedAt / 1000),
    jti: token.tokenId,
    client_id: token.clientId,
    scope: formatScope(token.scopes),
    grant_id: token.grantId,
    // Named even where they are absent: a further claim must not stand in for them.
    root_grant_id: token.rootGrantId,
    cnf: token.keyThumbprint === undefined ? undefined : { jkt: token.keyThumbprint },
  });
  const input = `${encodedHeader(key)}.${payload}`;
  return `${input}.${signature(input, key).toString('base64url')}`;
}

/**
 * Reads an access token of our own making. Its header must be, byte for byte, the one that a known key's tokens have, so
 * nothing that the sender wrote there is ever interpreted.
 * @param keys by `encodedHeader`
 * @returns `undefined` for anything else than a token signed with one of the keys for this issuer
 * @see RFC 9068 §4, RFC 8725 §3.1
 */
export function readAccessToken(
  jwt: string,
  issuer: string,
  keys: ReadonlyMap<string, VerificationKey>,
): AccessToken | undefined {
  const segments = jwt.split('.');
  const [header, payload, signed] = segments;
  if (segments.length !== 3 || header === undefined || payload === undefined || signed === undefined) return undefined;
  const key = keys.get(header);
  if (key === undefined) return undefined;
  const bytes = Buffer.from(signed, 'base64url');
  // RFC 4648 §3.5: only the canonical spelling, so that one token is one string.
  if (bytes.toString('base64url') !== signed || !verifies(`${header}.${payload}`, bytes, key)) return undefined;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
  if (claims['iss'] !== issuer) return undefined;
  const { iss: _iss, sub, aud, exp, iat, jti, client_id, scope, grant_id, root_grant_id, cnf, ...rest } = claims;
  const keyThumbprint = (cnf as { jkt: string } | undefined)?.jkt;
  return {
    kind: 'access_token',
    tokenId: jti as string,
    grantId: grant_id as GrantId,
    ...(root_grant_id === undefined ? {} : { rootGrantId: root_grant_id as GrantId }),
    clientId: client_id as ClientId,
    subject: sub as Subject,
    scopes: (scope as string).split(' ').filter((name) => name !== ''),
    resource: aud as ResourceUri,
    issuedAt: (iat as number) * 1000,
    expiresAt: (exp as number) * 1000,
    claims: rest,
    ...(keyThumbprint === undefined ? {} : { keyThumbprint }),
  };
}

function signature(input: string, key: SigningKey): Buffer {
  const data = Buffer.from(input);
  switch (key.algorithm) {
    case 'EdDSA':
      return sign(null, data, key.privateKey);
    case 'ES256':
      return sign('sha256', data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    case 'RS256':
      return sign('sha256', data, key.privateKey);
  }
}

function verifies(input: string, signed: Buffer, key: VerificationKey): boolean {
  const data = Buffer.from(input);
  switch (key.algorithm) {
    case 'EdDSA':
      return verify(null, data, key.publicKey, signed);
    case 'ES256':
      return verify('sha256', data, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signed);
    case 'RS256':
      return verify('sha256', data, key.publicKey, signed);
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
