import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ClientId } from '../../core/ids.ts';
import { algorithmOf, BundleError, type ClientBundle, isBundle, keyIdOf, signBundle, verifyBundle } from './bundle.ts';

const now = Date.UTC(2026, 10, 23);
const day = 86_400_000;
const ed25519 = generateKeyPairSync('ed25519');
const keys = [ed25519.publicKey];

function documentFor(clientId: string, changes: object = {}) {
  const members = { client_id: clientId, client_name: 'App', redirect_uris: ['http://localhost/cb'], ...changes };
  return { clientId: clientId as ClientId, text: JSON.stringify(members) };
}

const bundle: ClientBundle = {
  name: 'clients',
  sequence: 7,
  issuedAt: now - day,
  expiresAt: now + day,
  documents: [documentFor('https://a.example/c'), documentFor('https://b.example/c')],
};

const signed = (changes: Partial<ClientBundle> = {}) => signBundle({ ...bundle, ...changes }, ed25519.privateKey);

async function refusal(text: string, with_: readonly KeyObject[] = keys): Promise<string> {
  try {
    await verifyBundle(text, with_, now);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

/** A bundle as an attacker with the key, or without, would write it. */
function forged(payload: unknown, header: object = {}, key: KeyObject = ed25519.privateKey): Promise<string> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return new CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader({
      alg: 'EdDSA',
      typ: 'client-metadata-bundle+json',
      kid: keyIdOf(ed25519.publicKey),
      ...header,
    })
    .sign(key);
}

const payload = {
  version: 1,
  name: 'clients',
  sequence: 7,
  iat: (now - day) / 1000,
  exp: (now + day) / 1000,
  documents: [] as unknown[],
};

describe('a bundle of metadata documents', () => {
  it.for([
    ['EdDSA', generateKeyPairSync('ed25519')],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const)('signed with %s comes out as it went in', async ([algorithm, { privateKey, publicKey }]) => {
    expect(algorithmOf(publicKey)).toBe(algorithm);
    const text = await signBundle(bundle, privateKey);
    expect(isBundle(`\n${text}\n`)).toBe(true);
    expect(await verifyBundle(`${text}\n`, [...keys, createPublicKey(privateKey)], now)).toEqual({
      bundle,
      signedBy: keyIdOf(publicKey),
    });
  });

  it('is not taken with another key, a changed payload, another algorithm, or as anything else that was signed', async () => {
    const other = generateKeyPairSync('ed25519');
    expect(await refusal(await signed(), [other.publicKey])).toContain('none of the given ones');
    expect(await refusal(await forged(payload, {}, other.privateKey))).toContain('signature of the bundle is wrong');
    const [head = '', , signature = ''] = (await signed()).split('.');
    const changed = Buffer.from(JSON.stringify({ ...payload, sequence: 8 })).toString('base64url');
    expect(await refusal(`${head}.${changed}.${signature}`)).toContain('signature of the bundle is wrong');
    expect(await refusal(await forged(payload, { typ: 'JWT' }))).toContain('no bundle of client metadata');
    const none = Buffer.from(
      JSON.stringify({ alg: 'none', typ: 'client-metadata-bundle+json', kid: keyIdOf(ed25519.publicKey) }),
    );
    expect(await refusal(`${none.toString('base64url')}.${changed}.AAAA`)).toContain(
      'signature of the bundle is wrong',
    );
    for (const text of ['a.b.c', '..', 'e30.e30.e30', '']) expect(await refusal(text)).not.toBe('accepted');
  });

  it('holds for a time, by a clock that may be five minutes behind, and no longer than 400 days', async () => {
    expect(await refusal(await signed({ expiresAt: now }))).toContain('expired at 2026-11-23 00:00 UTC');
    expect(await refusal(await signed({ issuedAt: now + 5 * 60_000 }))).toBe('accepted');
    expect(await refusal(await signed({ issuedAt: now + 5 * 60_000 + 1000 }))).toContain('yet to come');
    expect(await refusal(await signed({ expiresAt: now + 399 * day }))).toBe('accepted');
    expect(await refusal(await signed({ expiresAt: now + 399 * day + 1000 }))).toContain('more than 400 days');
  });

  it('holds documents that are each for a URL of their own, and nothing secret', async () => {
    const twice = [documentFor('https://a.example/c'), documentFor('https://a.example/c')];
    expect(await refusal(await signed({ documents: twice }))).toContain('two documents have the client_id');
    for (const documents of [
      [documentFor('https://a.example/')],
      [documentFor('not a URL')],
      [documentFor('https://a.example/c', { client_secret: 'x' })],
      [documentFor('https://a.example/c', { redirect_uris: undefined })],
    ])
      expect(await refusal(await signed({ documents }))).not.toBe('accepted');
  });

  it.for([
    ['not JSON', '{'],
    ['another version', { ...payload, version: 2 }],
    ['no sequence', { ...payload, sequence: undefined }],
    ['a negative sequence', { ...payload, sequence: -1 }],
    ['a name with a slash', { ...payload, name: '../clients' }],
    ['members that nobody knows', { ...payload, more: true }],
    ['a document that is a text', { ...payload, documents: ['https://a.example/c'] }],
  ] as const)('is refused with %s, signed or not', async ([, contents]) => {
    expect(await refusal(await forged(contents))).toMatch(/^the bundle is signed, and yet not/);
  });

  it('is not made with keys that are weak or of another kind, or under a name that no importer takes', async () => {
    for (const { privateKey } of [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'P-384' }),
      generateKeyPairSync('ed448'),
    ])
      await expect(signBundle(bundle, privateKey)).rejects.toThrow(BundleError);
    await expect(signed({ name: 'Clients of ours' })).rejects.toThrow(/name/);
  });
});
