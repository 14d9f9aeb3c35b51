import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { OAuthError } from '../../core/errors.ts';
import { DpopTestKey, type ProofRequest } from '../../testing/dpop-key.ts';
import { DpopProof } from './proof.ts';

const url = 'https://a.example/token';
const now = 1_800_000_000_000;
const key = new DpopTestKey();

function requestWith(...proofs: string[]): Request {
  const headers = new Headers();
  for (const proof of proofs) headers.append('dpop', proof);
  return new Request(url, { method: 'POST', headers });
}

function verify(...proofs: string[]): Promise<DpopProof> {
  return DpopProof.verify(requestWith(...proofs), { url }, now, 60_000);
}

function proof(changes: Partial<ProofRequest> = {}): string {
  return key.proof({ url, now, ...changes });
}

/** Why a proof is refused. */
async function refusal(...proofs: string[]): Promise<string> {
  const error: unknown = await verify(...proofs).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OAuthError)) throw new Error('the proof was not refused', { cause: error });
  expect([error.code, error.status]).toEqual(['invalid_dpop_proof', 400]);
  return error.description;
}

/** A JWT with any header over the claims of a right proof, signed as told. */
function signed(header: Readonly<Record<string, unknown>>, signature: (input: string) => Buffer | string): string {
  const encoded = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', ...header })).toString('base64url');
  const input = `${encoded}.${proof().split('.')[1]}`;
  const bytes = signature(input);
  return `${input}.${typeof bytes === 'string' ? bytes : bytes.toString('base64url')}`;
}

/** The same bytes in base64url, with a bit set that stands for none of them. */
function otherSpelling(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1];
}

function rsaProof(modulusLength: number, changes: JsonWebKey = {}, publicExponent = 65_537): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  const jwk = { ...publicKey.export({ format: 'jwk' }), ...changes };
  return signed({ alg: 'RS256', jwk }, (input) => sign('sha256', Buffer.from(input), privateKey));
}

