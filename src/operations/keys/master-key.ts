import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import type { Random } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';

/**
 * Encrypts what must be read back, such as private signing keys: AES-256-GCM, with the key's id beside the ciphertext so
 * that a wrong key is recognised. While the master key is being replaced there are two: all is encrypted under the first,
 * and what was encrypted under either can be read.
 */
export class MasterKey {
  readonly #random: Random;
  readonly #reread: (() => readonly Uint8Array[]) | undefined;
  #keys: readonly Uint8Array[] = [];
  #ids: readonly string[] = [];

  /**
   * @param keys 32 bytes each, the present one first
   * @param reread looks where they came from, for keys that another process put there since
   */
  constructor(keys: readonly Uint8Array[], random: Random, reread?: () => readonly Uint8Array[]) {
    this.#random = random;
    this.#reread = reread;
    this.replace(keys);
  }

  /** Of the key that is encrypted under. */
  get id(): string {
    return this.#ids[0] ?? '';
  }

  /** The keys themselves, for whoever writes them to their file. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** @throws ConfigurationError where there is none, or one is not 32 bytes */
  replace(keys: readonly Uint8Array[]): void {
    if (keys.length === 0 || keys.some((key) => key.length !== 32))
      throw new ConfigurationError('the master key must be 32 bytes');
    this.#keys = keys;
    this.#ids = keys.map(idOf);
  }

  /** Looks whether another process has replaced the key. */
  reread(): void {
    if (this.#reread !== undefined) this.replace(this.#reread());
  }

  /** @param purpose authenticated with the text: what is encrypted for one purpose cannot be opened for another */
  encrypt(plaintext: Uint8Array, purpose: string): string {
    const nonce = this.#random.bytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#keyWith(this.id), nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `v1.${this.id}.${Buffer.from(nonce).toString('base64url')}.${sealed.toString('base64url')}`;
  }

  /** @throws ConfigurationError where the text was encrypted under another key or has been changed */
  decrypt(envelope: string, purpose: string): Uint8Array {
    const [version, keyId, nonce, sealed, ...rest] = envelope.split('.');
    if (version !== 'v1' || keyId === undefined || nonce === undefined || sealed === undefined || rest.length > 0)
      throw damaged();
    const key = this.#keyWith(keyId);
    const bytes = Buffer.from(sealed, 'base64url');
    try {
      // NIST SP 800-38D §5.2.1.2: the full tag. Node would take a shorter one for what it is.
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
    } catch {
      throw damaged();
    }
  }

  #keyWith(id: string): Uint8Array {
    if (!this.#ids.includes(id)) this.reread();
    const key = this.#keys[this.#ids.indexOf(id)];
    if (key !== undefined) return key;
    throw new ConfigurationError(
      `the database was encrypted under master key ${id}, but master key ${this.id} is configured; restore the right key file`,
    );
  }
}

/** The id of the key that an encrypted text needs. */
export function masterKeyIdOf(envelope: string): string | undefined {
  return envelope.split('.')[1];
}

/** Whether the text of a setting or a file is one or several keys, and if so, which. */
export function parseKeys(text: string): readonly Uint8Array[] | undefined {
  const words = text.trim().split(/\s+/);
  return words.every((word) => /^[A-Za-z0-9_-]{43}$/.test(word))
    ? words.map((word) => Buffer.from(word, 'base64url'))
    : undefined;
}

/**
 * Reads the master key from the text of a setting: one key, or the present one and those that it replaces.
 * @throws ConfigurationError where the text is not a key
 */
export function parseMasterKey(text: string, random: Random): MasterKey {
  const keys = parseKeys(text);
  if (keys === undefined)
    throw new ConfigurationError(
      'masterKey must be 32 bytes, written as 43 base64url characters (or several keys, the present one first)',
    );
  return new MasterKey(keys, random);
}

function idOf(key: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('portcullis master key id'), key]), 'hex').slice(0, 16);
}

function damaged(): ConfigurationError {
  return new ConfigurationError('an encrypted value in the database is damaged or was tampered with');
}
