import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { CompactSign } from 'jose/jws/compact/sign';
import { compactVerify } from 'jose/jws/compact/verify';
import * as z from 'zod';
import { readMetadataDocument } from './document.ts';
import { parseDocumentUrl } from './document-url.ts';
import type { MetadataDocument } from './imported-documents.ts';

const day = 86_400_000;

/** Longest time between a bundle's making and its end. */
export const longestBundleDays = 400;

/** How far the clock of who signs may be ahead: milliseconds. */
const clockLeeway = 5 * 60_000;

const mediaType = 'client-metadata-bundle+json';

/** Metadata documents that were signed together. Times are milliseconds since the epoch. */
export interface ClientBundle {
  /** A bundle takes the place of an older one of the same name. */
  readonly name: string;
  /** Grows from bundle to bundle of a name. */
  readonly sequence: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly documents: readonly MetadataDocument[];
}

/** A bundle, or a key for one, that cannot be used. The message says why, and what to do. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

const seconds = z.int().positive();

const payloadSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  sequence: z.int().nonnegative(),
  iat: seconds,
  exp: seconds,
  documents: z.array(z.record(z.string(), z.unknown())).max(10_000),
});

/** Whether a text is meant as a bundle: three parts of base64url. */
export function isBundle(text: string): boolean {
  return /^\s*[\w-]+\.[\w-]+\.[\w-]+\s*$/.test(text);
}

/**
 * Signs documents as one bundle: a JWS in its compact form over JSON.
 * @throws BundleError where the key is of no use, or a document is not one
 * @see RFC 7515 §3.1
 */
export async function signBundle(bundle: ClientBundle, privateKey: KeyObject): Promise<string> {
  const payload = {
    version: 1,
    name: bundle.name,
    sequence: bundle.sequence,
    iat: Math.floor(bundle.issuedAt / 1000),
    exp: Math.floor(bundle.expiresAt / 1000),
    documents: bundle.documents.map(({ text }) => JSON.parse(text) as unknown),
  };
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) throw new BundleError(`the bundle cannot be made: ${shown(parsed.error)}`);
  const publicKey = createPublicKey(privateKey);
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: algorithmOf(publicKey), typ: mediaType, kid: keyIdOf(publicKey) })
    .sign(privateKey);
}

/**
 * Verifies a bundle, in this order: made as one of ours → signed by one of these keys → well formed → in force now → every
 * document for the URL that it names, once.
 * @param keys those that may vouch for clients
 * @returns the bundle and the id of the key that signed it
 * @throws BundleError
 */
export async function verifyBundle(
  text: string,
  keys: readonly KeyObject[],
  now: number,
): Promise<{ readonly bundle: ClientBundle; readonly signedBy: string }> {
  const jws = text.trim();
  const key = keyFor(jws, keys);
  const payload = payloadSchema.safeParse(await verified(jws, key));
  if (!payload.success) throw new BundleError(`the bundle is signed, and yet not well formed: ${shown(payload.error)}`);
  const { name, sequence, iat, exp, documents } = payload.data;
  const bundle = { name, sequence, issuedAt: iat * 1000, expiresAt: exp * 1000, documents: documents.map(documentOf) };
  checkTimes(bundle, now);
  checkUnique(bundle.documents);
  return { bundle, signedBy: keyIdOf(key) };
}

/**
 * Reads a document that comes by itself.
 * @throws OAuthError `invalid_client` where it has no URL of its own, or something that it must not have
 */
export function documentFrom(text: string): MetadataDocument {
  const { client_id: clientId } = readMetadataDocument(text);
  parseDocumentUrl(clientId);
  return { clientId, text };
}

/** @throws BundleError where two documents are for the same URL */
export function checkUnique(documents: readonly MetadataDocument[]): void {
  const ids = documents.map(({ clientId }) => clientId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new BundleError(`two documents have the client_id ${twice}`);
}

/** The id of a key: the beginning of the SHA-256 of its public half, as a SubjectPublicKeyInfo. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 22);
}

function documentOf(document: Readonly<Record<string, unknown>>): MetadataDocument {
  return documentFrom(JSON.stringify(document));
}

function keyFor(jws: string, keys: readonly KeyObject[]): KeyObject {
  const { kid, typ } = headerOf(jws);
  if (typ !== mediaType) throw new BundleError('this is signed, but it is no bundle of client metadata');
  const key = keys.find((known) => keyIdOf(known) === kid);
  if (key !== undefined) return key;
  throw new BundleError(
    `the bundle is signed with key ${String(kid).slice(0, 64)}, and none of the given ones is that: ${keys.map(keyIdOf).join(', ')}`,
  );
}

function headerOf(jws: string): { readonly kid?: unknown; readonly typ?: unknown } {
  try {
    return decodeProtectedHeader(jws);
  } catch {
    throw new BundleError('this is no bundle: it has no header that can be read');
  }
}

async function verified(jws: string, key: KeyObject): Promise<unknown> {
  try {
    const { payload } = await compactVerify(jws, key, { algorithms: [algorithmOf(key)] });
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    if (error instanceof errors.JOSEError)
      throw new BundleError('the signature of the bundle is wrong: it was changed, or signed with another key');
    throw new BundleError('the bundle is signed, and yet not JSON');
  }
}

function checkTimes({ issuedAt, expiresAt }: ClientBundle, now: number): void {
  const at = (time: number) => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (issuedAt > now + clockLeeway)
    throw new BundleError(
      `the bundle was made at ${at(issuedAt)}, which is yet to come: set the clock of this machine`,
    );
  if (expiresAt <= now) throw new BundleError(`the bundle expired at ${at(expiresAt)}: have a new one made`);
  if (expiresAt - issuedAt > longestBundleDays * day)
    throw new BundleError(`the bundle would last for more than ${longestBundleDays} days: have one made that does not`);
}

/** @throws BundleError for keys that are too weak, or of another kind */
export function algorithmOf(key: KeyObject): 'EdDSA' | 'ES256' | 'RS256' {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return 'EdDSA';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256';
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'RS256';
  throw new BundleError('the key must be Ed25519, EC on P-256, or RSA of at least 2048 bits');
}

function shown(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
}
