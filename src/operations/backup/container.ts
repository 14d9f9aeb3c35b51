import { createCipheriv, createDecipheriv, hkdfSync, scrypt, timingSafeEqual } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Random } from '../../core/random.ts';
import { BackupError } from './backup-error.ts';

const magic = Buffer.from('PORTCULLIS BACKUP\n');
const version = 1;
const methods = { 'key file': 1, passphrase: 2 } as const;
const saltLength = 32;
const commitmentLength = 32;
const headerLength = magic.length + 2 + saltLength + commitmentLength;
const chunkLength = 65_536;
const tagLength = 16;

/** 128 MiB of memory and about half a second for each guess. The cost is part of version 1: no file can ask for another. */
const scryptCost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;

/** What a backup is encrypted with. */
export type BackupSecret =
  | { readonly kind: 'key file'; readonly key: Uint8Array }
  | { readonly kind: 'passphrase'; readonly passphrase: string };

/** The way in which a file is encrypted. */
export type BackupMethod = BackupSecret['kind'];

interface FileKey {
  readonly header: Uint8Array;
  readonly key: Uint8Array;
}

/**
 * Writes a backup's file. Layout: a header (name, version, method, salt, commitment to the key), then chunks of 64 KiB, each
 * AES-256-GCM under a key of this file alone. The nonce of a chunk is its number and whether it is the last one, so that none
 * can be left out, moved, repeated or cut off; the header is authenticated with each.
 * @see STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, “Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance”
 */
export class ContainerWriter {
  readonly #file: FileHandle;
  readonly #fileKey: FileKey;
  #pending: Buffer[] = [];
  #pendingLength = 0;
  #chunk = 0;
  #size = headerLength;

  private constructor(file: FileHandle, fileKey: FileKey) {
    this.#file = file;
    this.#fileKey = fileKey;
  }

  static async begin(file: FileHandle, secret: BackupSecret, random: Random): Promise<ContainerWriter> {
    const salt = random.bytes(saltLength);
    const method = methods[secret.kind];
    const { key, commitment } = await keysOf(secret, salt, method);
    const header = Buffer.concat([magic, Uint8Array.of(version, method), salt, commitment]);
    await file.writeFile(header);
    return new ContainerWriter(file, { header, key });
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.#pending.push(bytes);
    this.#pendingLength += bytes.length;
    if (this.#pendingLength <= chunkLength) return;
    let rest = Buffer.concat(this.#pending);
    while (rest.length > chunkLength) {
      await this.#seal(rest.subarray(0, chunkLength), 'more follow');
      rest = rest.subarray(chunkLength);
    }
    this.#pending = [rest];
    this.#pendingLength = rest.length;
  }

  /** Writes the last chunk. */
  async finish(): Promise<void> {
    await this.#seal(Buffer.concat(this.#pending), 'last');
  }

  async #seal(plaintext: Uint8Array, place: Place): Promise<void> {
    const { key, header } = this.#fileKey;
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(this.#chunk, place)).setAAD(header);
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    await this.#file.writeFile(sealed);
    this.#chunk += 1;
    this.#size += sealed.length;
  }
}

/**
 * How a file is encrypted, as its header says.
 * @throws BackupError where it is no backup, or of a later version
 */
export async function methodOf(file: FileHandle): Promise<BackupMethod> {
  return (await readHeader(file)).method;
}

/**
 * Reads a backup's file from its beginning, a chunk at a time. Nothing of a chunk is returned before it is authenticated, and
 * the end comes only after the last chunk was.
 * @throws BackupError for another secret, and for whatever is not as it was written
 */
export async function* openContainer(file: FileHandle, secret: BackupSecret): AsyncGenerator<Uint8Array> {
  const { header, method, salt, commitment } = await readHeader(file);
  if (method !== secret.kind)
    throw new BackupError('wrong_key', `the backup is encrypted with a ${method}, not with a ${secret.kind}`);
  const keys = await keysOf(secret, salt, methods[method]);
  if (!timingSafeEqual(keys.commitment, commitment))
    throw new BackupError('wrong_key', `this is not the ${method} that the backup was made with`);
  const { size } = await file.stat();
  const sealed = Buffer.alloc(chunkLength + tagLength);
  let position = headerLength;
  for (let chunk = 0; position < size || chunk === 0; chunk += 1) {
    const length = await readFully(file, sealed, position);
    position += length;
    const place = position >= size ? 'last' : 'more follow';
    yield opened({ header, key: keys.key }, sealed.subarray(0, length), chunk, place);
  }
}

type Place = 'last' | 'more follow';

function opened({ header, key }: FileKey, sealed: Uint8Array, chunk: number, place: Place): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(chunk, place), { authTagLength: tagLength });
    decipher.setAAD(header).setAuthTag(sealed.subarray(-tagLength));
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagLength)), decipher.final()]);
  } catch {
    throw damaged(place === 'last' ? 'it was cut off, or changed near its end' : `chunk ${chunk} was changed or moved`);
  }
}

function nonceOf(chunk: number, place: Place): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(chunk, 5, 6);
  nonce[11] = place === 'last' ? 1 : 0;
  return nonce;
}

async function readHeader(file: FileHandle) {
  const header = Buffer.alloc(headerLength);
  const length = await readFully(file, header, 0);
  if (!header.subarray(0, magic.length).equals(magic))
    throw new BackupError('no_backup', 'this is no Portcullis backup');
  if (header[magic.length] !== version)
    throw new BackupError(
      'unsupported',
      'the backup was made by a later version of Portcullis: restore it with that one',
    );
  const method = (Object.keys(methods) as BackupMethod[]).find((name) => methods[name] === header[magic.length + 1]);
  if (length < headerLength || method === undefined) throw damaged('its header is not whole');
  const salt = header.subarray(magic.length + 2, magic.length + 2 + saltLength);
  return { header, method, salt, commitment: header.subarray(-commitmentLength) };
}

async function readFully(file: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** GCM commits to no key: without the commitment, one file could be opened with several passphrases. */
async function keysOf(secret: BackupSecret, salt: Uint8Array, method: number) {
  const input = secret.kind === 'key file' ? secret.key : await stretched(secret.passphrase, salt);
  const derived = Buffer.from(hkdfSync('sha256', input, salt, `portcullis backup ${version} ${method}`, 64));
  return { key: derived.subarray(0, 32), commitment: derived.subarray(32) };
}

function stretched(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, 32, scryptCost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function damaged(how: string): BackupError {
  return new BackupError('damaged', `the backup is damaged: ${how}`);
}
