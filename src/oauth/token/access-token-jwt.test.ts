import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ClientId, GrantId, ResourceUri, Subject } from '../../core/ids.ts';
import type { AccessToken } from '../../core/records.ts';
import {
  encodedHeader,
  readAccessToken,
  type SigningAlgorithm,
  type SigningKey,
  signAccessToken,
  signingAlgorithms,
} from './access-token-jwt.ts';

const issuer = 'https://mcp.example.com';
const keys = Object.fromEntries(signingAlgorithms.map((algorithm) => [algorithm, signingKey(algorithm)])) as Record<
  SigningAlgorithm,
  SigningKey
>;
const known = new Map(Object.values(keys).map((key) => [encodedHeader(key), key]));

const token: AccessToken = {
  kind: 'access_token',
  tokenId: 'token-1',
  grantId: 'grant-1' as GrantId,
  clientId: 'client-1' as ClientId,
  subject: 'user-1' as Subject,
  scopes: ['read', 'write'],
  resource: 'https://mcp.example.com/mcp' as ResourceUri,
  issuedAt: 1_800_000_000_000,
  expiresAt: 1_800_000_600_000,
  claims: { auth_time: 1_799_999_000 },
};

describe.each(signingAlgorithms)('access tokens signed with %s', (algorithm) => {
  const key = keys[algorithm];
  const jwt = signAccessToken(token, issuer, key);
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const read = (changed: string) => readAccessToken(changed, issuer, known);

  it('are read back as they were signed', () => {
    expect(read(jwt)).toEqual(token);
  });

  it('are verified by an independent resource server with the published keys, typ, issuer and audience [RFC9068-01, RFC9068-04, RFC9068-09, RFC9068-11]', async () => {
    const { payload: claims, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet({ keys: [jwkOf(key)] }), {
      typ: 'at+jwt',
      issuer,
      audience: token.resource,
      algorithms: [algorithm],
      currentDate: new Date(token.issuedAt),
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    });
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: key.keyId });
    expect(claims).toEqual({
      iss: issuer,
      sub: 'user-1',
      aud: token.resource,
      exp: 1_800_000_600,
      iat: 1_800_000_000,
      jti: 'token-1',
      client_id: 'client-1',
      scope: 'read write',
      grant_id: 'grant-1',
      auth_time: 1_799_999_000,
    });
  });

  it('are refused with any one character changed, left out or added [RFC9068-15, RFC6750-13]', () => {
    fc.assert(
      fc.property(
        fc.nat(jwt.length - 1),
        fc.constantFrom(...'Aa9-_.=+/ \n\u00e9'),
        fc.constantFrom('replace', 'remove', 'insert'),
        (place, character, change) => {
          const rest = change === 'insert' ? jwt.slice(place) : jwt.slice(place + 1);
          const changed = `${jwt.slice(0, place)}${change === 'remove' ? '' : character}${rest}`;
          expect(changed === jwt || read(changed) === undefined).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('have one spelling only: the unused bits of the last character must be zero', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const accepted = [...alphabet].filter(
      (last) => read(`${header}.${payload}.${signature.slice(0, -1)}${last}`) !== undefined,
    );
    expect(accepted).toEqual([signature.at(-1)]);
    expect(read(`${jwt}==`)).toBeUndefined();
  });

  it('are refused with something appended, or with parts missing or too many', () => {
    for (const changed of [
      `${jwt}.`,
      `${jwt}.x`,
      `.${jwt}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `${payload}.${signature}`,
      '',
      '..',
      'x',
    ]) {
      expect(read(changed), changed).toBeUndefined();
    }
  });

  it('are refused with alg none, and with the algorithm of another key [RFC9068-02, RFC9068-15]', () => {
    const none = encode({ alg: 'none', typ: 'at+jwt', kid: key.keyId });
    expect(read(`${none}.${payload}.`)).toBeUndefined();
    expect(read(`${none}.${payload}.${signature}`)).toBeUndefined();
    for (const other of Object.values(keys)) {
      if (other !== key) expect(read(`${encodedHeader(other)}.${payload}.${signature}`)).toBeUndefined();
    }
  });

  it('are refused with an unknown key, though that key signed them [RFC9068-15]', () => {
    expect(read(signAccessToken(token, issuer, signingKey(algorithm)))).toBeUndefined();
    const imposter = { ...signingKey(algorithm), keyId: key.keyId };
    expect(read(signAccessToken(token, issuer, imposter))).toBeUndefined();
  });

  it('are refused with another typ, or with more in the header, though our key signed them [RFC9068-12]', () => {
    for (const changed of [
      { typ: 'JWT' },
      { typ: 'application/at+jwt' },
      { typ: 'AT+JWT' },
      { typ: undefined },
      { jku: 'https://evil.example/jwks' },
      { crit: ['exp'] },
    ]) {
      const input = `${encode({ alg: algorithm, typ: 'at+jwt', kid: key.keyId, ...changed })}.${payload}`;
      expect(read(`${input}.${signatureOf(input, key)}`)).toBeUndefined();
    }
  });

  it('are refused where another issuer is named, byte for byte [RFC9068-13]', () => {
    for (const other of [`${issuer}/`, 'https://MCP.example.com', 'https://evil.example']) {
      expect(read(signAccessToken(token, other, key))).toBeUndefined();
    }
  });
});

describe('access tokens', () => {
  it('always carry iss, exp, aud, sub, client_id, iat and jti, whatever the application adds: further claims replace none of them [RFC9068-05, RFC9068-06]', () => {
    const claims = {
      iss: 'https://evil.example',
      sub: 'root',
      aud: 'elsewhere',
      exp: 9_999_999_999,
      client_id: 'other',
      scope: 'admin',
      grant_id: 'x',
      jti: 'y',
      iat: 0,
      name: 'Ada',
    };
    const jwt = signAccessToken({ ...token, claims }, issuer, keys.EdDSA);
    expect(readAccessToken(jwt, issuer, known)).toEqual({ ...token, claims: { name: 'Ada' } });
  });

  it('name the scopes that were granted, or none [RFC9068-07]', () => {
    const scopesOf = (scopes: readonly string[]) =>
      readAccessToken(signAccessToken({ ...token, scopes }, issuer, keys.EdDSA), issuer, known)?.scopes;
    expect(scopesOf(['read'])).toEqual(['read']);
    expect(scopesOf([])).toEqual([]);
  });

  it('of one key all begin with the same bytes, which names the key', () => {
    expect(encodedHeader(keys.EdDSA)).toBe(encode({ alg: 'EdDSA', typ: 'at+jwt', kid: keys.EdDSA.keyId }));
    expect(new Set([...known.keys()]).size).toBe(3);
  });

  it('that are arbitrary text are refused without an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.array(fc.base64String(), { maxLength: 4 }).map((parts) => parts.join('.')),
        ),
        (text) => {
          expect(readAccessToken(text, issuer, known)).toBeUndefined();
          expect(readAccessToken(`${encodedHeader(keys.ES256)}.${text}`, issuer, known)).toBeUndefined();
        },
      ),
    );
  });
});

function signingKey(algorithm: SigningAlgorithm): SigningKey {
  const { publicKey, privateKey } = keyPair(algorithm);
  return { keyId: randomUUID(), algorithm, publicKey, privateKey };
}

function keyPair(algorithm: SigningAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

function jwkOf(key: SigningKey): JWK {
  return { ...(key.publicKey.export({ format: 'jwk' }) as JWK), kid: key.keyId, alg: key.algorithm, use: 'sig' };
}

function signatureOf(input: string, key: SigningKey): string {
  const digest = key.algorithm === 'EdDSA' ? null : 'sha256';
  return sign(digest, Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