function ecSignature(privateKey: KeyObject, hash = 'sha256') {
  return (input: string) => sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

describe('a proof of possession', () => {
  it('is that of its key, with an identifier and a time [RFC9449-27]', async () => {
    const verified = await verify(proof({ claims: { jti: 'one', nonce: 'n' } }));
    expect(verified).toMatchObject({ keyThumbprint: key.thumbprint, identifier: 'one', nonce: 'n', issuedAt: now });
  });

  it('made by another library is verified too, with either name of the Ed25519 algorithm', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    for (const alg of ['EdDSA', 'Ed25519']) {
      const jwt = await new SignJWT({ jti: 'x', htm: 'POST', htu: url, iat: now / 1000 })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: { ...publicKey.export({ format: 'jwk' }) } })
        .sign(privateKey);
      expect(await verify(jwt), alg).toBeInstanceOf(DpopProof);
    }
  });

  it('that is not there is missed', async () => {
    expect(await refusal()).toContain('missing');
  });

  it('comes once: two headers, an empty one, or white space between are refused [RFC9449-04]', async () => {
    for (const proofs of [[proof(), proof()], [''], [`${proof()} ${proof()}`], [`${proof()}, x`]])
      expect(await refusal(...proofs)).toContain('one DPoP header');
  });

  it('that is too long is refused before it is parsed [RFC9449-29]', async () => {
    expect(await refusal(proof({ claims: { pad: 'x'.repeat(8192) } }))).toContain('longer than 8192');
  });

  it('of another type, or of none, is refused [RFC9449-01]', async () => {
    for (const typ of ['JWT', 'at+jwt', undefined, 'dpop+jwt2'])
      expect(await refusal(proof({ header: { typ } }))).toContain('typ must be dpop+jwt');
  });

  it('without a signature, or signed with a secret, is refused: the public key in the role of the secret included [RFC9449-02]', async () => {
    const { x, y } = key.publicJwk;
    const hmac = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest();
    for (const attempt of [
      signed({ alg: 'none', jwk: key.publicJwk }, () => 'AA'),
      signed({ alg: 'None', jwk: key.publicJwk }, () => 'AA'),
      signed({ jwk: key.publicJwk }, () => 'AA'),
      signed({ alg: 'HS256', jwk: key.publicJwk }, hmac(`${String(x)}${String(y)}`)),
      signed({ alg: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } }, hmac('secret')),
      signed({ alg: 'ES256', jwk: { kty: 'oct', k: 'c2VjcmV0' } }, hmac('secret')),
    ])
      await refusal(attempt);
    await refusal(`${proof().split('.').slice(0, 2).join('.')}.`);
  });

  it('with an algorithm that the key is not for, or that is not offered, is refused [RFC9449-02]', async () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const jwk = { ...p384.publicKey.export({ format: 'jwk' }) };
    await refusal(signed({ alg: 'ES384', jwk }, ecSignature(p384.privateKey, 'sha384')));
    await refusal(signed({ alg: 'ES256', jwk }, ecSignature(p384.privateKey)));
    await refusal(signed({ alg: 'EdDSA', jwk: key.publicJwk }, ecSignature(key.privateKey)));
    await refusal(proof({ header: { alg: 'RS256' } }));
  });

  it('with a private key in it is refused, and the client is told to throw the key away [RFC9449-03]', async () => {
    const leaked = { ...key.privateKey.export({ format: 'jwk' }) };
    expect(await refusal(proof({ header: { jwk: leaked } }))).toContain('must not be used any more');
    expect(await refusal(proof({ header: { jwk: { ...key.publicJwk, d: '' } } }))).toContain('public key');
  });

  it.each([
    ['no key', undefined],
    ['null', null],
    ['a string', 'key'],
    ['a list', []],
    ['a key without a coordinate', { ...key.publicJwk, y: undefined }],
    ['a point that is not on the curve', { ...key.publicJwk, y: key.publicJwk['x'] }],
    ['a coordinate with padding', { ...key.publicJwk, x: `${String(key.publicJwk['x'])}=` }],
    ['a coordinate in another spelling', { ...key.publicJwk, x: otherSpelling(String(key.publicJwk['x'])) }],
    ['another key', new DpopTestKey().publicJwk],
  ])('with %s in its header is refused [RFC9449-27]', async (_what, jwk) => {
    await refusal(proof({ header: { jwk } }));
  });

  it('names nothing but a key: kid, jku and x5c are not looked at', async () => {
    await refusal(proof({ header: { jwk: undefined, kid: 'k', jku: 'https://a.example/jwks', x5c: ['AA'] } }));
  });

  it('with RSA keys that are too weak, or whose size or exponent would keep us busy, is refused', async () => {
    for (const bits of [2048, 3072]) expect(await verify(rsaProof(bits))).toBeInstanceOf(DpopProof);
    for (const attempt of [
      rsaProof(1024),
      rsaProof(2040),
      rsaProof(2048, {}, 3),
      rsaProof(2048, { e: Buffer.alloc(256, 0xff).toString('base64url') }),
      rsaProof(2048, { n: Buffer.alloc(513, 0xff).toString('base64url') }),
      rsaProof(2048, { n: Buffer.alloc(2000, 0xff).toString('base64url') }),
      rsaProof(1024, { n: Buffer.concat([Buffer.alloc(128), Buffer.alloc(128, 0xff)]).toString('base64url') }),
    ])
      await refusal(attempt);
  });

  it('with extensions that have to be understood is refused', async () => {
    await refusal(proof({ header: { crit: ['b64'], b64: false } }));
    await refusal(proof({ header: { crit: ['exp'], exp: 1 } }));
  });

  it('whose payload is no object is refused [RFC9449-28]', async () => {
    for (const payload of ['null', '[]', '"x"', '{', '']) {
      const [header] = proof().split('.');
      const input = `${header}.${Buffer.from(payload).toString('base64url')}`;
      await refusal(`${input}.${ecSignature(key.privateKey)(input).toString('base64url')}`);
    }
  });

  it('counts within its time on either side, and not a second longer [RFC9449-09]', async () => {
    for (const seconds of [-60, 0, 60])
      expect(await verify(proof({ claims: { iat: now / 1000 + seconds } }))).toBeInstanceOf(DpopProof);
    for (const seconds of [-61, 61, Number.MAX_SAFE_INTEGER])
      expect(await refusal(proof({ claims: { iat: now / 1000 + seconds } }))).toContain('set the clock');
  });

  it('changed in any character is refused [RFC9449-27]', async () => {
    const right = proof();
    await fc.assert(
      fc.asyncProperty(fc.nat(right.length - 2), fc.constantFrom(...'AZaz09-_'), async (at, character) => {
        fc.pre(right[at] !== character && right[at] !== '.');
        const changed = right.slice(0, at) + character + right.slice(at + 1);
        await refusal(changed);
      }),
      { numRuns: 300 },
    );
  });

  it('of any text is refused in words, and never fails otherwise [RFC9449-28]', async () => {
    const segment = fc.oneof(
      anyText({ maxLength: 30 }).map((text) => Buffer.from(text).toString('base64url')),
      fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text).toString('base64url')),
    );
    const jwts = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('.'));
    const header = fc.oneof(jwts, fc.string({ unit: 'grapheme-ascii', maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        await refusal(text);
      }),
      { numRuns: 300 },
    );
  });
});
