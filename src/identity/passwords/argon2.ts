import { argon2, timingSafeEqual } from 'node:crypto';

/** The cost of one hash. @see RFC 9106 §4 */
export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** A parsed password hash. */
export interface Argon2Hash extends Argon2Cost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const hashLength = 32;
const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Runs argon2id off the main thread. */
export function argon2id(password: string, salt: Uint8Array, cost: Argon2Cost, length = hashLength): Promise<Buffer> {
  const parameters = {
    message: password,
    nonce: salt,
    memory: cost.memoryKiB,
    passes: cost.passes,
    parallelism: cost.parallelism,
    tagLength: length,
  };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

/** Writes a hash in the PHC string format: the algorithm and its cost travel with it. */
export function formatHash({ memoryKiB, passes, parallelism, salt, hash }: Argon2Hash): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Reads the PHC string format; `undefined` for anything but argon2id version 19. */
export function parseHash(stored: string): Argon2Hash | undefined {
  const [, memory, passes, parallelism, salt, hash] = phc.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  return {
    memoryKiB: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** Compares two hashes in constant time. */
export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
