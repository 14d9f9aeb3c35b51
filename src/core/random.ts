import { randomBytes, randomFillSync } from 'node:crypto';

/** Where every random value in Portcullis comes from. */
export interface Random {
  bytes(length: number): Uint8Array;
}

/** Whatever is longer is drawn by itself. */
const longestShared = 64;

/**
 * The operating system's generator as OpenSSL seeds it, drawn a kilobyte at a time, which costs as much as 16 bytes. Each
 * byte is handed out once and then wiped here; threads and processes draw their own.
 */
class SystemRandom implements Random {
  readonly #drawn = new Uint8Array(1024);
  #used = this.#drawn.length;

  /** @throws RangeError where the length is negative or no number */
  bytes(length: number): Uint8Array {
    if (!Number.isSafeInteger(length) || length < 0 || length > longestShared) return randomBytes(length);
    if (this.#used + length > this.#drawn.length) {
      randomFillSync(this.#drawn);
      this.#used = 0;
    }
    const bytes = this.#drawn.slice(this.#used, this.#used + length);
    this.#drawn.fill(0, this.#used, this.#used + length);
    this.#used += length;
    return bytes;
  }
}

export const systemRandom: Random = new SystemRandom();

/** A secret of 256 random bits in 43 base64url characters: codes, tokens, session ids, client secrets. */
export function randomSecret(random: Random): string {
  return base64url(random.bytes(32));
}

/** An identifier of 128 random bits in 22 base64url characters: unique, not secret. */
export function randomId(random: Random): string {
  return base64url(random.bytes(16));
}

/**
 * An identifier of 128 random bits after its time in nine characters, so that rows that are made, used and removed
 * together stand together in every index, and a durable commit writes fewer pages of it. Unique, not secret.
 * @param now milliseconds since the epoch
 */
export function timeOrderedId(random: Random, now: number): string {
  return `${now.toString(36).padStart(9, '0')}${randomId(random)}`;
}

function base64url({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64url');
}
