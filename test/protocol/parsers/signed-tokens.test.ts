import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../../src/core/errors.ts';
import type { ClientId, GrantId, ResourceUri, Subject } from '../../../src/core/ids.ts';
import type { AccessToken } from '../../../src/core/records.ts';
import { DpopProof } from '../../../src/oauth/dpop/proof.ts';
import {
  encodedHeader,
  readAccessToken,
  type SigningKey,
  signAccessToken,
} from '../../../src/oauth/token/access-token-jwt.ts';
import { DpopTestKey } from '../../../src/testing/dpop-key.ts';

const now = 1_800_000_000_000;
const url = 'https://mcp.example.com/mcp';
const accessToken = 'an-access-token';
const key = new DpopTestKey();
const otherKey = new DpopTestKey('EdDSA');

/** A proof by the letter of RFC 9449 §4.3, for the two keys that are around here. Throws where anything is off. */
function checkProof(header: string, method: string): void {
  const [head = '', body = '', signature = '', ...rest] = header.split('.');
  const object = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
  const { typ, alg, jwk, crit } = object(head);
  const claims = object(body);
  const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  const isEc = publicKey.asymmetricKeyType === 'ec' && alg === 'ES256';
  const isEd = publicKey.asymmetricKeyType === 'ed25519' && (alg === 'EdDSA' || alg === 'Ed25519');
  const signed = verify(
    isEc ? 'sha256' : null,
    Buffer.from(`${head}.${body}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const rules: Readonly<Record<string, boolean>> = {
    parts: rest.length === 0,
    typ: typ === 'dpop+jwt',
    alg: isEc || isEd,
    private: !Object.hasOwn(jwk as object, 'd'),
    crit: crit === undefined,
    signed,
    jti: typeof claims['jti'] === 'string' && claims['jti'] !== '',
    htm: claims['htm'] === method,
    htu: typeof claims['htu'] === 'string' && new URL(claims['htu']).href.replace(/[?#].*$/, '') === url,
    iat: typeof claims['iat'] === 'number' && Math.abs(claims['iat'] * 1000 - now) <= 60_000,
    ath: claims['ath'] === createHash('sha256').update(accessToken).digest('base64url'),
  };
  expect(Object.entries(rules).filter(([, holds]) => !holds)).toEqual([]);
}

const anything = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', 0, -1, true, [], {}, 'GET', 'POST', url, `${url}/`, now / 1000),
  fc.jsonValue({ maxDepth: 1 }),
);
const changed = (...names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 2 });
const htu = fc.constantFrom(
  url,
  `${url}?a=b`,
  `${url}#a`,
  'HTTPS://MCP.example.com:443/mcp',
  `${url}/..`,
  'https://mcp.example.com',
);
const anyProof = fc
  .record({
    claims: fc.oneof(
      { weight: 1, arbitrary: fc.record({ htu }) },
      { weight: 2, arbitrary: changed('jti', 'htm', 'htu', 'iat', 'ath', 'nonce', 'exp', 'nbf', 'x') },
    ),
    header: fc.oneof(
      { weight: 2, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: changed('typ', 'alg', 'jwk', 'crit', 'kid', 'b64') },
      { weight: 1, arbitrary: fc.constantFrom({ jwk: otherKey.publicJwk }, { alg: 'none' }, { alg: 'HS256' }) },
    ),
    signer: fc.constantFrom(key, key, otherKey),
  })
  .map(({ claims, header, signer }) => signer.proof({ url, now, accessToken, claims, header }));

async function acceptedProof(proof: string, keyThumbprint: string): Promise<boolean> {
  const request = new Request(url, { method: 'POST', headers: { dpop: proof } });
  try {
    await DpopProof.verify(request, { url, accessToken: { token: accessToken, keyThumbprint } }, now, 60_000);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(OAuthError);
    expect(['invalid_dpop_proof', 'invalid_token']).toContain((error as OAuthError).code);
    return false;
  }
}

describe('a DPoP proof, whatever is in it,', () => {
  it('is never accepted where a strict reader finds anything off [RFC9449-27, RFC9449-28]', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(anyProof, fc.constantFrom(key, otherKey), async (proof, bound) => {
        if (!(await acceptedProof(proof, bound.thumbprint))) return;
        accepted += 1;
        checkProof(proof, 'POST');
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it('and is accepted where there is nothing off', async () => {
    for (const signer of [key, otherKey])
      expect(await acceptedProof(signer.proof({ url, now, accessToken }), signer.thumbprint)).toBe(true);
  });
});

const issuer = 'https://mcp.example.com';
const signingKeys = ['one', 'two', 'gone'].map((keyId): SigningKey => {
  return { keyId, algorithm: 'EdDSA', ...generateKeyPairSync('ed25519') };
});
const published = signingKeys.slice(0, 2);
const known = new Map(published.map((each) => [encodedHeader(each), each]));
const keySet = createLocalJWKSet({
  keys: published.map(({ keyId, publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'EdDSA' })),
});

const anyRecord: fc.Arbitrary<AccessToken> = fc.record({
  kind: fc.constant('access_token'),
  tokenId: fc.string({ minLength: 1, maxLength: 8 }),
  grantId: fc.string({ minLength: 1, maxLength: 8 }).map((id) => id as GrantId),
  clientId: fc.string({ minLength: 1, maxLength: 8 }).map((id) => id as ClientId),
  subject: fc.string({ minLength: 1, maxLength: 8 }).map((id) => id as Subject),
  scopes: fc.uniqueArray(fc.string({ unit: fc.constantFrom(...'abc:/.'), minLength: 1, maxLength: 5 }), {
    maxLength: 3,
  }),
  resource: fc.constant(url as ResourceUri),
  issuedAt: fc.nat(1000).map((seconds) => now + seconds * 1000),
  expiresAt: fc.nat(1000).map((seconds) => now + 3_600_000 + seconds * 1000),
  // Whatever an application adds, names of the profile's own claims among them.
  claims: fc.dictionary(
    fc.constantFrom('auth_time', 'name', 'sub', 'aud', 'exp', 'scope', 'cnf', 'root_grant_id', 'iss', '__proto__'),
    fc.jsonValue({ maxDepth: 1 }),
    { maxKeys: 2, noNullPrototype: true },
  ),
});

describe('an access token', () => {
  it('says the same to an independent reader, whatever the application adds to it [RFC9068-15]', async () => {
    await fc.assert(
      fc.asyncProperty(anyRecord, fc.constantFrom(...published), async (record, signer) => {
        const jwt = signAccessToken(record, issuer, signer);
        const read = readAccessToken(jwt, issuer, known);
        const options = { issuer, audience: url, typ: 'at+jwt', algorithms: ['EdDSA'], currentDate: new Date(now) };
        const { payload } = await jwtVerify(jwt, keySet, options);
        const { subject, clientId, grantId, tokenId, scopes, issuedAt, expiresAt, resource } = record;
        expect(read).toMatchObject({ subject, clientId, grantId, tokenId, scopes, issuedAt, expiresAt, resource });
        expect(payload).toMatchObject({ sub: subject, client_id: clientId, jti: tokenId, exp: expiresAt / 1000 });
        expect(read?.keyThumbprint).toBeUndefined();
        expect(read?.rootGrantId).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('put together from parts of others is never read, unless an independent reader takes it too [RFC9068-15]', async () => {
    const record = fc.sample(anyRecord, { numRuns: 1, seed: 1 })[0];
    if (record === undefined) throw new Error('no record');
    const parts = [...signingKeys, ...signingKeys].flatMap((signer, index) =>
      signAccessToken(
        { ...record, tokenId: `token ${index}` },
        index < 3 ? issuer : 'https://other.example',
        signer,
      ).split('.'),
    );
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const unsigned = sign(null, Buffer.from('x'), generateKeyPairSync('ed25519').privateKey).toString('base64url');
    const part = fc.constantFrom(...parts, none, unsigned, '');
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.tuple(part, part, part), tripleOf(parts)), async (three) => {
        const jwt = three.join('.');
        if (readAccessToken(jwt, issuer, known) === undefined) return;
        read += 1;
        await jwtVerify(jwt, keySet, { issuer, typ: 'at+jwt', algorithms: ['EdDSA'], currentDate: new Date(now) });
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(0);
  });
});

/** Parts that belong together. */
function tripleOf(parts: readonly string[]): fc.Arbitrary<[string, string, string]> {
  return fc
    .nat({ max: parts.length / 3 - 1 })
    .map((index) => parts.slice(index * 3, index * 3 + 3) as [string, string, string]);
}
