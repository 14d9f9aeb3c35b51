import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { algorithmOf } from '../../oauth/client-metadata/bundle.ts';
import { CommandError } from '../failures.ts';
import { readText } from './document-files.ts';

const maximumKeyBytes = 64 * 1024;

/** @throws CommandError, or BundleError for a key of the wrong kind */
export function readPublicKey(path: string): KeyObject {
  const pem = readText(path, maximumKeyBytes);
  if (pem.includes('PRIVATE KEY'))
    throw new CommandError(
      'usage',
      `${path} holds a private key, which belongs to who signs bundles and to nobody else`,
      `name its public half, made with: openssl pkey -in KEY -pubout -out PUBLIC`,
    );
  return checked(path, () => createPublicKey(pem));
}

/** @throws CommandError, or BundleError for a key of the wrong kind */
export function readPrivateKey(path: string): KeyObject {
  const pem = readText(path, maximumKeyBytes);
  return checked(path, () => createPrivateKey(pem));
}

/**
 * Of a key of either kind.
 * @throws CommandError, or BundleError for a key of the wrong kind
 */
export function readAnyPublicKey(path: string): KeyObject {
  // Makes the public half where the text has the private one.
  return checked(path, () => createPublicKey(readText(path, maximumKeyBytes)));
}

function checked(path: string, read: () => KeyObject): KeyObject {
  const key = parsed(path, read);
  algorithmOf(key);
  return key;
}

function parsed(path: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch {
    throw new CommandError(
      'usage',
      `${path} is no key in PEM form that can be read`,
      'one without a passphrase can be made with: openssl genpkey -algorithm ed25519 -out KEY',
    );
  }
}
