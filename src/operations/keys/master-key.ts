import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Random, randomId } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';

/**
 * Encrypts what must be read back, such as private signing keys: AES-256-GCM, with the key's id beside the ciphertext so
 * that a wrong key is recognised and keys can be replaced.
 */
export class MasterKey {
  readonly #key: Uint8Array;
  readonly #random: Random;
  readonly id: string;

  constructor(key: Uint8Array, random: Random) {
    if (key.length !== 32) throw new ConfigurationError('the master key must be 32 bytes');
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
    const [version, keyId, nonce, sealed, ...rest] = envelope.split('.');
    if (version !== 'v1' || nonce === undefined || sealed === undefined || rest.length > 0) throw damaged();
    if (keyId !== this.id) {
      throw new ConfigurationError(
        `the database was encrypted under master key ${keyId}, but master key ${this.id} is configured; restore the right key file`,
      );
    }
    const bytes = Buffer.from(sealed, 'base64url');
    try {
      // NIST SP 800-38D §5.2.1.2: the full tag. Node would take a shorter one for what it is.
      const decipher = createDecipheriv('aes-256-gcm', this.#key, Buffer.from(nonce, 'base64url'), {
        authTagLength: 16,
      });
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
    } catch {
      throw damaged();
    }
  }

  /** Derives a key for one further purpose, such as signing CSRF tokens. */
  derive(purpose: string): Uint8Array {
    return hash('sha256', Buffer.concat([Buffer.from(`portcullis ${purpose}\n`), this.#key]), 'buffer');
  }
}

/**
 * Reads the master key from a file, and makes the file, readable by its owner only, where there is none. Of processes that
 * start at the same moment one makes it, complete from the first instant, and all read that one.
 * @throws ConfigurationError where the file is not a key, or cannot be read or made
 */
export function readOrCreateMasterKey(path: string, random: Random): MasterKey {
  if (!existsSync(path)) {
    explained(
      `the master key file ${path} cannot be made`,
      `let this user write ${dirname(path)}, and free space there`,
      () => createKeyFile(path, random),
    );
  }
  const text = explained(`the master key file ${path} cannot be read`, 'let this user read it', () =>
    readFileSync(path, 'utf8'),
  );
  const key = keyIn(text);
  if (key === undefined)
    throw new ConfigurationError(
      `the master key file ${path} does not hold 32 bytes, written as 43 base64url characters`,
    );
  return new MasterKey(key, random);
}

/**
 * Reads the master key from the text of a setting.
 * @throws ConfigurationError where the text is not a key
 */
export function parseMasterKey(text: string, random: Random): MasterKey {
  const key = keyIn(text);
  if (key === undefined) throw new ConfigurationError('masterKey must be 32 bytes, written as 43 base64url characters');
  return new MasterKey(key, random);
}

// A link appears with all of its file's content, and only where nothing has the name yet.
function createKeyFile(path: string, random: Random): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomId(random)}`;
  try {
    writeFileSync(unfinished, `${Buffer.from(random.bytes(32)).toString('base64url')}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    });
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function explained<Result>(what: string, hint: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationError(`${what}: ${(error as Error).message}; ${hint}`);
  }
}

function keyIn(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  return /^[A-Za-z0-9_-]{43}$/.test(trimmed) ? Buffer.from(trimmed, 'base64url') : undefined;
}

function damaged(): ConfigurationError {
  return new ConfigurationError('an encrypted value in the database is damaged or was tampered with');
}
