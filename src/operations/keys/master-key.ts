import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigurationError } from '../../core/urls.ts';
import type { Random } from '../../core/random.ts';

/**
 * Encrypts what must be read back, such as private signing keys: AES-256-GCM, with the key's id beside the ciphertext so
 * that a wrong key is recognised and keys can be replaced.
 */
export class MasterKey {
  readonly #key: Uint8Array;
  readonly #random: Random;
  readonly id: string;

  constructor(key: Uint8Array, random: Random) {
    if (key.length !== 32) throw new ConfigurationError('the master key must be 32 bytes, written as 43 base64url characters');
    this.#key = key;
    this.#random = random;
    this.id = hash('sha256', Buffer.concat([Buffer.from('portcullis master key id'), key]), 'hex').slice(0, 16);
  }

  /** @param purpose authenticated with the text: what is encrypted for one purpose cannot be opened for another */
  encrypt(plaintext: Uint8Array, purpose: string): string {
    const nonce = this.#random.bytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `v1.${this.id}.${Buffer.from(nonce).toString('base64url')}.${sealed.toString('base64url')}`;
  }

  /** @throws ConfigurationError where the text was encrypted under another key or has been changed */
  decrypt(envelope: string, purpose: string): Uint8Array {
    const [version, keyId, nonce, sealed] = envelope.split('.');
    if (version !== 'v1' || nonce === undefined || sealed === undefined) throw new ConfigurationError('an encrypted value in the database is damaged');
    if (keyId !== this.id) {
      throw new ConfigurationError(`the database was encrypted under master key ${keyId}, but master key ${this.id} is configured; restore the right key file`);
    }
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.#key, Buffer.from(nonce, 'base64url')).setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
    } catch {
      throw new ConfigurationError('an encrypted value in the database is damaged or was tampered with');
    }
  }

  /** Derives a key for one further purpose, such as signing CSRF tokens. */
  derive(purpose: string): Uint8Array {
    return hash('sha256', Buffer.concat([Buffer.from(`portcullis ${purpose}\n`), this.#key]), 'buffer');
  }
}

/**
 * Reads the master key from a file, and makes the file, readable by its owner only, where there is none.
 * @throws ConfigurationError where the file is not a key
 */
export function readOrCreateMasterKey(path: string, random: Random): MasterKey {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${Buffer.from(random.bytes(32)).toString('base64url')}\n`, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return parseMasterKey(readFileSync(path, 'utf8'), random);
}

/** Reads the master key from configuration or a key file's text. */
export function parseMasterKey(text: string, random: Random): MasterKey {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9_-]{43}$/.test(trimmed)) throw new ConfigurationError('the master key must be 32 bytes, written as 43 base64url characters');
  return new MasterKey(Buffer.from(trimmed, 'base64url'), random);
}
